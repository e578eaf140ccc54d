"""`gen info`: what a model is and what it learned from."""

import json
from pathlib import Path
from typing import Any

import click

from gen.streams import one_line

LARGEST = 1e18


@click.command("info")
@click.argument("model", required=False, type=click.Path(path_type=Path), metavar="[MODEL-or-RUN_DIR]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(model: Path | None, as_json: bool) -> None:
    """Show what a model is, what it learned from, its licence, sizes and validation result."""
    from gen.checkpoint import find_model, load_model
    from gen.kinds import tokenizer_of

    path = find_model(model)
    opened = load_model(path)
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    facts: dict[str, Any] = {
        "file": str(path),
        "bytes": path.stat().st_size,
        "kind": opened.kind,
        "corpus": opened.corpus,
        "parameters": opened.config.parameters(),
        "dtype": opened.dtype,
        "model": opened.config.to_json(),
        "tokenizer": {
            "name": tokenizer.name,
            "version": tokenizer.version,
            "measures": list(tokenizer.measures),
        },
        "training": opened.training,
    }
    if as_json:
        click.echo(json.dumps({**facts, "vocabulary": list(tokenizer.tokens)}))
        return
    for name, value in _lines(facts):
        click.echo(f"{name:<12} {one_line(value)}")


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    corpus, model, training = facts["corpus"], facts["model"], facts["training"]
    trained = training["config"] if isinstance(training.get("config"), dict) else {}
    return [
        ("file", f"{facts['file']} ({facts['bytes']:,} bytes)"),
        ("kind", f"{facts['kind']}, tokens are {facts['tokenizer']['name']}"),
        ("corpus", f"{_words(corpus, 'name')}, {_number(corpus, 'training_tokens', ',')} tokens"),
        ("licence", _words(corpus, "licence", "not stated: ask whoever owns the corpus")),
        ("network", f"embedding {model['embedding_size']}, {model['layers']} x {model['units']} units"),
        ("vocabulary", f"{model['vocabulary_size']} tokens"),
        ("parameters", f"{facts['parameters']:,} in {facts['dtype']}"),
        (
            "trained",
            f"{_number(training, 'step', ',')} of {_number(trained, 'steps', ',')} steps, "
            f"{_words(trained, 'precision', 'unknown precision')}{_wider(trained)}",
        ),
        (
            "validation",
            f"{_number(training, 'validation_nats_per_token', '.4f')} nats a token, "
            + "".join(f"{_number(training, name, '.3f')} {words}, " for name, words in _measures(facts))
            + f"over {_number(training, 'validation_tokens', ',')} tokens",
        ),
        ("verdict", _words(training, "verdict", "not known")),
    ]


def _wider(trained: dict[str, Any]) -> str:
    """What rounded factors were multiplied in, where that is another dtype."""
    products = _words(trained, "products", "")
    return f" multiplied in {products}" if products not in ("", trained.get("precision")) else ""


def _measures(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What the tokenizer measures, by its name in the file and in words."""
    return [(f"validation_{name}", name.replace("_per_", " a ")) for name in facts["tokenizer"]["measures"]]


def _number(facts: dict[str, Any], name: str, form: str) -> str:
    """A number that a file claims, none of which is below zero; a file can claim anything."""
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LARGEST:
        return "unknown"
    return format(value, form)


def _words(facts: dict[str, Any], name: str, otherwise: str = "unknown") -> str:
    """Words that a file claims."""
    value = facts.get(name)
    return value if isinstance(value, str) and value else otherwise
