"""The commands, a file each: wiring, no logic. `gen.cli` loads the one that is called."""
