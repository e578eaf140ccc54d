"""`gen eval`: measure how well a model predicts a text or music."""

import json
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.errors import CorpusError, TokenizerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gen.checkpoint import Model
    from gen.dataset.token_file import TokenFile
    from gen.evaluation.passes import Score
    from gen.tokenizer.base import Tokenizer


@click.command("eval")
@click.argument("model", type=click.Path(path_type=Path), metavar="MODEL-or-RUN_DIR")
@click.option("--corpus", metavar="PATH-or-NAME", help="Read whole, never split; else what the run held out.")
@click.option("--encoding", help="Of the corpus, where it is not UTF-8 or marked UTF-16 or UTF-32.")
@click.option("--skip-unseen", is_flag=True, help="Leave out, and count, what the model never saw.")
@click.option("--dynamic", is_flag=True, help="Go on learning from what has been read.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    model: Path, corpus: str | None, encoding: str | None, skip_unseen: bool, dynamic: bool, as_json: bool
) -> None:
    """Measure how well a model predicts a corpus: one full pass, every character or note once."""
    from gen.checkpoint import find_model, load_model
    from gen.kinds import tokenizer_of

    path = find_model(model)
    opened = load_model(path)
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    unseen: Counter[str] = Counter()
    if corpus is None:
        from gen.training.resuming import held_out_of_run

        ids = held_out_of_run(path.parent, opened)
        facts = _facts(_score(opened, ids, dynamic), ids, tokenizer)
    else:
        with _encoded(corpus, encoding, tokenizer, opened, unseen if skip_unseen else None) as ids:
            facts = _facts(_score(opened, ids, dynamic), ids, tokenizer)
    facts |= {"model": str(path), "corpus": corpus, "dynamic": dynamic}
    if skip_unseen:
        what = "characters" if opened.kind == "text" else "tokens"
        facts |= {f"skipped_{what}": unseen.total(), "skipped_distinct": len(unseen)}
    if as_json:
        click.echo(json.dumps(facts))
        return
    facts["corpus"] = corpus or "what the run held out"
    for name, value in facts.items():
        click.echo(f"{name:<20} {f'{value:,.4f}' if isinstance(value, float) else value}")


@contextmanager
def _encoded(
    corpus: str,
    encoding: str | None,
    tokenizer: "Tokenizer[Any]",
    model: "Model",
    unseen: Counter[str] | None,
) -> "Iterator[TokenFile]":
    from gen.corpus.locate import locate
    from gen.dataset.prepare import encoded_whole

    located = locate(corpus, encoding, tokenizer.name)
    if located.kind != model.kind:
        raise CorpusError(
            f"{corpus} is {located.kind}, and the model writes {model.kind}.", "Name a corpus of that kind."
        )
    if located.validation is not None:
        raise CorpusError(
            f"{corpus} is split, and a text is measured whole.",
            f"Name one part of it: {Path(corpus) / 'test'}",
        )
    for note in located.notes:
        click.echo(note, err=True)
    try:
        with encoded_whole(located.files, encoding, tokenizer, model.kind, unseen) as encoded:
            for note in encoded.notes:
                click.echo(note, err=True)
            yield encoded.file
    except TokenizerError as error:
        raise TokenizerError(error.problem, "Leave out and count such with --skip-unseen.") from error


def _score(model: "Model", ids: "TokenFile", dynamic: bool) -> "Score":
    from gen.model.backend import cores, quiet_import_for_parts

    parts = cores()
    quiet_import_for_parts(parts)
    from tqdm import tqdm

    from gen.evaluation.dynamic import dynamic_scores
    from gen.evaluation.passes import Evaluator, total
    from gen.model.network import Network

    network = Network(model.config)
    network.assign(model.weights)
    scores = (
        dynamic_scores(network, ids, parts) if dynamic else Evaluator(network, parts).score_by_window(ids)
    )
    with tqdm(total=ids.predictions, unit="token", unit_scale=True, leave=False) as bar:
        return total(_shown(scores, bar))


def _shown(scores: "Iterator[Score]", bar: Any) -> "Iterator[Score]":
    for score in scores:
        bar.update(score.tokens)
        yield score


def _facts(score: "Score", ids: "TokenFile", tokenizer: "Tokenizer[Any]") -> dict[str, Any]:
    from gen.evaluation.units import measures, predicted_units

    units = predicted_units(ids, tokenizer)
    return {
        "tokens": score.tokens,
        **{f"{name}s": number for name, number in units.items()},
        "nats_total": score.nats,
        "nats_per_token": score.nats_per_token,
        "bits_per_token": score.bits_per_token,
        **measures(tokenizer, score.nats, units),
        "perplexity": score.perplexity,
    }
