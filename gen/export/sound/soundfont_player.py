"""A process of its own: a MIDI file on standard input, a SoundFont by its path, `.wav` on standard output.

A damaged SoundFont makes the library print what only its makers understand and end, or never end.
"""

import sys
from pathlib import Path


def main() -> None:
    """Play what comes in."""
    import midirenderer

    soundfont = Path(sys.argv[1]).read_bytes()
    sys.stdout.buffer.write(midirenderer.render_wave_from(soundfont, sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
