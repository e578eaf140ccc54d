"""`gen export`: write a model in another format."""

import json
from pathlib import Path

import click

from gen.errors import GenError


@click.command("export")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL-or-RUN_DIR")
@click.option("--to", type=click.Choice(["keras"]), required=True, help="The format.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write it."
)
def command(model: Path, to: str, out: Path) -> None:
    """Write a model in another format: standard Keras layers, for where gen is not installed."""
    from gen.checkpoint import find_model, load_model
    from gen.files import write_atomically, writing_out
    from gen.kinds import tokenizer_of

    opened = load_model(find_model(model))
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    if out.suffix != f".{to}":
        raise GenError(f"A file for {to} cannot be called {out.name!r}.", f"Give --out a name in .{to}.")
    from gen.model.backend import quiet_import

    quiet_import()
    from gen.export.keras_model import export_keras

    vocabulary = out.with_suffix(".vocabulary.json")
    with writing_out(out):
        export_keras(opened.config, opened.weights, out)
        write_atomically(vocabulary, json.dumps(tokenizer.tokens, ensure_ascii=False).encode())
    click.echo(f"{out}: ids (N, T) in, logits (N, T, {opened.config.vocabulary_size}) out")
    click.echo(f"{vocabulary}: the token of each id")
