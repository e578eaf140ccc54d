"""`gen corpora`: the corpora known by name, and what a corpus of your own consists of."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from gen.errors import CorpusError

if TYPE_CHECKING:
    from gen.corpus.catalog import NamedCorpus
    from gen.corpus.locate import Located
    from gen.corpus.survey import Survey

_MOST_COMMON = 10
_REJECTED_SHOWN = 20
_SPELLED = {" ": "space", "\n": "\\n", "\t": "\\t"}

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group("corpora", invoke_without_command=True)
@_json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the corpora known by name, prepare one, or inspect a corpus of your own."""
    context.obj = as_json
    if context.invoked_subcommand is None:
        _list(as_json)


@command.command("list")
@_json_option
@click.pass_obj
def list_(group_json: bool, as_json: bool) -> None:
    """List the corpora that --corpus takes by name."""
    _list(group_json or as_json)


@command.command()
@click.argument("name")
@_json_option
@click.pass_obj
def prepare(group_json: bool, name: str, as_json: bool) -> None:
    """Make or download the corpus NAME, so that it can be trained on without a network."""
    from gen.corpus.catalog import named
    from gen.corpus.catalog import prepare as prepare_corpus

    corpus = named(name)
    path = prepare_corpus(name)
    if group_json or as_json:
        _print_json(_described(corpus) | {"bytes": path.stat().st_size, "path": str(path)})
    else:
        click.echo(f"{name} is ready: {path} ({path.stat().st_size:,} bytes, {corpus.licence})")
        click.echo(f"Train on it: gen train --corpus {name}")


@command.command()
@click.argument("path")
@click.option(
    "--encoding", help="What the files are in, where it is not UTF-8 and no byte order mark says it."
)
@_json_option
@click.pass_obj
def inspect(group_json: bool, path: str, encoding: str | None, as_json: bool) -> None:
    """Read the corpus PATH whole and say what it consists of; PATH is all that --corpus takes."""
    from gen.corpus.locate import find
    from gen.corpus.survey import survey

    located = find(path, encoding)
    found = survey(located, encoding)
    if group_json or as_json:
        _print_json(_surveyed(located, found))
    else:
        _print_survey(located, found)
    if not found.accepted:
        raise CorpusError(f"Nothing in {path} can be trained on", found.refused[0].fix)


def _list(as_json: bool) -> None:
    from gen.corpus.catalog import CORPORA

    if as_json:
        _print_json({"corpora": [_described(corpus) for corpus in CORPORA.values()]})
        return
    rows = [("NAME", "BYTES", "LICENCE", "SHA-256", "PREPARED", "SOURCE")]
    for corpus in CORPORA.values():
        size = f"{corpus.size_bytes:,}" if corpus.sha256 else f"about {corpus.size_bytes:,}"
        digest = f"{corpus.sha256[:12]}…" if corpus.sha256 else "varies"
        prepared = "yes" if corpus.is_prepared() else "no"
        rows.append((corpus.name, size, corpus.licence, digest, prepared, corpus.source))
    _print_table(rows)


def _described(corpus: "NamedCorpus") -> dict[str, Any]:
    return {
        "name": corpus.name,
        "title": corpus.title,
        "source": corpus.source,
        "licence": corpus.licence,
        "bytes": corpus.size_bytes,
        "sha256": corpus.sha256,
        "path": str(corpus.path) if corpus.is_prepared() else None,
    }


def _surveyed(located: "Located", found: "Survey") -> dict[str, Any]:
    return {
        "name": located.name,
        "licence": located.licence,
        "split": located.validation is not None,
        "accepted": [str(path) for path in found.accepted],
        "rejected": [{"file": str(bad.path), "reason": bad.reason} for bad in found.refused],
        "tokens": found.tokens,
        "characters": found.characters,
        "distinct_characters": len(found.counts),
        "bytes": found.size_bytes,
        "encodings": found.notes.encodings(),
        "newlines": found.notes.newlines(),
        "most_common": [
            {"character": character, "count": count} for character, count in found.most_common(_MOST_COMMON)
        ],
        "notes": [*located.notes, *found.notes.sentences()],
    }


def _print_survey(located: "Located", found: "Survey") -> None:
    common = (
        f"{_SPELLED.get(character, character)} {count / found.characters:.1%}"
        for character, count in found.most_common(_MOST_COMMON)
    )
    _print_table(
        [
            ("corpus", located.name),
            ("files", f"{len(found.accepted):,} accepted, {len(found.refused):,} rejected"),
            ("bytes", f"{found.size_bytes:,}"),
            ("characters", f"{found.characters:,}, {len(found.counts):,} of them distinct"),
            ("tokens", f"{found.tokens:,}"),
            ("encoding", ", ".join(f"{name} ({count:,})" for name, count in found.notes.encodings().items())),
            ("most common", "  ".join(common)),
        ]
    )
    for note in (*located.notes, *found.notes.sentences()):
        click.echo(note)
    for bad in found.refused[:_REJECTED_SHOWN]:
        click.echo(f"rejected: {click.format_filename(bad.path)} {bad.reason}")
    if (more := len(found.refused) - _REJECTED_SHOWN) > 0:
        click.echo(f"rejected: {more:,} more (all of them with --json)")


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
