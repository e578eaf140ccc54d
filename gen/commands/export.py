"""`gen export`: write a model in another format."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from gen.errors import GenError

if TYPE_CHECKING:
    from gen.checkpoint import Model


class _Format(NamedTuple):
    ending: str
    write: "Callable[[Model, Path], None]"


@click.command("export")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL-or-RUN_DIR")
@click.option("--to", type=click.Choice(["keras", "half"]), required=True, help="The format.")
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write it."
)
def command(model: Path, to: str, out: Path) -> None:
    """Write a model in another format.

    `keras`: standard Keras layers, for where gen is not installed. `half`: a model file with weights of half
    the width, which takes half the place.
    """
    from gen.checkpoint import find_model, load_model
    from gen.files import writing_out

    path = find_model(model)
    opened = load_model(path)
    wanted = _FORMATS[to]
    if out.suffix != wanted.ending:
        raise GenError(
            f"A file for {to} cannot be called {out.name!r}.", f"Give --out a name in {wanted.ending}."
        )
    if out.exists() and out.samefile(path):
        raise GenError(f"{path} would be written over itself.", "Give --out another name.")
    with writing_out(out):
        wanted.write(opened, out)


def _write_keras(model: "Model", out: Path) -> None:
    from gen.files import replacing
    from gen.kinds import tokenizer_of
    from gen.model.backend import quiet_import

    tokens = tokenizer_of(model.kind, model.tokenizer).tokens
    quiet_import()
    from gen.export.keras_model import export_keras

    vocabulary = out.with_suffix(".vocabulary.json")
    with replacing(vocabulary) as temporary:  # where one of the two cannot be written, neither is
        temporary.write_bytes(json.dumps(tokens, ensure_ascii=False).encode())
        export_keras(model.config, model.weights, out)
    click.echo(f"{out}: ids (N, T) in, logits (N, T, {model.config.vocabulary_size}) out")
    click.echo(f"{vocabulary}: the token of each id")


def _write_half(model: "Model", out: Path) -> None:
    from gen.checkpoint import save_model

    save_model(out, replace(model, dtype="float16"))
    click.echo(f"{out}: {out.stat().st_size:,} bytes, weights in float16")


_FORMATS = {"keras": _Format(".keras", _write_keras), "half": _Format(".safetensors", _write_half)}
