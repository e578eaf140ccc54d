"""What a file of MIDI can cost at most, however it was made: two seconds of a processor and 300 MB."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.corpus.hostile_midi import AT_BOUNDS, HOSTILE

PROGRAM = """
import json, time
from pathlib import Path
from gen.corpus.midi import read_midi
from gen.corpus.piece import UnreadableError
from tests.corpus.hostile_midi import AT_BOUNDS, GOOD, HOSTILE

read_midi(GOOD)  # music21 is loaded here
seconds, outcomes = {}, {}
for name, content in {**AT_BOUNDS, **{name: content for name, (content, _) in HOSTILE.items()}}.items():
    begun = time.process_time()
    try:
        outcomes[name] = len(read_midi(content).score.notes)
    except UnreadableError:
        outcomes[name] = None
    seconds[name] = time.process_time() - begun
# not ru_maxrss, in which the process that started this one counts
[peak] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(json.dumps({"seconds": seconds, "outcomes": outcomes, "peak_bytes": int(peak.split()[1]) * 1024}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says it")
def test_no_file_takes_longer_than_two_seconds_or_more_than_300_megabytes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    found = json.loads(done.stdout)
    assert all(found["outcomes"][name] is None for name in HOSTILE)
    assert all(found["outcomes"][name] for name in AT_BOUNDS)
    # of the processor, not of the clock: other work on the machine does not count
    assert {name: taken for name, taken in found["seconds"].items() if taken >= 2} == {}
    assert found["peak_bytes"] < 300_000_000
