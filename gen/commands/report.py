"""`gen report`: one page about a run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gen.streams import one_line, progress_bar, tell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gen.comparison.comparison import Item
    from gen.reporting.report import Report


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN_DIR")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="The page; else RUN_DIR/report.html."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; the page only with --out.")
def command(run: Path, out: Path | None, as_json: bool) -> None:
    """Make a page of a run: how it learned, what it writes, what of its corpus it has by heart."""
    from gen.errors import GenError
    from gen.files import write_atomically, writing_out
    from gen.reporting.page import page
    from gen.reporting.report import report_of

    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise GenError(
            f"A report cannot be written as {out.name!r}.", "Give --out a name that ends in .html."
        )
    report = report_of(run, _watched, tell)
    if out is not None or not as_json:
        place = run / "report.html" if out is None else out
        with writing_out(place):
            write_atomically(place, page(report).encode())
        tell(f"Wrote {place}")
    if as_json:
        click.echo(json.dumps(report.to_json()))
    else:
        for line in _summary(report):
            click.echo(one_line(line))


def _watched(items: "Iterable[Item]", total: int, what: str) -> "Iterator[Item]":
    with progress_bar("report", what, total) as bar:
        for item in items:
            yield item
            bar.update()


def _summary(report: "Report") -> "Iterator[str]":
    """What a reader in a hurry wants to know of it."""
    compared = report.comparison
    for name in ("validation", "verdict"):
        if name in report.facts:
            yield f"{name:<12} {report.facts[name]}"
    if compared is not None and compared.memorised is not None:
        distances = ", ".join(f"{each.distance:.3f} {each.name}" for each in compared.histograms)
        yield f"{'like it':<12} total variation from the training part: {distances}"
        found = compared.memorised
        longest = max(row.longest for row in found.rows[:-1])
        most = f"{longest:,}" if longest else f"fewer than {found.thresholds[0]}"
        bound = "at the most" if found.complete else "and perhaps more"
        yield f"{'by heart':<12} {most} {found.unit} {bound}, as they stand in it"
    for sentence in report.missing:
        yield f"{'missing':<12} {sentence}"
