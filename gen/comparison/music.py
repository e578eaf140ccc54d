"""What a model of music writes beside its corpus: pitches, intervals, durations, melodies it has by heart.

A melody is told by the steps from note to note of a part: how many semitones, and how long until the next
note begins. So it is the same melody in every key. Of notes struck together the highest counts; drums have
none.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gen.comparison.comparison import (
    LIKE_THE_CORPUS,
    MOST_PASSAGES,
    SEED,
    TEMPERATURES,
    Comparison,
    Ids,
    Memorised,
    Parts,
    Passage,
    Sample,
    ShowProgress,
    copied_rows,
    sample_options,
)
from gen.comparison.copied import BREAK, Copied, Run, find_copied
from gen.comparison.histograms import Histogram, histogram, total_variation
from gen.comparison.suffixes import Symbols
from gen.export.roll import pitch_name
from gen.pages.music_json import music_json
from gen.sampler.choose import Choices
from gen.sampler.forward import Network
from gen.score import DURATION, ONSET, PART, PITCH, TICKS_PER_QUARTER, Score
from gen.tokenizer.notes import NotesTokenizer
from gen.writing.music import write_music
from gen.writing.request import Request

LENGTH, COUNT = 600, 4
THRESHOLDS = (8, 16, 32)
NAMES = ("pitch classes", "intervals", "durations")
UNITS = ("", "semitones", "quarters")
_TRANSPOSED = "The model learns the pieces in other keys, too, and so it writes in other keys than theirs."
MOST_TOKENS = 1_000_000  # of the corpus, decoded to scores
MOST_DURATIONS, WIDEST = 16, 12
_PITCH_CLASSES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
_LONGEST_STEP = 1 << 20  # ticks; a melody does not go on over a longer silence
_NAMED_NOTES = 40


@dataclass(frozen=True)
class Line:
    """The notes of a part, of those struck together the highest: rows of `Score.notes`."""

    notes: NDArray[np.int32]

    def steps(self) -> Symbols:
        """From each note to the next: the interval and the time until it begins, as one number."""
        intervals = np.diff(self.notes[:, PITCH].astype(np.int64))
        times = np.minimum(np.diff(self.notes[:, ONSET].astype(np.int64)), _LONGEST_STEP)
        return (times * 256 + intervals + 127).astype(np.uint32)


class MusicCounts:
    """How often each pitch class, interval and duration occurs."""

    def __init__(self) -> None:
        self.counts: tuple[Counter[int], Counter[int], Counter[int]] = (Counter(), Counter(), Counter())

    def add(self, score: Score) -> None:
        """Count a piece; drums have neither pitch nor interval."""
        pitched = np.array([not part.is_drums for part in score.parts], bool)
        if len(score.notes):
            notes = score.notes[pitched[score.notes[:, PART]]]
            self.counts[0].update((notes[:, PITCH] % 12).tolist())
            self.counts[2].update(score.notes[:, DURATION].tolist())
        for line in lines(score):
            self.counts[1].update(np.diff(line.notes[:, PITCH]).tolist())


def lines(score: Score) -> Iterator[Line]:
    """The melodies of a piece, one for each part but drums."""
    for number, part in enumerate(score.parts):
        if part.is_drums:
            continue
        notes = score.notes[score.notes[:, PART] == number]  # by onset, then by pitch
        yield Line(notes[np.append(notes[1:, ONSET] != notes[:-1, ONSET], [True])])


def compare_music(
    network: Network, tokenizer: NotesTokenizer, parts: Parts | None, show_progress: ShowProgress
) -> Comparison:
    """Write at several temperatures, and lay what was written beside the corpus.

    Args:
        network: The model.
        tokenizer: Its vocabulary.
        parts: What it learned from and what was held out; None where that is not there.
        show_progress: Shows how far it is, where that takes long.
    """
    written = {
        temperature: _pieces(network, tokenizer, temperature)
        for temperature in show_progress(TEMPERATURES, len(TEMPERATURES), "sample")
    }
    samples = tuple(_sample(temperature, pieces) for temperature, pieces in written.items())
    counts = {temperature: _counted(pieces) for temperature, pieces in written.items()}
    if parts is None:
        return Comparison(samples, _histograms(counts[LIKE_THE_CORPUS], None, None), {}, None, "")
    held_out = [score for score, _ in zip(_scores(parts.held_out, tokenizer), range(COUNT), strict=False)]
    number = len(parts.training.bounds(MOST_TOKENS)[0])
    corpus = list(show_progress(_scores(parts.training, tokenizer), number, "piece of the corpus"))
    of_corpus = _counted(corpus)
    distances = {
        temperature: tuple(map(distance, counted.counts, of_corpus.counts))
        for temperature, counted in counts.items()
    }
    return Comparison(
        samples,
        _histograms(counts[LIKE_THE_CORPUS], of_corpus, _counted(held_out)),
        distances,
        _memorised(written, held_out, corpus),
        "all of it" if number == len(parts.training.bounds()[0]) else f"the first {number:,} pieces",
        _TRANSPOSED if tokenizer.transpose else "",
    )


def _scores(ids: Ids, tokenizer: NotesTokenizer) -> Iterator[Score]:
    opened = ids.opened()
    for begin, end in zip(*ids.bounds(MOST_TOKENS), strict=True):
        yield tokenizer.decode(np.array(opened[begin:end], np.int32))


def _pieces(network: Network, tokenizer: NotesTokenizer, temperature: float) -> list[Score]:
    request = Request(Choices((temperature, temperature)), length=LENGTH, count=COUNT, seed=SEED)
    return [piece.score for piece in write_music(network, tokenizer, np.zeros(0, np.int32), request)]


def _sample(temperature: float, pieces: list[Score]) -> Sample:
    options = sample_options(temperature, LENGTH, COUNT)
    return Sample(temperature, (*options, "--out", "piece.mid"), tuple(map(music_json, pieces)))


def _counted(scores: Iterable[Score]) -> MusicCounts:
    counts = MusicCounts()
    for score in scores:
        counts.add(score)
    return counts


def distance(one: Counter[int], other: Counter[int]) -> float:
    """Total variation between two histograms; see `total_variation`."""
    values = sorted(one.keys() | other.keys())
    return total_variation([one[value] for value in values], [other[value] for value in values])


def _histograms(
    output: MusicCounts, corpus: MusicCounts | None, held_out: MusicCounts | None
) -> tuple[Histogram, ...]:
    def made(place: int, shown: list[int], labels: list[str]) -> Histogram:
        there = [counts.counts[place] for counts in (output, corpus, held_out) if counts is not None]
        values = sorted({value for counter in there for value in counter} | set(shown))
        lists = [[counter[value] for value in values] for counter in there]
        places = [values.index(value) for value in shown]
        of_corpus, of_held_out = lists[1:] or (None, None)
        return histogram(NAMES[place], UNITS[place], labels, lists[0], of_corpus, of_held_out, places)

    common = output if corpus is None else corpus
    durations = sorted(value for value, _ in common.counts[2].most_common(MOST_DURATIONS))
    intervals = list(range(-WIDEST, WIDEST + 1))
    return (
        made(0, list(range(12)), list(_PITCH_CLASSES)),
        made(1, intervals, [f"{interval:+d}" if interval else "0" for interval in intervals]),
        made(2, durations, [f"{ticks / TICKS_PER_QUARTER:.3g}" for ticks in durations]),
    )


def _memorised(written: dict[float, list[Score]], held_out: list[Score], corpus: list[Score]) -> Memorised:
    rows: dict[str, list[int]] = {}
    found: list[tuple[str, Line]] = []
    groups = {f"temperature {temperature:g}": pieces for temperature, pieces in written.items()}
    for name, pieces in {**groups, "the part held out": held_out}.items():
        rows[name] = []
        for number, piece in enumerate(pieces, 1):
            for line in lines(piece):
                rows[name].append(len(found))
                found.append((f"piece {number} of those at {name}", line))
    breaks = np.array([BREAK], np.uint32)
    chunks = [[step for line in lines(piece) for step in (line.steps(), breaks)] for piece in corpus]
    starts = np.cumsum([0, *(sum(map(len, chunk)) for chunk in chunks)])
    copied = find_copied(
        [line.steps() for _, line in found],
        [np.concatenate([step for chunk in chunks for step in chunk] or [breaks])],
        THRESHOLDS[0] - 1,
    )
    # between so many notes there is one step fewer
    as_notes = Copied(
        tuple(lengths + (lengths > 0) for lengths in copied.lengths), copied.places, copied.complete
    )
    sizes = {name: sum(len(found[text][1].notes) for text in texts) for name, texts in rows.items()}
    of_output = len(found) - len(rows["the part held out"])
    runs = Copied(copied.lengths[:of_output], copied.places[:of_output], copied.complete)
    return Memorised(
        "notes",
        THRESHOLDS,
        copied_rows(_over_notes(as_notes), rows, THRESHOLDS, sizes),
        tuple(_passage(run, *found[run.text], starts) for run in runs.longest(MOST_PASSAGES)),
        copied.complete,
    )


def _over_notes(copied: Copied) -> Copied:
    """Lengths by note, not by step: the last note of a line begins no run."""
    none = np.zeros(1, np.int64)
    return Copied(
        tuple(np.append(lengths, none) for lengths in copied.lengths),
        tuple(np.append(places, none) for places in copied.places),
        copied.complete,
    )


def _passage(run: Run, where: str, line: Line, starts: NDArray[np.int64]) -> Passage:
    notes = line.notes[run.start : run.start + run.length + 1]
    begin = int(notes[0, ONSET])
    names = " ".join(
        f"{pitch_name(pitch)}·{duration / TICKS_PER_QUARTER:.3g}"
        for pitch, duration in notes[:_NAMED_NOTES, [PITCH, DURATION]].tolist()
    )
    return Passage(
        f"{where}, from quarter {begin / TICKS_PER_QUARTER:.4g}",
        f"piece {int(np.searchsorted(starts, run.place, 'right'))} of the training part",
        len(notes),
        "",
        names,
        " …" if len(notes) > _NAMED_NOTES else "",
    )
