"""Every piece of every named corpus of music: is `decode(encode(piece))` the piece, and what is lost?

    python scripts/check_corpora.py --json benchmarks/round_trips.json

A piece comes back exactly where the tokenizer counts no loss for it; in any case it must come back as what
the tokenizer says that it keeps. Fails where one does not.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from machine import machine

from gen.corpus.locate import locate
from gen.corpus.music import MusicParts
from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.tokenizer.notes import NotesTokenizer


def check(corpus: str) -> dict[str, Any]:
    """Encode and decode every piece with the vocabulary of the whole corpus."""
    # as its own validation part nothing is held out, and nothing that is there twice is dropped
    files = locate(corpus).files
    pieces = list(MusicParts(files, files).read()[0])
    tokenizer = NotesTokenizer.learn(pieces)
    losses: Counter[str] = Counter()
    exact = kept = tokens = 0
    for piece in pieces:
        ids = tokenizer.encode(piece)
        decoded = tokenizer.decode(ids)
        exact += decoded == piece
        lost = tokenizer.losses(piece)
        losses += lost
        # the parts' order is told as a loss too, and is none of the music
        kept += decoded == (tokenizer.on_grid(piece) if lost else piece)
        tokens += len(ids)
    return {
        "corpus": corpus,
        "pieces": len(pieces),
        "exact": exact,
        "as_the_tokenizer_says": kept,
        "losses": dict(losses),
        "notes": sum(len(piece.notes) for piece in pieces),
        "tokens": tokens,
        "vocabulary": len(tokenizer.tokens),
        "velocity": tokenizer.velocity,
        "melody": tokenizer.melody,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", nargs="*", default=list(MUSIC21_CORPORA))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows = []
    for corpus in arguments.corpora:
        rows.append(check(corpus))
        print(rows[-1], flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")
    sys.exit(0 if all(row["as_the_tokenizer_says"] == row["pieces"] for row in rows) else 1)


if __name__ == "__main__":
    main()
