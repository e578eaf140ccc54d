"""`gen sample`: write new text or music with a trained model, in NumPy alone."""

from pathlib import Path
from typing import Any

import click

from gen.parameters import PICTURES, PitchRange, Real, Temperature
from gen.streams import tell

MOST_AT_ONCE = 10_000


@click.command("sample")
@click.argument("model", required=False, type=click.Path(path_type=Path), metavar="[MODEL-or-RUN_DIR]")
@click.option(
    "--temperature",
    type=Temperature(),
    default="0.8",
    show_default=True,
    help="Below 1 safer, above 1 wilder, 0 the likeliest; X:Y changes over the text.",
)
@click.option(
    "--length",
    type=click.IntRange(0, 1 << 40),
    help="New characters, 500 if not given; of music, tokens at the most.",
)
@click.option("--bars", type=click.IntRange(1, 4096), help="Music: exactly so many new bars.")
@click.option(
    "--prompt",
    default="",
    metavar="TEXT-or-@FILE",
    help="What to go on from, not counted; for music a file of music.",
)
@click.option("--top-k", type=click.IntRange(1), help="Draw among the K likeliest only.")
@click.option("--top-p", type=Real(0, 1), help="Draw among the likeliest that share P of the probability.")
@click.option(
    "--min-p",
    type=Real(0, 1),
    help="Draw among those at least P times as likely as the likeliest.",
)
@click.option(
    "--count",
    type=click.IntRange(1, MOST_AT_ONCE),
    default=1,
    show_default=True,
    help="How many, written at once.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 63) - 1),
    default=0,
    show_default=True,
    help="Another seed, another text or tune.",
)
@click.option("--key", help="Music: such as G, Em or Ador.")
@click.option("--metre", help="Music: such as 3/4.")
@click.option("--tempo", type=click.IntRange(1, 1000), help="Music: quarter notes a minute.")
@click.option("--program", type=click.IntRange(0, 127), help="Music: the General MIDI instrument, from 0.")
@click.option(
    "--range", "pitch_range", type=PitchRange(), help="Music: lowest and highest pitch, such as C4-C6."
)
@click.option(
    "--out",
    metavar="FILE",
    help="Text: .txt; music: .mid, .musicxml, .abc, .wav, .png, .svg; `-` or nothing is the terminal. "
    "With --count: FILE-1 …",
)
@click.option("--as", "picture", type=click.Choice(PICTURES), help="A picture: piano roll or engraved score.")
@click.option("--soundfont", metavar="FILE", help="Sound: play with the instruments of a .sf2.")
def command(
    model: Path | None,
    temperature: tuple[float, float],
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    **asked: Any,
) -> None:
    """Write with a model file, the best model of a run, or the newest run under checkpoints/."""
    from gen.checkpoint import find_model, load_model
    from gen.files import sha256_of_file
    from gen.kinds import kind_named, tokenizer_of
    from gen.sampler.choose import Choices
    from gen.sampler.forward import Network
    from gen.writing.request import Request

    path = find_model(model)
    opened = load_model(path)
    about = {"model": str(path), "sha256": sha256_of_file(path), "corpus": opened.corpus}
    request = Request(Choices(temperature, top_k, top_p, min_p), **asked)
    kind_named(opened.kind).sample(
        Network(opened.config, opened.weights),
        tokenizer_of(opened.kind, opened.tokenizer),
        request,
        about,
        tell,
    )
