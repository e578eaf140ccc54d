"""`gen corpora prepare --out` and `inspect` of what it made: corpora in shards."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.errors import CorpusError
from gen.streams import one_line, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gen.dataset.manifest import Manifest
    from gen.dataset.preparing import Plan, Standing
    from gen.tokenizer.base import Tokenizer

_LINES_SHOWN = 20


def prepare_in_shards(
    corpus: str,
    folder: Path,
    *,
    shard: str | None,
    shards: int | None,
    vocabulary: Path | None,
    encoding: str | None,
    tokenizer: str,
    no_transpose: bool,
    melody: bool,
    velocity: bool | None,
    as_json: bool,
) -> None:
    """Make shards of a corpus, as far as that can be done now, and say what is left.

    Raises:
        CorpusError: The corpus cannot be read, or the folder holds another or cannot be written.
        TokenizerError: The vocabulary given cannot say it.
    """
    from gen.corpus.locate import locate
    from gen.corpus.wording import counted
    from gen.dataset.manifest import refuse_prepared
    from gen.dataset.preparing import plan, prepare

    refuse_prepared(corpus)
    if Path(corpus).is_dir() and folder.resolve().is_relative_to(Path(corpus).resolve()):
        raise CorpusError(
            f"{folder} lies in the corpus, and would become a part of it.", "Name another --out."
        )
    numbers, number = _asked(shard, shards)
    choices = {"transpose": False} if no_transpose else {}
    choices |= {"melody": True} if melody else {}
    choices |= {} if velocity is None else {"velocity": velocity}
    located = locate(corpus, encoding, tokenizer)
    if choices and (located.kind == "text" or vocabulary is not None):
        said = ", ".join(sorted(choices))
        whose = "the vocabulary has its own" if vocabulary is not None else f"{corpus} is text"
        raise CorpusError(f"{said} cannot be chosen: {whose}.", "Leave the options for music out.")
    given = None if vocabulary is None else _vocabulary(vocabulary, located.kind)
    for note in located.notes:
        tell(note)
    todo = plan(located, folder, encoding=encoding, choices=choices, number=number, vocabulary=given)
    if empty := len(located.files) + len(located.validation or ()) - todo.manifest.files:
        tell(f"{counted(empty, 'empty file')} left out")
    standing = prepare(todo, numbers or range(todo.manifest.shards))
    facts = _facts(todo.folder, todo.manifest) | {
        "uncounted": [paths.name for paths in standing.uncounted],
        "missing": [paths.name for paths in standing.missing],
    }
    if as_json:
        click.echo(json.dumps(facts | _tokens(folder, standing)))
    else:
        typed = ["gen", "corpora", "prepare", corpus, "--out", str(folder)]
        typed += ["--vocabulary", str(vocabulary)] if vocabulary else []
        typed += ["--encoding", encoding] if encoding else []
        typed += ["--tokenizer", tokenizer] if tokenizer != "auto" else []
        typed += [f"--{'' if value else 'no-'}{name}" for name, value in choices.items()]
        _print_standing(todo, standing, typed)


def inspect_shards(folder: Path, *, as_json: bool) -> None:
    """Say what a prepared corpus is, and whether every byte of its shards is as it was written.

    Raises:
        CorpusError: It is not whole.
    """
    from gen.dataset.assembled import notes_of, open_shards
    from gen.dataset.manifest import read_manifest
    from gen.dataset.shard_paths import ShardPaths, incomplete, made_again
    from gen.dataset.shards import altered_ids, is_encoded

    manifest = read_manifest(folder)
    digest = manifest.digest()
    every = [ShardPaths(folder, number, manifest.shards) for number in range(manifest.shards)]
    missing = [paths for paths in every if not is_encoded(paths, digest)]
    whole = sorted(set(every) - set(missing), key=lambda paths: paths.number)
    altered = {paths: files for paths in whole if (files := altered_ids(paths, digest))}
    wrong = [file for files in altered.values() for file in files]
    rejected = [(file, "is not what was written") for file in wrong]
    rejected += [(p.facts, "is damaged" if p.facts.exists() else "is not there") for p in missing]
    facts = _facts(folder, manifest) | {
        "accepted": [str(paths.facts) for paths in whole if paths not in altered],
        "rejected": [{"file": str(file), "reason": reason} for file, reason in sorted(rejected)],
    }
    if not rejected:
        dataset = open_shards(folder)
        facts |= {
            "tokens": dataset.training.tokens + dataset.validation.tokens,
            "training_tokens": dataset.training.tokens,
            "validation_tokens": dataset.validation.tokens,
            "vocabulary_size": len(dataset.tokenizer.tokens),
            "notes": [dataset.notes[0], *notes_of(folder)],
        }
    if as_json:
        click.echo(json.dumps({"tokens": None, **facts}))
    else:
        _print_inspected(facts)
    if wrong:
        more = f" and {len(wrong) - 1:,} more are" if len(wrong) > 1 else " is"
        raise CorpusError(f"{wrong[0]}{more} not what was written", made_again(wrong))
    if missing:
        raise incomplete(folder, missing)


def _print_inspected(facts: dict[str, Any]) -> None:
    accepted, rejected, notes = facts["accepted"], facts["rejected"], facts.get("notes", [])
    shown = {**facts, "accepted": f"{len(accepted):,} of {facts['shards']:,} shards, by their checksums"}
    for name, value in shown.items():
        if value is not None and name not in ("rejected", "notes"):
            said = f"{value:,}" if isinstance(value, int) else value
            click.echo(one_line(f"{name.replace('_', ' '):<18} {said}"))
    lines = [*notes, *(f"rejected: {bad['file']} {bad['reason']}" for bad in rejected)]
    for line in lines[:_LINES_SHOWN]:
        click.echo(one_line(line))
    if (more := len(lines) - _LINES_SHOWN) > 0:
        click.echo(f"and {more:,} more of the kind (all of them with --json)")


def _asked(shard: str | None, shards: int | None) -> "tuple[Sequence[int] | None, int | None]":
    """Which shards, None for all, and how many there are, None where that is left open."""
    from gen.dataset.manifest import MOST_SHARDS
    from gen.dataset.preparing import shard_numbers

    if shards is not None and shards > MOST_SHARDS:
        raise click.UsageError(f"--shards {shards} is more than {MOST_SHARDS:,}.")
    if shard is None:
        return None, shards
    if shards is not None:
        raise click.UsageError("--shard I/N says how many there are: leave --shards out.")
    try:
        return shard_numbers(shard)
    except ValueError as error:
        raise click.UsageError(f"--shard {shard} is no part such as 3/64 or 3-7/64.") from error


def _vocabulary(path: Path, kind: str) -> "Tokenizer[Any]":
    """The vocabulary of a model, of a prepared corpus, or in a file of JSON as one of those has it."""
    from gen.checkpoint import find_model, load_model
    from gen.dataset.manifest import is_prepared
    from gen.dataset.shard_paths import vocabulary_path
    from gen.kinds import KINDS, tokenizer_of

    file = vocabulary_path(path) if is_prepared(path) else path
    if file.suffix == ".json":
        try:
            fields = json.loads(file.read_bytes())
        except (OSError, ValueError) as error:
            raise CorpusError(
                f"{file} is no vocabulary: {error}",
                "Name a model, or the vocabulary.json of a prepared corpus.",
            ) from error
        inner = fields.get("tokenizer", fields) if isinstance(fields, dict) else fields
        found: Tokenizer[Any] = KINDS[kind].tokenizer.from_json(inner)
        return found
    model = load_model(find_model(path))
    if model.kind != kind:
        raise CorpusError(
            f"{path} writes {model.kind}, and the corpus is {kind}.", "Name a model of the same kind."
        )
    return tokenizer_of(model.kind, model.tokenizer)


def _facts(folder: Path, manifest: "Manifest") -> dict[str, Any]:
    return {
        "name": manifest.name,
        "kind": manifest.kind,
        "licence": manifest.licence,
        "path": str(folder),
        "shards": manifest.shards,
        "files": manifest.files,
        "bytes": manifest.size_bytes,
    }


def _tokens(folder: Path, standing: "Standing") -> dict[str, Any]:
    from gen.dataset.assembled import open_shards

    if standing.missing:
        return {"training_tokens": None, "validation_tokens": None}
    dataset = open_shards(folder)
    return {
        "training_tokens": dataset.training.tokens,
        "validation_tokens": dataset.validation.tokens,
        "vocabulary_size": len(dataset.tokenizer.tokens),
        "notes": list(dataset.notes),
    }


def _print_standing(todo: "Plan", standing: "Standing", typed: list[str]) -> None:
    from gen.corpus.wording import counted
    from gen.dataset.shard_paths import named, runs_of

    if standing.missing:
        left = standing.uncounted or standing.missing
        to_do = (
            "counted too, before each command is given again to encode" if standing.uncounted else "encoded"
        )
        done = "Counted" if standing.uncounted else "Encoded"
        sentence = f"{done}. Here or elsewhere, {named(left)} still to be {to_do}:"
        click.echo(one_line(sentence))
        click.echo(one_line(shlex.join([*typed, "--shard", runs_of(left)[0]])))
    else:
        facts = _tokens(todo.folder, standing)
        for note in facts["notes"]:
            tell(note)
        click.echo(
            one_line(
                f"{todo.folder} is ready: {counted(todo.manifest.shards, 'shard')}, "
                f"{facts['training_tokens']:,} tokens to learn, {facts['validation_tokens']:,} held out, "
                f"{facts['vocabulary_size']:,} in the vocabulary"
            )
        )
        if not facts["training_tokens"] or not facts["validation_tokens"]:
            which = "held out" if facts["training_tokens"] else "to learn from"
            click.echo(
                f"It cannot be trained on: nothing is {which}. Give more, or a folder "
                "with train/ and valid/, and prepare it into another --out"
            )
        else:
            click.echo(one_line(f"Train on it: {shlex.join(['gen', 'train', '--corpus', str(todo.folder)])}"))
