"""`gen info`: what a model is and what it learned from."""

import json
from pathlib import Path
from typing import Any

import click


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
        "model": opened.config.to_json(),
        "tokenizer": {"name": tokenizer.name, "version": tokenizer.version},
        "training": opened.training,
    }
    if as_json:
        click.echo(json.dumps({**facts, "vocabulary": list(tokenizer.tokens)}))
        return
    for name, value in _lines(facts):
        click.echo(f"{name:<12} {value}")


def _lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    corpus, model, training = facts["corpus"], facts["model"], facts["training"]
    trained = training.get("config", {})
    return [
        ("file", f"{facts['file']} ({facts['bytes']:,} bytes)"),
        ("kind", f"{facts['kind']}, tokens are {facts['tokenizer']['name']}"),
        ("corpus", f"{corpus.get('name', 'unknown')}, {corpus.get('training_tokens', 0):,} tokens"),
        ("licence", corpus.get("licence") or "not stated: ask whoever owns the corpus"),
        ("network", f"embedding {model['embedding_size']}, {model['layers']} x {model['units']} units"),
        ("vocabulary", f"{model['vocabulary_size']} tokens"),
        ("parameters", f"{facts['parameters']:,}"),
        (
            "trained",
            f"{training.get('step', 0):,} of {trained.get('steps', 0):,} steps, "
            f"{trained.get('precision', 'unknown precision')}",
        ),
        (
            "validation",
            f"{training.get('validation_nats_per_token', float('nan')):.4f} nats a token, "
            f"{training.get('validation_bits_per_character', float('nan')):.3f} bits a character, "
            f"over {training.get('validation_tokens', 0):,} tokens",
        ),
    ]
