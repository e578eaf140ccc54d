"""`gen inspect`: what goes on inside a cell while a model reads a text or a piece of music."""

import json
from pathlib import Path

import click

from gen.streams import tell


@click.command("inspect")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL-or-RUN_DIR")
@click.option(
    "--prompt",
    required=True,
    metavar="TEXT-or-@FILE",
    help="What to read; for music a file of music. Of a long one the beginning.",
)
@click.option("--layer", type=click.IntRange(0), help="As the model file counts, from 0; else the last one.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A page to look around in, .html; a picture, .png; all numbers for NumPy, .npz.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(model: Path, prompt: str, layer: int | None, out: Path | None, as_json: bool) -> None:
    """Look inside a cell while it reads: gates, memory, surprise, what units track, how gradients fade."""
    from gen.checkpoint import find_model, load_model, shown_name
    from gen.export.text import print_text
    from gen.inspection.findings import look_inside
    from gen.inspection.output import Output
    from gen.inspection.summary import summary
    from gen.kinds import kind_named, tokenizer_of

    output = None if out is None else Output(out)
    path = find_model(model)
    opened = load_model(path)
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    passage = kind_named(opened.kind).passage(prompt, tokenizer, tell)
    findings = look_inside(
        shown_name(path), opened.corpus, opened.config, opened.weights, tokenizer.tokens, passage, layer
    )
    if output is not None:
        output.write(findings)
        tell(f"Wrote {out}")
    if as_json:
        click.echo(json.dumps(findings.to_json()))
    elif output is None:
        print_text("".join(f"{line}\n" for line in summary(findings)))
