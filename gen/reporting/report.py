"""All that is found out about a run, from its folder and, where it is still there, its corpus."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

import gen
from gen.checkpoint import Model, load_model
from gen.comparison.comparison import Comparison, Parts, Watch
from gen.dataset.prepare import prepared
from gen.dataset.sharded import OpenShards
from gen.dataset.token_file import TokenFile
from gen.errors import CorpusError, RunError
from gen.kinds import kind_named, tokenizer_of
from gen.reporting.metrics import Metrics, read_metrics
from gen.sampler.forward import Network
from gen.training.resuming import dataset_of_run
from gen.training.run import RunFolder

_MOST_FACTS = 60
_LONGEST_FACT = 200


@dataclass(frozen=True)
class Report:
    """A run.

    Attributes:
        path: Its folder, as it was named.
        kind: `text` or `music`.
        corpus: What it learns from, as its files claim: name, licence, size.
        facts: What it is and what came of it, by name, in words.
        configuration: What it was set up with, by name.
        metrics: Its log.
        comparison: None before the first validation, which makes the first model.
        missing: What is not there, and how to get it, a sentence each.
    """

    path: Path
    kind: str
    corpus: dict[str, Any]
    facts: dict[str, str]
    configuration: dict[str, str]
    metrics: Metrics
    comparison: Comparison | None
    missing: tuple[str, ...]

    def command(self, options: Iterable[str]) -> str:
        """The `gen sample` that writes what the report shows."""
        return f"gen sample {shlex.quote(str(self.path))} {' '.join(options)}"

    def to_json(self) -> dict[str, Any]:
        """The numbers behind every picture, and all else that the page says."""
        metrics, compared = self.metrics, self.comparison
        return {
            "run": str(self.path),
            "kind": self.kind,
            "corpus": self.corpus,
            "facts": self.facts,
            "configuration": self.configuration,
            "missing": list(self.missing),
            "elapsed_s": metrics.elapsed_s,
            "training": [update._asdict() for update in metrics.updates],
            "validation": [validation._asdict() for validation in metrics.validations],
            "log_lines_passed_over": metrics.passed_over,
            "samples": [] if compared is None else [self._sample(each) for each in compared.samples],
            "histograms": {}
            if compared is None
            else {histogram.name: histogram.to_json() for histogram in compared.histograms},
            "total_variation": {}
            if compared is None
            else {
                f"{temperature:g}": dict(
                    zip([histogram.name for histogram in compared.histograms], of_one, strict=True)
                )
                for temperature, of_one in compared.distances.items()
            },
            "corpus_read": "" if compared is None else compared.corpus_read,
            "memorised": None
            if compared is None or compared.memorised is None
            else asdict(compared.memorised),
        }

    def _sample(self, sample: Any) -> dict[str, Any]:
        return {
            "temperature": sample.temperature,
            "command": self.command(sample.options),
            "written": list(sample.written),
        }


def report_of(path: Path, watch: Watch, tell: Callable[[str], None]) -> Report:
    """Find out all about a run.

    Args:
        path: Its folder.
        watch: Shows how far it is, where that takes long.
        tell: Called with what the user should know, a line at a time.

    Raises:
        RunError: It is not the folder of a run, or its log cannot be read.
        ModelFileError: Its model or its state is damaged.
    """
    folder = RunFolder(path)
    if not path.is_dir() or not (folder.holds_run() or folder.metrics.is_file()):
        raise RunError(
            f"{path} is not the folder of a run.", "Name one that gen train made, such as checkpoints/NAME."
        )
    metrics = read_metrics(folder.metrics)
    missing = list(_missing_in_log(metrics))
    if not folder.best.is_file():
        missing.append(
            "There is no model yet, and nothing that it writes: a run has one from its first validation on."
        )
        return _without_model(path, folder, metrics, tuple(missing))
    model = load_model(folder.best)
    parts, why = _parts(path, model, tell)
    missing += [why] if why else []
    tokenizer = tokenizer_of(model.kind, model.tokenizer)
    network = Network(model.config, model.weights)
    comparison = kind_named(model.kind).compare(network, tokenizer, parts, watch)
    return Report(
        path,
        model.kind,
        model.corpus,
        _facts(model, metrics),
        _configuration(model),
        metrics,
        comparison,
        tuple(missing),
    )


def _parts(path: Path, model: Model, tell: Callable[[str], None]) -> tuple[Parts | None, str]:
    """What a run learned from and held out, from the cache or made anew; else why it is not there."""
    dataset = prepared(model.kind, str(model.corpus.get("digest")))
    if dataset is None:
        try:
            dataset = dataset_of_run(path, model, tell)
        except (CorpusError, RunError) as error:
            return None, (
                "What the run learned from is not there, so nothing is compared with it. "
                f"{error.problem.rstrip('.')}. Put the corpus back, or make the report where it was trained."
            )
    if dataset.tokenizer.tokens != tokenizer_of(model.kind, model.tokenizer).tokens:
        return None, (
            "The corpus in the cache has other tokens than the model, so nothing is compared with it. "
            "Make the report where the model was trained."
        )
    return Parts(_Part(dataset.training), _Part(dataset.validation)), ""


@dataclass(frozen=True)
class _Part:
    """A part of a corpus, in a file or in shards, as what is compared with it reads it."""

    file: TokenFile

    @property
    def tokens(self) -> int:
        return self.file.tokens

    def map(self) -> OpenShards:
        return OpenShards(self.file.shards)

    def bounds(self, limit: int | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        return self.file.bounds(limit)


def _without_model(path: Path, folder: RunFolder, metrics: Metrics, missing: tuple[str, ...]) -> Report:
    about: dict[str, Any] = folder.load_state().about if folder.has_state() else {}
    source, training, model = (_object(about, name) for name in ("source", "training", "model"))
    corpus: dict[str, Any] = {name: source[name] for name in ("name", "licence") if name in source}
    facts = {"corpus": _word(corpus.get("name")), "licence": _licence(corpus), **_log_facts(metrics)}
    settings = dict(_settings({**model, **training}))
    return Report(path, _word(about.get("kind")), corpus, facts, settings, metrics, None, missing)


def _missing_in_log(metrics: Metrics) -> Iterator[str]:
    if metrics.passed_over:
        yield f"Of the log, {metrics.passed_over:,} lines were passed over: gen train writes no such lines."
    if not metrics.updates:
        yield "The log has no training loss yet: it is written every ten steps."
    if not metrics.validations:
        yield "The log has no validation yet."


def _facts(model: Model, metrics: Metrics) -> dict[str, str]:
    corpus, training, config = model.corpus, model.training, model.config
    steps = _object(training, "config").get("steps")
    measures = {
        name.removeprefix("validation_").replace("_per_", " a "): value
        for name, value in training.items()
        if name.startswith("validation_") and "_per_" in name and isinstance(value, float)
    }
    ngram = _object(training, "ngram").get("nats_per_token")
    return {
        "corpus": _word(corpus.get("name")),
        "learned from": f"{_word(corpus.get('training_tokens'))} tokens",
        "licence": _licence(corpus),
        "network": f"{config.layers} x {config.units} units, {config.parameters():,} parameters, "
        f"{config.vocabulary_size:,} tokens",
        "best after": f"{_word(training.get('step'))} of {_word(steps)} steps",
        "validation": ", ".join(f"{value:.4f} {name}" for name, value in list(measures.items())[:4])
        or "not known",
        "n-gram": f"{ngram:.4f} nats a token" if isinstance(ngram, float) else "not counted",
        "verdict": _word(training.get("verdict")) or "not compared with an n-gram",
        **_log_facts(metrics),
        "written by": f"gen {model.release}" if model.release else "a release that did not say",
        "reported by": f"gen {gen.__version__}",
    }


def _log_facts(metrics: Metrics) -> dict[str, str]:
    minutes, seconds = divmod(round(metrics.elapsed_s), 60)
    found = {"time": f"{minutes:,} min {seconds} s, training and validating"}
    if metrics.updates:
        found["last update"] = f"step {metrics.updates[-1].step:,}, loss {metrics.updates[-1].loss:.4f}"
    return found


def _licence(corpus: dict[str, Any]) -> str:
    return _word(corpus.get("licence")) or "not stated: ask whoever owns the corpus"


def _configuration(model: Model) -> dict[str, str]:
    tokenizer = tokenizer_of(model.kind, model.tokenizer)
    choices = {f"tokenizer: {name}": value for name, value in tokenizer.choices().items()}
    return dict(
        _settings(
            {
                **model.config.to_json(),
                **_object(model.training, "config"),
                "tokenizer": tokenizer.name,
                **choices,
            }
        )
    )


def _settings(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in list(fields.items())[:_MOST_FACTS]:
        if isinstance(value, str | int | float):
            yield str(name).replace("_", " ")[:_LONGEST_FACT], _word(value)


def _object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str:
    """A value as a file claims it, in words; a file can claim anything."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.6g}"
    return value[:_LONGEST_FACT] if isinstance(value, str) else ""
