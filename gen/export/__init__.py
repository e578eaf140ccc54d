"""From what a model writes, or the model itself, to files that other programs open."""
