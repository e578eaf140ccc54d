"""`gen sample`: write new text with a trained model, in NumPy alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.parameters import Real, Temperature

if TYPE_CHECKING:
    from gen.tokenizer.base import Tokenizer

DEFAULT_LENGTH = 500
NAMED = 10


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
    "--length", type=click.IntRange(0), default=DEFAULT_LENGTH, show_default=True, help="New characters."
)
@click.option(
    "--prompt", default="", metavar="TEXT-or-@FILE", help="What to go on from; printed first, not counted."
)
@click.option("--top-k", type=click.IntRange(1), help="Draw among the K likeliest only.")
@click.option("--top-p", type=Real(0, 1), help="Draw among the likeliest that share P of the probability.")
@click.option(
    "--min-p",
    type=Real(0, 1),
    help="Draw among those at least P times as likely as the likeliest.",
)
@click.option(
    "--count", type=click.IntRange(1), default=1, show_default=True, help="How many texts, written at once."
)
@click.option(
    "--seed",
    type=click.IntRange(0, (1 << 63) - 1),
    default=0,
    show_default=True,
    help="Another seed, another text.",
)
@click.option(
    "--out", metavar="FILE", help="A .txt file; `-` or nothing is the terminal. With --count: FILE-1.txt …"
)
def command(
    model: Path | None,
    temperature: tuple[float, float],
    length: int,
    prompt: str,
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    count: int,
    seed: int,
    out: str | None,
) -> None:
    """Write new text with a model file, the best model of a run, or the newest run under checkpoints/."""
    from gen.checkpoint import find_model, load_model
    from gen.export.text import TextOutput
    from gen.kinds import KINDS, tokenizer_of
    from gen.sampler.choose import Choices
    from gen.sampler.forward import Network

    output = TextOutput(out, count)
    opened = load_model(find_model(model))
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    text = _sayable(_read_prompt(prompt), tokenizer)
    pieces = KINDS[opened.kind].write(
        Network(opened.config, opened.weights),
        tokenizer,
        text,
        Choices(temperature, top_k, top_p, min_p),
        length=length,
        count=count,
        seed=seed,
    )
    output.write(text, pieces)


def _read_prompt(prompt: str) -> str:
    if not prompt.startswith("@"):
        return prompt
    from gen.corpus.locate import locate
    from gen.corpus.text import iterate_text

    return "".join(iterate_text(locate(prompt[1:]).files))


def _sayable(prompt: str, tokenizer: "Tokenizer[Any]") -> str:
    """The prompt less what the vocabulary has no token for, which is named."""
    unseen = tokenizer.unseen(prompt)
    if not unseen:
        return prompt
    named = ", ".join(map(repr, list(unseen)[:NAMED]))
    more = f" and {len(unseen) - NAMED} more" if len(unseen) > NAMED else ""
    click.echo(f"Left out of the prompt, for the model never saw them: {named}{more}", err=True)
    return str(tokenizer.without_unseen(prompt))
