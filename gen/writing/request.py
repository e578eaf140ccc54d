"""What the user asked of a sample, whatever kind of model is to write it."""

from dataclasses import dataclass, fields

from gen.errors import GenError
from gen.sampler.choose import Choices

# options whose names are not those of their fields
_FLAGS = {"pitch_range": "--range", "picture": "--as"}


@dataclass(frozen=True)
class Request:
    """The options of `gen sample`; None where nothing was given.

    Attributes:
        choices: How to choose.
        prompt: What to go on from, as it was typed.
        length: Characters of text, tokens of music.
        count: How many to write.
        seed: Number k draws from the generator (seed, k).
        out: A file, or `-` for the terminal.
        picture: `roll` or `score`, where the file is a picture.
        soundfont: A SoundFont's path, where the file is sound.
        bars: How many bars.
        key: Such as `Em`.
        metre: Such as `3/4`.
        tempo: Quarter notes a minute.
        program: General MIDI program of the first part, counted from 0.
        pitch_range: The lowest and the highest pitch, as MIDI numbers.
    """

    choices: Choices
    prompt: str = ""
    length: int | None = None
    count: int = 1
    seed: int = 0
    out: str | None = None
    picture: str | None = None
    soundfont: str | None = None
    bars: int | None = None
    key: str | None = None
    metre: str | None = None
    tempo: int | None = None
    program: int | None = None
    pitch_range: tuple[int, int] | None = None

    def refuse(self, names: tuple[str, ...], why: str) -> None:
        """Refuse options that do not go together with the rest.

        Raises:
            GenError: One of them was given.
        """
        for field in fields(self):
            if field.name in names and getattr(self, field.name) is not None:
                flag = _FLAGS.get(field.name, f"--{field.name}")
                raise GenError(f"{flag} {why}.", f"Leave {flag} out.")
