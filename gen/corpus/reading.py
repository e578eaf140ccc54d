"""One file of music to its pieces, whatever its format; run in a worker that may be killed."""

from pathlib import Path

from gen.corpus.piece import Piece, UnreadableError, refuse_too_large

MIDI_ENDINGS = frozenset({".mid", ".midi", ".kar"})
NOTATION_ENDINGS = frozenset({".musicxml", ".xml", ".mxl", ".abc", ".krn"})


def read_pieces(path: Path) -> tuple[tuple[Piece, ...], tuple[str, ...]]:
    """The pieces in a file, one at least, and which of its tunes were refused, `tune N (title): reason`.

    Only an ABC file may hold more than one piece, and only there can one be refused beside others.

    Raises:
        UnreadableError: There is no music in it that can be used; says why in one line.
        OSError: The file cannot be read.
    """
    refuse_too_large(path.stat().st_size)
    content = path.read_bytes()
    if path.suffix.lower() in MIDI_ENDINGS or content.startswith(b"MThd"):
        from gen.corpus.midi import read_midi

        return (read_midi(content),), ()
    if path.suffix.lower() not in NOTATION_ENDINGS:
        endings = ", ".join(sorted(MIDI_ENDINGS | NOTATION_ENDINGS))
        raise UnreadableError(f"has none of the endings that music has: {endings}")
    from gen.corpus.notation import read_notation

    notated = read_notation(content, path.suffix.lower())
    return notated.pieces, notated.refused
