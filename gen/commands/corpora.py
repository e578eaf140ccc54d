"""`gen corpora`: the corpora known by name, and what a corpus of your own consists of."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gen.errors import CorpusError
from gen.streams import one_line

if TYPE_CHECKING:
    from gen.corpus.catalog import NamedCorpus
    from gen.corpus.locate import Located
    from gen.corpus.music_survey import MusicSurvey
    from gen.corpus.survey import Survey

_REJECTED_SHOWN = 20
_LICENCE_SHOWN = 40

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
@click.argument("name", metavar="NAME-or-PATH")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Encode it into this folder, in shards, for corpora of any size; PATH is all that --corpus takes.",
)
@click.option("--shard", metavar="I/N", help="Of N shards make this one (or I-J of them); else all of them.")
@click.option("--shards", type=click.IntRange(1), metavar="N", help="How many; as many as suit its size.")
@click.option(
    "--vocabulary", type=click.Path(path_type=Path), metavar="MODEL-or-FILE", help="Instead of learning one."
)
@click.option("--encoding", help="What the files are in, where it is not UTF-8 and no mark says it.")
@click.option(
    "--tokenizer",
    type=click.Choice(["auto", "characters", "notes"]),
    default="auto",
    help="How to read the corpus; auto goes by its content.",
)
@click.option("--no-transpose", is_flag=True, help="Music: learn every piece in its own key alone.")
@click.option("--melody", is_flag=True, help="Music: merge the parts to one melody.")
@click.option("--velocity/--no-velocity", default=None, help="Music: learn how loud notes are.")
@_json_option
@click.pass_obj
def prepare(group_json: bool, /, name: str, out: Path | None, as_json: bool, **asked: Any) -> None:
    """Make or download the corpus NAME, so that it can be trained on without a network.

    With --out encode any corpus in shards, on all cores or on many machines that share FOLDER: each is given
    some of the shards, first to count what is in them, then, when all are counted, to encode them. Given
    again, the command goes on where it was.
    """
    if out is not None:
        from gen.commands.prepare import prepare_in_shards

        prepare_in_shards(name, out, as_json=group_json or as_json, **asked)
        return
    if given := [f"--{option}" for option, value in asked.items() if value not in (None, False, "auto")]:
        raise click.UsageError(f"{given[0].replace('_', '-')} needs --out FOLDER.")
    from gen.corpus.catalog import named
    from gen.corpus.catalog import prepare as prepare_corpus

    corpus = named(name)
    if corpus.kind == "music":
        facts = _read_music(name)
        told = f"{facts['pieces']:,} pieces, {facts['notes_count']:,} notes"
    else:
        path = prepare_corpus(name)
        facts = {"bytes": path.stat().st_size, "path": str(path)}
        told = f"{path} ({facts['bytes']:,} bytes)"
    if group_json or as_json:
        _print_json(_described(corpus) | facts)
    else:
        click.echo(f"{name} is ready: {told}, {corpus.licence}")
        click.echo(f"Train on it: gen train --corpus {name}")


@command.command()
@click.argument("path")
@click.option(
    "--encoding", help="What the files are in, where it is not UTF-8 and no byte order mark says it."
)
@click.option(
    "--tokenizer",
    type=click.Choice(["auto", "characters", "notes"]),
    default="auto",
    help="Take music in letters as text, or music alone.",
)
@_json_option
@click.pass_obj
def inspect(group_json: bool, path: str, encoding: str | None, tokenizer: str, as_json: bool) -> None:
    """Read the corpus PATH whole and say what it consists of; PATH is all that --corpus takes."""
    from gen.corpus.locate import find, no_music
    from gen.dataset.manifest import is_prepared

    if is_prepared(Path(path)):
        from gen.commands.prepare import inspect_shards

        inspect_shards(Path(path), as_json=group_json or as_json)
        return

    located = find(path, encoding, tokenizer)
    found = _survey(located, encoding)
    if group_json or as_json:
        _print_json(_surveyed(located, found))
    else:
        _print_survey(located, found)
    if not found.accepted and not found.refused:
        raise no_music(path)
    if not found.accepted:
        raise CorpusError(f"Nothing in {path} can be trained on", found.refused[0].fix)


def _survey(located: "Located", encoding: str | None) -> "Survey | MusicSurvey":
    if located.kind == "music":
        from gen.corpus.music_survey import Surveyed
        from gen.tokenizer.notes import NotesTokenizer

        music = Surveyed(located)
        found = music.survey()
        if found.accepted:
            tokenizer = NotesTokenizer.learn(music.scores())
            found.tokens = sum(len(tokenizer.encode(score)) for score in music.scores())
        return found
    from gen.corpus.survey import survey

    return survey(located, encoding)


def _read_music(name: str) -> dict[str, Any]:
    """Read a named corpus of music into the cache."""
    from gen.corpus.locate import find
    from gen.corpus.music_survey import Surveyed

    return Surveyed(find(name, tokenizer="notes")).survey().facts()


def _list(as_json: bool) -> None:
    from gen.corpus.catalog import CORPORA

    if as_json:
        _print_json({"corpora": [_described(corpus) for corpus in CORPORA.values()]})
        return
    rows = [("NAME", "KIND", "BYTES", "LICENCE", "SHA-256", "PREPARED", "SOURCE")]
    for corpus in CORPORA.values():
        size = "-" if corpus.size_bytes is None else f"{corpus.size_bytes:,}"
        digest = f"{corpus.sha256[:12]}…" if corpus.sha256 else "varies"
        prepared = "yes" if corpus.is_prepared() else "no"
        if corpus.kind == "music":
            digest, prepared = "-", "installed"
        elif not corpus.sha256:
            size = f"about {size}"
        licence = corpus.licence
        if len(licence) > _LICENCE_SHOWN:
            licence = licence[: _LICENCE_SHOWN - 1].rstrip() + "…"
        rows.append((corpus.name, corpus.kind, size, licence, digest, prepared, corpus.source))
    _print_table(rows)
    click.echo("The terms of each in full: gen corpora list --json")


def _described(corpus: "NamedCorpus") -> dict[str, Any]:
    return {
        "name": corpus.name,
        "kind": corpus.kind,
        "title": corpus.title,
        "source": corpus.source,
        "licence": corpus.licence,
        "bytes": corpus.size_bytes,
        "sha256": corpus.sha256,
        "path": str(corpus.path) if corpus.kind == "text" and corpus.is_prepared() else None,
    }


def _surveyed(located: "Located", found: "Survey | MusicSurvey") -> dict[str, Any]:
    return {
        "name": located.name,
        "kind": located.kind,
        "licence": located.licence,
        "split": located.validation is not None,
        "accepted": [str(path) for path in found.accepted],
        "rejected": [{"file": str(bad.path), "reason": bad.reason} for bad in found.refused],
        "tokens": found.tokens,
        **found.facts(),
        "notes": [*located.notes, *found.sentences()],
    }


def _print_survey(located: "Located", found: "Survey | MusicSurvey") -> None:
    licence = [("licence", located.licence)] if located.licence else []
    _print_table(
        [
            ("corpus", f"{located.name} ({located.kind})"),
            *licence,
            ("files", f"{len(found.accepted):,} accepted, {len(found.refused):,} rejected"),
            ("tokens", f"{found.tokens:,}"),
            *found.rows(),
        ]
    )
    for note in (*located.notes, *found.sentences()):
        click.echo(one_line(note))
    for bad in found.refused[:_REJECTED_SHOWN]:
        click.echo(one_line(f"rejected: {bad.path} {bad.reason}"))
    if (more := len(found.refused) - _REJECTED_SHOWN) > 0:
        click.echo(f"rejected: {more:,} more (all of them with --json)")


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value))


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(one_line("  ".join(cells).rstrip()))
