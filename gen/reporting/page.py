"""A report as one page that needs nothing else; see `gen.pages.self_contained`."""

from collections.abc import Iterable, Iterator
from html import escape

from gen.comparison.comparison import LIKE_THE_CORPUS, SEED, Comparison, Memorised, Passage
from gen.comparison.histograms import Histogram
from gen.pages.self_contained import (
    in_script,
    packaged,
    palette,
    player_script,
    player_style,
    self_contained,
)
from gen.reporting.charts import histogram_chart, shares
from gen.reporting.learning import learning
from gen.reporting.report import Report


def page(report: Report) -> str:
    """The page; what has no place in UTF-8 is replaced."""
    compared = report.comparison
    is_music = report.kind == "music" and compared is not None
    slots = {
        "title": escape(f"Report of {report.path.name or report.path}"),
        "verdict": escape(_verdict(report)),
        "missing": _missing(report.missing),
        "facts": _rows(report.facts.items()),
        "configuration": _rows(report.configuration.items()),
        "learning": learning(report.metrics),
        "samples": _samples(report) if compared else _absent("Nothing yet: there is no model."),
        "histograms": _histograms(compared) if compared else _absent("Nothing yet: there is no model."),
        "memorised": _memorised(compared),
        "music": in_script(_pieces(compared) if is_music and compared else {}),
    }
    made = self_contained(
        packaged(__package__, "page.html"),
        slots,
        style=palette() + player_style() + packaged(__package__, "page.css"),
        script=player_script() + packaged(__package__, "page.js") if is_music else "",
    )
    return made.encode("utf-8", "replace").decode()


def _verdict(report: Report) -> str:
    verdict = report.facts.get("verdict", "not validated yet")
    return f"{verdict[:1].upper()}{verdict[1:]}."


def _absent(why: str) -> str:
    return f"<p>{escape(why)}</p>\n"


def _missing(sentences: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f'<ul class="missing" aria-label="What is missing">{items}</ul>\n' if items else ""


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>\n' for name, value in pairs
    )


def _samples(report: Report) -> str:
    assert report.comparison is not None
    blocks = []
    for number, sample in enumerate(report.comparison.samples):
        blocks.append(
            f"<h3>At temperature {sample.temperature:g}</h3>\n"
            f"<p><code>{escape(report.command(sample.options))}</code></p>\n"
        )
        first, *others = (
            _player(number, place, len(sample.written))
            if report.kind == "music"
            else f'<pre tabindex="0" aria-label="Text {place + 1}">{escape(text)}</pre>\n'
            for place, text in enumerate(sample.written)
        )
        more = f"<details><summary>{len(others)} more</summary>\n{''.join(others)}</details>\n"
        blocks.append(first + (more if others else ""))
    return (
        f"<p>Each as the command makes it, with seed {SEED}; lower is safer, higher is wilder.</p>\n"
        + "".join(blocks)
    )


def _player(sample: int, place: int, of: int) -> str:
    return f'<div id="piece-{sample}-{place}" aria-label="Piece {place + 1} of {of}"></div>\n'


def _pieces(compared: Comparison) -> dict[str, object]:
    return {
        f"piece-{number}-{place}": music
        for number, sample in enumerate(compared.samples)
        for place, music in enumerate(sample.written)
    }


def _histograms(compared: Comparison) -> str:
    there = compared.memorised is not None
    said = (
        "Wide bars are the shares in the training part, narrow ones in what was written at temperature "
        f"{LIKE_THE_CORPUS:g}. Total variation is 0 where two histograms are alike and 1 where they have "
        "nothing in common; as much of the part held out shows how near the corpus comes to itself. "
        f"Of the training part, {compared.corpus_read} was read."
        if there
        else f"What was written at temperature {LIKE_THE_CORPUS:g}; the corpus is not there to compare with."
    )
    if compared.remark and there:
        said = f"{said} {compared.remark}"
    legend = '<ul class="legend"><li class="corpus">training part</li><li class="output">written</li></ul>\n'
    charts = "".join(_histogram(number, each) for number, each in enumerate(compared.histograms))
    return f"<p>{escape(said)}</p>\n{_distances(compared) if there else ''}{legend if there else ''}{charts}"


def _distances(compared: Comparison) -> str:
    heads = "".join(
        f'<th scope="col" class="number">{escape(each.name)}</th>' for each in compared.histograms
    )
    rows: list[tuple[str, Iterable[float | None]]] = [
        (f"temperature {temperature:g}", values) for temperature, values in compared.distances.items()
    ]
    rows.append(("the part held out", [each.held_out_distance for each in compared.histograms]))
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(map(_number, values))}</tr>\n' for name, values in rows
    )
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">Total variation</th>'
        f"{heads}</tr></thead><tbody>\n{body}</tbody></table></div>\n"
    )


def _number(value: float | None) -> str:
    return f'<td class="number">{"–" if value is None else f"{value:.3f}"}</td>'


def _histogram(number: int, histogram: Histogram) -> str:
    columns = [("written", histogram.output)]
    if histogram.corpus is not None:
        columns.append(("training part", histogram.corpus))
    heads = "".join(
        f'<th scope="col" class="number">{name}</th><th scope="col" class="number">share</th>'
        for name, _ in columns
    )
    of_all = [list(zip(counts, shares(counts), strict=True)) for _, counts in columns]
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(
            f'<td class="number">{values[place][0]:,}</td><td class="number">{values[place][1]:.2%}</td>'
            for values in of_all
        )
        + "</tr>\n"
        for place, label in enumerate(histogram.labels)
    )
    name = escape(histogram.name.capitalize())
    return (
        f'<h3>{name}</h3>\n<div class="chart">{histogram_chart(f"histogram-{number}", histogram)}</div>\n'
        f'<details><summary>{name} in numbers</summary><div class="scroll rows"><table><thead><tr>'
        f'<th scope="col">{escape(histogram.unit or "of")}</th>{heads}</tr></thead>'
        f"<tbody>\n{body}</tbody></table></div></details>\n"
    )


def _memorised(compared: Comparison | None) -> str:
    found = None if compared is None else compared.memorised
    if found is None:
        return _absent("Not looked for: what the model learned from, or the model, is not there.")
    return f"{_about_memorised(found)}{_shares(found)}{''.join(_passages(found))}"


def _about_memorised(found: Memorised) -> str:
    how = (
        "Runs of notes are the same where intervals and times are, in whatever key; a note is told by its "
        "name and its length in quarters. "
        if found.unit == "notes"
        else ""
    )
    least = "" if found.complete else "There are so many that not all were looked at: they may be longer. "
    return (
        "<p>The longest passages that stand in the training part exactly as they were written, and the share "
        f"of what was written that lies in runs of so many {found.unit} or more. {how}{least}Some of this is "
        "no memory but language: how much, the part held out shows, which the model never saw.</p>\n"
    )


def _shares(found: Memorised) -> str:
    heads = "".join(f'<th scope="col" class="number">in runs of {each} +</th>' for each in found.thresholds)
    body = "".join(
        f'<tr><th scope="row">{escape(row.name)}</th><td class="number">{row.size:,}</td>'
        f'<td class="number">{row.longest or f"&lt; {found.thresholds[0]}"}</td>'
        + "".join(f'<td class="number">{share:.1%}</td>' for share in row.shares)
        + "</tr>\n"
        for row in found.rows
    )
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">What</th>'
        f'<th scope="col" class="number">{found.unit}</th>'
        f'<th scope="col" class="number">longest run</th>{heads}'
        f"</tr></thead><tbody>\n{body}</tbody></table></div>\n"
    )


def _passages(found: Memorised) -> Iterator[str]:
    if not found.passages:
        yield _absent(f"No run of {found.thresholds[0]} {found.unit} was found.")
        return
    yield '<h3>The longest</h3>\n<ol class="passages">\n'
    for passage in found.passages:
        yield f"<li>{_passage(passage, found.unit)}</li>\n"
    yield "</ol>\n"


def _passage(passage: Passage, unit: str) -> str:
    said = f"{passage.length:,} {unit}: {passage.where}; {passage.corpus}"
    before, text, after = (escape(part) for part in (passage.before, passage.text, passage.after))
    return f"{escape(said)}<pre>{before}<mark>{text}</mark>{after}</pre>"
