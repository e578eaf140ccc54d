"""`gen eval`: measure how well a model predicts a text or music."""

import json
import shlex
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.errors import CorpusError, TokenizerError
from gen.streams import one_line, tell

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
@click.option("--dynamic", is_flag=True, help="Also measure it going on learning from what it has read.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    model: Path, corpus: str | None, encoding: str | None, skip_unseen: bool, dynamic: bool, as_json: bool
) -> None:
    """Measure how well a model predicts a corpus: one full pass, every character or note once."""
    from gen.checkpoint import find_model, load_model
    from gen.dataset.manifest import is_prepared
    from gen.kinds import tokenizer_of

    path = find_model(model)
    opened = load_model(path)
    tokenizer = tokenizer_of(opened.kind, opened.tokenizer)
    unseen: Counter[str] = Counter()
    if corpus is None:
        from gen.training.resuming import held_out_of_run

        ids = held_out_of_run(path.parent, opened, tell)
        facts = _facts(opened, ids, tokenizer, dynamic, path)
    elif is_prepared(Path(corpus)):
        ids = _of_shards(corpus, encoding, tokenizer, opened, path)
        facts = _facts(opened, ids, tokenizer, dynamic, path)
    else:
        with _encoded(corpus, encoding, tokenizer, opened, unseen if skip_unseen else None) as ids:
            facts = _facts(opened, ids, tokenizer, dynamic, path)
    facts |= {"model": str(path), "corpus": corpus, "dynamic": dynamic}
    if skip_unseen:
        what = "characters" if opened.kind == "text" else "tokens"
        facts |= {f"skipped_{what}": unseen.total(), "skipped_distinct": len(unseen)}
    if as_json:
        click.echo(json.dumps(facts))
        return
    facts["corpus"] = corpus or "what the run held out"
    for name, value in facts.items():
        if value is None:  # which JSON says, and people need not be told
            continue
        click.echo(f"{name:<20} {_in_words(value)}")


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
    _require_kind(corpus, located.kind, model)
    if located.validation is not None:
        raise CorpusError(
            f"{corpus} is split, and a text is measured whole.",
            f"Name one part of it: {Path(corpus) / 'test'}",
        )
    for note in located.notes:
        tell(note)
    try:
        with encoded_whole(located.files, encoding, tokenizer, model.kind, unseen) as encoded:
            for note in encoded.notes:
                tell(note)
            yield encoded.file
    except TokenizerError as error:
        raise TokenizerError(error.problem, "Leave out and count such with --skip-unseen.") from error


def _of_shards(
    corpus: str, encoding: str | None, tokenizer: "Tokenizer[Any]", model: "Model", path: Path
) -> "TokenFile":
    """All that is in a prepared corpus, what it holds out last, as a text has it."""
    from gen.dataset.assembled import open_shards
    from gen.dataset.manifest import read_manifest
    from gen.dataset.prepare import require_predictions
    from gen.dataset.sharded import ShardedFile

    manifest = read_manifest(Path(corpus))
    _require_kind(corpus, manifest.kind, model)
    if encoding is not None:
        raise CorpusError(
            f"{corpus} is prepared already, and --encoding is for what is still to be read.", "Leave it out."
        )
    if manifest.is_split:
        raise CorpusError(
            f"{corpus} is made from a corpus that is split, and what is measured is read whole.",
            "Name one part of what it was made from.",
        )
    dataset = open_shards(Path(corpus))
    if dataset.tokenizer.to_json() != tokenizer.to_json():
        raise CorpusError(
            f"{corpus} has another vocabulary than the model.",
            f"Prepare it anew, for the model: gen corpora prepare … --vocabulary {shlex.quote(str(path))}",
        )
    training, held_out = dataset.training, dataset.validation
    ids = ShardedFile.of(Path(corpus), (*training.shards, *held_out.shards), training.dtype)
    require_predictions(ids)
    return ids


def _require_kind(corpus: str, kind: str, model: "Model") -> None:
    if kind != model.kind:
        raise CorpusError(
            f"{corpus} is {kind}, and the model writes {model.kind}.", "Name a corpus of that kind."
        )


def _facts(
    model: "Model", ids: "TokenFile", tokenizer: "Tokenizer[Any]", dynamic: bool, path: Path
) -> dict[str, Any]:
    """What the passes found; with `dynamic` what a model reaches that stays as it is stands beside."""
    from gen.evaluation.units import predicted_units

    units = predicted_units(ids, tokenizer)
    static, *learning = (_figures(score, units, tokenizer) for score in _scores(model, ids, dynamic))
    facts = {**learning[0], "static": static} if learning else dict(static)
    compared = _compared(model, ids, tokenizer, static, path)
    if learning:
        compared["verdict"] = f"without learning as it reads, {compared['verdict']}"
    return facts | compared


def _scores(model: "Model", ids: "TokenFile", dynamic: bool) -> "Iterator[Score]":
    """A pass over the ids, and where asked for another that learns."""
    from gen.machine import cores
    from gen.model.backend import quiet_import_for_parts

    parts = cores()
    quiet_import_for_parts(parts)
    from tqdm import tqdm

    from gen.evaluation.dynamic import dynamic_scores
    from gen.evaluation.passes import Evaluator, total
    from gen.model.network import Network

    network = Network(model.config)
    network.assign(model.weights)
    passes = [Evaluator(network, parts).score_by_window(ids)]
    if dynamic:
        passes.append(dynamic_scores(network, ids, parts))
    with tqdm(total=len(passes) * ids.predictions, unit="token", unit_scale=True, leave=False) as bar:
        for scores in passes:
            yield total(_shown(scores, bar))


def _shown(scores: "Iterator[Score]", bar: Any) -> "Iterator[Score]":
    for score in scores:
        bar.update(score.tokens)
        yield score


def _figures(score: "Score", units: dict[str, float], tokenizer: "Tokenizer[Any]") -> dict[str, Any]:
    from gen.evaluation.units import measures

    return {
        "tokens": score.tokens,
        **{f"{name}s": number for name, number in units.items()},
        "nats_total": score.nats,
        "nats_per_token": score.nats_per_token,
        "bits_per_token": score.bits_per_token,
        **measures(tokenizer, score.nats, units),
        "perplexity": score.perplexity,
    }


def _compared(
    model: "Model", ids: "TokenFile", tokenizer: "Tokenizer[Any]", static: dict[str, Any], path: Path
) -> dict[str, Any]:
    """What an n-gram of the model's own training part reaches; else what one did in training, elsewhere."""
    from gen.evaluation.reference import ngram_reference
    from gen.training.resuming import learned_by

    learned = learned_by(path.parent, model)
    if learned is not None and learned.tokenizer.tokens == tokenizer.tokens:
        reference = ngram_reference(learned.training, ids, tokenizer)
        return {"ngram": reference.to_json(), "verdict": reference.compared(static)}
    return {
        "ngram": None,
        "ngram_in_training": model.training.get("ngram"),
        "verdict": "not compared: what the model learned from is not at hand, to count an n-gram over",
    }


def _in_words(value: object) -> str:
    """A value on a line; what a model file claims may hold anything."""
    if isinstance(value, dict):
        return ", ".join(f"{_in_words(name)} {_in_words(inner)}" for name, inner in value.items())
    return one_line(f"{value:,.4f}" if isinstance(value, float) else str(value))
