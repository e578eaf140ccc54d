"""What a look inside finds, in some lines for the terminal."""

from collections.abc import Iterator
from typing import Any

from gen.inspection.findings import Findings, tracker
from gen.streams import one_line

_MOST_SECTIONS = 24
_NAME_WIDTH = 68


def summary(findings: Findings) -> Iterator[str]:
    """The surprise by line or bar, the best tracker of each count, and how far back the gradient reaches."""
    passage = findings.passage
    unit = passage.unit
    yield f"read        {how_much(findings)}"
    yield f"layer       {findings.layer} of {findings.config.layers}, {findings.config.units} units"
    if findings.bits_per_unit is not None:
        yield f"surprise    {findings.bits_per_unit:.3f} bits a {unit}"
    yield ""
    yield f"bits a {unit}"
    shown = list(zip(passage.sections, findings.section_bits, strict=True))
    for section, bits in shown[:_MOST_SECTIONS]:
        # a prompt can hold what would drive the terminal
        name = one_line(section.name)
        name = name[:_NAME_WIDTH] + "…" if len(name) > _NAME_WIDTH else name
        yield f"{_number(bits, 6)}  {name}".rstrip()
    if len(shown) > _MOST_SECTIONS:
        yield f"     …  {len(shown) - _MOST_SECTIONS} more"
    yield ""
    yield f"{'count':<20}unit      r   first half   second half"
    for name, tracking in findings.tracking.items():
        best = tracker(tracking, tracking.best(1)[0])
        yield (
            f"{name:<20}{best['unit']:>4}  {best['r']:5.2f}   {_number(best['first_half'], 10)}"
            f"   {_number(best['second_half'], 11)}"
        )
    if unchanging := [name for name in passage.counted if name not in findings.tracking]:
        yield f"nothing to track: {', '.join(unchanging)}"
    yield ""
    yield from _gradient(findings.gradient_json())


def how_much(findings: Findings) -> str:
    """How much was read: `1,203 characters`, `the first 2,000 of 1,115,394 characters`."""
    passage = findings.passage
    read = int(passage.completes.sum()) if passage.kind == "text" else len(passage.ids)
    if passage.is_cut:
        return f"the first {read:,} of {passage.whole:,} {passage.measure}"
    return f"{read:,} {passage.measure}"


def _gradient(gradient: dict[str, Any]) -> Iterator[str]:
    farthest = len(gradient["input"]) - 1
    yield f"gradient    of {gradient['positions']} predictions, followed {farthest} steps back"
    for name, words in (("input", "at the input"), ("h", "at h"), ("C", "at C, the memory")):
        half, norms = gradient["half_distance"][name], gradient[name]
        left = f"{norms[-1] / norms[0]:.1e} of it at the farthest" if norms[0] > 0 else "none"
        when = "half of it is left all the way" if half is None else f"less than half after {half} steps"
        yield f"            {words:<17} {when}; {left}"
    yield (
        f"memory      after {farthest} steps the forget gates leave {gradient['kept_mean'][-1]:.1e} of the "
        f"mean unit's, {gradient['kept_most'][-1]:.1e} of the most lasting one's"
    )


def _number(value: float | None, width: int) -> str:
    return "–".rjust(width) if value is None else f"{value:{width}.2f}"
