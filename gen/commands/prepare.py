"""`gen corpora prepare --out` and `inspect` of what it made: corpora in shards."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.errors import CorpusError
from gen.streams import one_line, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gen.dataset.manifest import Manifest, ShardPaths
    from gen.dataset.preparing import Plan, Standing
    from gen.tokenizer.base import Tokenizer

_NAMED = 5


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
    from gen.dataset.manifest import refuse_prepared
    from gen.dataset.preparing import plan, prepare

    refuse_prepared(corpus)
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
    from gen.dataset.manifest import ShardPaths, incomplete, read_manifest
    from gen.dataset.shards import damaged_parts, notes_of, open_shards

    manifest = read_manifest(folder)
    every = [ShardPaths(folder, number, manifest.shards) for number in range(manifest.shards)]
    damaged = {paths: found for paths in every if (found := damaged_parts(paths, manifest.digest()))}
    facts = _facts(folder, manifest) | {
        "accepted": [str(paths.facts) for paths in every if paths not in damaged],
        "rejected": [
            {"file": file, "reason": "is missing or damaged"} for files in damaged.values() for file in files
        ],
    }
    dataset = None if damaged else open_shards(folder)
    if dataset is not None:
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
        for name, value in facts.items():
            shown = value if isinstance(value, str) else json.dumps(value)
            if name == "accepted":
                shown = f"{len(facts['accepted']):,} of {manifest.shards:,} shards, by their checksums"
            click.echo(one_line(f"{name.replace('_', ' '):<18} {shown}"))
    if damaged:
        raise incomplete(folder, damaged)


def _asked(shard: str | None, shards: int | None) -> "tuple[Sequence[int] | None, int | None]":
    """Which shards, None for all, and how many there are, None where that is left open."""
    from gen.dataset.preparing import shard_numbers

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
    from gen.dataset.manifest import is_prepared, vocabulary_path
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
    from gen.dataset.shards import open_shards

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
    from gen.dataset.preparing import command_for

    if standing.uncounted:
        click.echo(
            f"Counted. The vocabulary waits for {_named(standing.uncounted)}; "
            "when they are there, give this command again:"
        )
        click.echo(one_line(command_for(typed, standing.uncounted[0])))
    elif standing.missing:
        click.echo(f"Encoded. Still missing, to be made here or elsewhere: {_named(standing.missing)}")
        click.echo(one_line(command_for(typed, standing.missing[0])))
    else:
        facts = _tokens(todo.folder, standing)
        for note in facts["notes"]:
            tell(note)
        click.echo(
            one_line(
                f"{todo.folder} is ready: {todo.manifest.shards:,} shards, {facts['training_tokens']:,} "
                f"tokens to learn, {facts['validation_tokens']:,} held out, {facts['vocabulary_size']} in "
                "the vocabulary"
            )
        )
        click.echo(one_line(f"Train on it: gen train --corpus {todo.folder}"))


def _named(shards: "Sequence[ShardPaths]") -> str:
    names = ", ".join(paths.name for paths in shards[:_NAMED])
    more = f" and {len(shards) - _NAMED:,} more" if len(shards) > _NAMED else ""
    return f"shards {names}{more}"
