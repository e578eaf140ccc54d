"""A look inside as one page that needs nothing else; see `gen.pages.self_contained`.

The six quantities are rounded to 1/63, which is finer than the eye tells colours: a gate from 0 to 1; the
candidate and h from -1 to 1; C as a share of the largest it gets in its unit. They stand unit by unit, a byte
each, deflated, in base64: 2,000 characters and 512 units take less than six megabytes.
"""

import base64
import html
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gen.inspection.chart import gradient_chart
from gen.inspection.findings import Findings, tracker
from gen.inspection.summary import how_much
from gen.model.cell import Step
from gen.pages.self_contained import in_script, packaged, palette, self_contained

LEVELS = 63
_GATES = ("f", "i", "o")


def page(findings: Findings) -> str:
    """The page, in UTF-8."""
    slots = {
        "about": _about(findings),
        "what": "text" if findings.passage.kind == "text" else "music",
        "last_unit": str(findings.config.units - 1),
        "last_token": str(len(findings.passage.ids) - 1),
        "unit_word": findings.passage.unit,
        "section_word": "line" if findings.passage.kind == "text" else "bar",
        "trackers": "".join(_tracker_rows(findings)),
        "sections": "".join(_section_rows(findings)),
        "chart": gradient_chart(findings.gradient_json()),
        "data": in_script(_data(findings)),
    }
    return self_contained(
        packaged(__package__, "page.html"),
        slots,
        style=palette() + packaged(__package__, "page.css"),
        script=packaged(__package__, "pictures.js") + packaged(__package__, "page.js"),
    )


def quantised(step: Step) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The six quantities in whole numbers, `(6, H, T)`, and what 1 stands for in C of each unit, `(H,)`."""
    largest = np.abs(step.C.astype(np.float64)).max(axis=0)
    scales = np.where(largest > 0, largest, 1.0)
    planes = []
    for name, values in step._asdict().items():
        exact = values.astype(np.float64) / (scales if name == "C" else 1)
        planes.append(exact * LEVELS if name in _GATES else exact * LEVELS + LEVELS)
    return np.stack(planes).transpose(0, 2, 1).round().astype(np.uint8), scales


def _data(findings: Findings) -> dict[str, Any]:
    passage = findings.passage
    planes, scales = quantised(findings.step)
    shares = np.round(findings.foretold.shares * 100).astype(int)
    return {
        "kind": passage.kind,
        "units": findings.config.units,
        "labels": list(passage.labels),
        "bits": np.round(findings.foretold.bits, 2).tolist(),
        "surprise": np.round(_shown_bits(findings), 2).tolist(),
        "guesses": [
            [
                [findings.tokens[number], share]
                for number, share in zip(row.tolist(), of.tolist(), strict=True)
            ]
            for row, of in zip(findings.foretold.guesses, shares, strict=True)
        ],
        "correlations": {name: np.round(found.r, 3).tolist() for name, found in findings.tracking.items()},
        "counted": {
            name: [None if np.isnan(count) else count for count in counts.tolist()]
            for name, counts in passage.counted.items()
        },
        "roll": [list(note) for note in passage.roll],
        "ticks": list(passage.ticks),
        "bars": [section.first for section in passage.sections] if passage.roll else [],
        "quantities": Step._fields,
        "gates": _GATES,
        "levels": LEVELS,
        "scales": [float(f"{scale:.4g}") for scale in scales],
        "planes": base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode(),
    }


def _shown_bits(findings: Findings) -> NDArray[np.float64]:
    """The surprise of each token; of one that completes a character or note, that of the whole of it."""
    bits = findings.foretold.bits.copy()
    bits[findings.passage.completes] = findings.unit_bits
    return bits


def _about(findings: Findings) -> str:
    """What was read with what, in a sentence; a model file can claim any name."""
    corpus = findings.corpus.get("name")
    learned = f", which learned from {corpus}" if isinstance(corpus, str) and corpus else ""
    layers = (
        f"layer {findings.layer} of its {findings.config.layers}"
        if findings.config.layers > 1
        else "its layer"
    )
    surprise = findings.bits_per_unit
    said = "" if surprise is None else f" {surprise:.3f} bits a {findings.passage.unit}."
    units = f"{findings.config.units} units, reading {how_much(findings)}"
    return html.escape(f"{findings.model}{learned}; {layers}, {units}.{said}")


def _tracker_rows(findings: Findings) -> Iterator[str]:
    for name, tracking in findings.tracking.items():
        for place, unit in enumerate(tracking.best()):
            found = tracker(tracking, unit)
            halves = (found["first_half"], found["second_half"])
            cells = [f"{found['r']:.2f}", *("–" if half is None else f"{half:.2f}" for half in halves)]
            heading = f'<th scope="row">{html.escape(name) if place == 0 else ""}</th>'
            label = html.escape(f"unit {unit}, {name}")
            button = f'<td><button type="button" data-unit="{unit}" aria-label="{label}">{unit}</button></td>'
            yield f"<tr>{heading}{button}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _section_rows(findings: Findings) -> Iterator[str]:
    for section, bits in zip(findings.passage.sections, findings.section_bits, strict=True):
        value = "–" if bits is None else f"{bits:.2f}"
        yield f'<tr><td>{value}</td><th scope="row">{html.escape(section.name)}</th></tr>\n'
