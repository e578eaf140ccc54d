"""`gen eval`: measure how well a model predicts a text."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.errors import TokenizerError

if TYPE_CHECKING:
    from gen.checkpoint import Model
    from gen.dataset import TokenFile
    from gen.evaluation.passes import Score
    from gen.tokenizer.base import Tokenizer


@click.command("eval")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL-or-RUN_DIR")
@click.option("--corpus", metavar="PATH-or-NAME", help="Read whole, never split; else what the run held out.")
@click.option("--encoding", help="Of the corpus, where it is not UTF-8 or marked UTF-16 or UTF-32.")
@click.option(
    "--skip-unseen", is_flag=True, help="Leave out, and count, characters that the model never saw."
)
@click.option("--dynamic", is_flag=True, help="Go on learning from what has been read.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    model: Path, corpus: str | None, encoding: str | None, skip_unseen: bool, dynamic: bool, as_json: bool
) -> None:
    """Measure how well a model predicts a text: one full pass, every character once."""
    from gen.checkpoint import find_model, load_model
    from gen.kinds import tokenizer_of

    path = find_model(model)
    opened = load_model(path)
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    unseen: Counter[str] = Counter()
    if corpus is None:
        from gen.training.setup import held_out_of_run

        ids = held_out_of_run(path.parent)
    else:
        from gen.corpus.locate import locate
        from gen.dataset import encode_whole

        located = locate(corpus, encoding)
        files = (*located.files, *(located.validation or ()))
        try:
            ids = encode_whole(files, encoding, tokenizer, opened.kind, unseen if skip_unseen else None)
        except TokenizerError as error:
            raise TokenizerError(error.problem, "Leave out and count such with --skip-unseen.") from error
    facts = _facts(_score(opened, ids, dynamic), ids, tokenizer)
    facts |= {"model": str(path), "corpus": corpus, "dynamic": dynamic}
    if skip_unseen:
        facts |= {"skipped_characters": unseen.total(), "skipped_distinct": len(unseen)}
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name:<20} {f'{value:,.4f}' if isinstance(value, float) else value}")


def _score(model: "Model", ids: "TokenFile", dynamic: bool) -> "Score":
    from gen.model.backend import quiet_import
    from gen.training.plan import cores

    parts = cores()
    quiet_import(*((1, parts) if parts > 1 else (None, None)))
    from gen.evaluation.dynamic import dynamic_score
    from gen.evaluation.passes import Evaluator
    from gen.model.network import Network

    network = Network(model.config)
    network.assign(model.weights)
    return dynamic_score(network, ids, parts) if dynamic else Evaluator(network, parts).score(ids)


def _facts(score: "Score", ids: "TokenFile", tokenizer: "Tokenizer[Any]") -> dict[str, Any]:
    from gen.evaluation.units import bits, predicted_characters

    characters = predicted_characters(ids, tokenizer)
    return {
        "tokens": score.tokens,
        "characters": characters,
        "nats_total": score.nats,
        "nats_per_token": score.nats_per_token,
        "bits_per_token": score.bits_per_token,
        "bits_per_character": bits(score.tokens / max(1, characters), score.nats_per_token),
        "perplexity": score.perplexity,
    }
