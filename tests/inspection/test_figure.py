import io
import os
import warnings

import numpy as np
import pytest

from gen.inspection.figure import figure_png
from gen.inspection.findings import Findings
from tests.inspection.places import music_findings, text_findings


@pytest.mark.parametrize(
    "findings",
    [text_findings(), music_findings(), text_findings("a$^{b$ \\frac 漢\n" * 3, "a$^{b \\frac漢\n")],
    ids=["text", "music", "what a formula is written in"],
)
def test_a_picture_is_a_png_with_something_in_it(findings: Findings) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = figure_png(findings)
    from matplotlib.image import imread

    pixels = imread(io.BytesIO(drawn), format="png")
    assert drawn.startswith(b"\x89PNG")
    assert pixels.shape[:2] == (1900, 1400)
    read = pixels[30:240, 80:1300, :3]  # where the text or the notes stand
    assert (read.min(axis=-1) < 0.95).mean() > 0.005
    assert np.ptp(read, axis=-1).max() > 0.1  # in colour
    assert "MPLCONFIGDIR" in os.environ
