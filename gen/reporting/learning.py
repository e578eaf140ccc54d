"""How a run learned, for its page: curves of its log, their numbers, and what it wrote on the way."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from gen.reporting.charts import Curve, curves_chart, thinned
from gen.reporting.metrics import Metrics, Update

_MOST_ROWS = 120
_MOST_SAMPLES = 6


def learning(metrics: Metrics) -> str:
    """The section on learning, as HTML."""
    if not metrics.updates and not metrics.validations:
        return "<p>Nothing yet: the log is empty.</p>\n"
    return f"{_losses(metrics)}{_numbers(metrics)}{_pace(metrics.updates)}{_on_the_way(metrics)}"


def steps_a_second(updates: Sequence[Update]) -> list[tuple[float, float]]:
    """How fast it went from line to line of the log; where it was resumed, nothing is known."""
    return [
        (after.step, (after.step - before.step) / (after.elapsed_s - before.elapsed_s))
        for before, after in pairwise(updates)
        if after.elapsed_s > before.elapsed_s
    ]


def _losses(metrics: Metrics) -> str:
    ngram = [(each.step, each.ngram_nats) for each in metrics.validations if each.ngram_nats is not None]
    if len(ngram) == 1 and metrics.updates:  # a line from one end to the other, as it holds for all steps
        ngram = [(metrics.updates[0].step, ngram[0][1]), (metrics.updates[-1].step, ngram[0][1])]
    curves = [
        Curve("training", "training", [(each.step, each.loss) for each in metrics.updates]),
        Curve("validation", "validation", [(each.step, each.nats) for each in metrics.validations]),
        Curve("ngram", "an n-gram of the same training part, in validation", ngram),
    ]
    legend = "".join(f'<li class="{curve.style}">{curve.name}</li>' for curve in curves if curve.points)
    return (
        "<p>Loss in nats a token. In training values are dropped at random, so its loss can be the "
        "greater.</p>\n"
        f'<div class="chart">{curves_chart("losses", "Loss by steps, in nats a token", curves)}</div>\n'
        f'<ul class="legend">{legend}</ul>\n'
    )


def _numbers(metrics: Metrics) -> str:
    shown = thinned([(each.step, each.loss) for each in metrics.updates], _MOST_ROWS)
    rows = [(step, f"{loss:.4f}", "", "") for step, loss in shown]
    rows += [
        (
            float(each.step),
            "",
            f"{each.nats:.4f}{' (best)' if each.is_best else ''}",
            "" if each.ngram_nats is None else f"{each.ngram_nats:.4f}",
        )
        for each in metrics.validations[-_MOST_ROWS:]
    ]
    body = "".join(
        f'<tr><th scope="row" class="number">{step:,.0f}</th>'
        + "".join(f'<td class="number">{value}</td>' for value in values)
        + "</tr>\n"
        for step, *values in sorted(rows, key=lambda row: row[0])
    )
    heads = "".join(
        f'<th scope="col" class="number">{head}</th>' for head in ("step", "training", "validation", "n-gram")
    )
    return (
        '<details><summary>The losses in numbers</summary><div class="scroll rows"><table>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{body}</tbody></table></div></details>\n"
    )


def _pace(updates: Sequence[Update]) -> str:
    if len(updates) < 2:
        return ""
    rates = [Curve("training", "learning rate", [(each.step, each.learning_rate) for each in updates])]
    charts = [
        f"<h3>Learning rate</h3>\n"
        f'<div class="chart">{curves_chart("rates", "Learning rate by steps", rates, height=160)}</div>\n'
    ]
    if pace := steps_a_second(updates):
        curves = [Curve("training", "steps a second", pace)]
        charts.append(
            "<h3>Steps a second</h3>\n"
            "<p>Where the line falls, it validated, or the machine had other work.</p>\n"
            f'<div class="chart">{curves_chart("pace", "Steps a second", curves, height=160)}</div>\n'
        )
    return f"<details><summary>Learning rate and pace</summary>\n{''.join(charts)}</details>\n"


def _on_the_way(metrics: Metrics) -> str:
    told = [each for each in metrics.validations if each.sample]
    if not told:
        return ""
    last = len(told) - 1
    chosen = sorted({round(place * last / max(1, _MOST_SAMPLES - 1)) for place in range(_MOST_SAMPLES)})
    blocks = "".join(
        f"<h3>Step {told[place].step:,}: {told[place].nats:.4f} nats a token</h3>\n"
        f'<pre tabindex="0" aria-label="At step {told[place].step}">{escape(told[place].sample)}</pre>\n'
        for place in chosen
    )
    return f'<details class="way"><summary>What it wrote on the way</summary>\n{blocks}</details>\n'
