"""Music to files and back: what is downloaded, and what is uploaded to go on from."""

from collections.abc import Iterator, Mapping
from typing import Any

from gen.errors import GenError
from gen.export.score_formats import Manner, write_score
from gen.export.sound.mixing import length_s
from gen.files import iterate_chunks
from gen.pages.music_json import music_json, score_from_json
from gen.score import Score
from gen.web.answers import packed
from gen.web.ending import folder
from gen.web.fields import parsed

FORMATS = {
    "mid": "audio/midi",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "abc": "text/vnd.abc",
    "wav": "audio/wav",
}
ENDINGS = ("mid", "midi", "kar", "musicxml", "xml", "mxl", "abc", "krn")
MOST_SOUND_MINUTES = 10
MOST_PIECES = 50_000


class Download:
    """A file made of music that was sent.

    Args:
        file_format: One of `FORMATS`.
        body: The music, as JSON.

    Attributes:
        headers: What is known of the file once it has begun.
    """

    def __init__(self, file_format: str, body: bytes) -> None:
        self._format, self._body = file_format, body
        self.headers: Mapping[str, str] = {}

    def parts(self) -> Iterator[bytes]:
        """The bytes of the file.

        Raises:
            GenError: From the iterator: it is no music, or not for this format.
        """
        score = score_from_json(parsed(self._body))
        yield b""
        _require_writable(score, self._format)
        with folder() as made_in:
            path = made_in / f"tune.{self._format}"
            write_score(score, path, Manner())
            self.headers = {
                "Content-Length": str(path.stat().st_size),
                "Content-Disposition": f'attachment; filename="tune.{self._format}"',
            }
            with path.open("rb") as file:
                yield from iterate_chunks(file)


def upload_answer(content: bytes, ending: str, number: int) -> Iterator[bytes]:
    """The music in a file that was sent.

    Args:
        content: The file's.
        ending: One of `ENDINGS`.
        number: Which of its pieces, from 1.

    Raises:
        GenError: From the iterator: there is no such piece, or it cannot be read.
    """
    # what reads files of music is heavy, and most pages need none of it
    from gen.corpus.library import read_alone

    with folder() as read_in:
        path = read_in / f"upload.{ending}"
        path.write_bytes(content)
        reading = read_alone(path)
    if reading.reason is not None:
        raise GenError(f"The file {reading.reason}.", "Send another file of music.")
    if number > len(reading.pieces):
        raise GenError(f"The file has no piece {number}.", f"It has {len(reading.pieces)}; the first is 1.")
    piece = reading.pieces[number - 1]
    if not len(piece.score.notes):
        raise GenError("There are no notes in the file.", "Send another file of music.")
    answer: dict[str, Any] = {
        "music": music_json(piece.score),
        "title": piece.title,
        "pieces": len(reading.pieces),
        "moved_notes": piece.moved,
        "is_melody": piece.score.is_pitched_melody,
    }
    yield packed(answer)


def _require_writable(score: Score, file_format: str) -> None:
    if not len(score.notes):
        raise GenError("There are no notes in the music.", "Send music that has some.")
    if file_format == "abc" and not score.is_pitched_melody:
        raise GenError("ABC is for melodies, and this has several notes at once.", "Ask for mid or musicxml.")
    if file_format == "wav" and length_s(score) > 60 * MOST_SOUND_MINUTES:
        raise GenError(
            f"The music lasts longer than {MOST_SOUND_MINUTES} minutes.",
            "Send a part of it, or write it as MIDI and play it with gen render.",
        )
