"""Music beside its corpus, counted note by note; a melody is the same in every key."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given

from gen.comparison import music as music_module
from gen.comparison.comparison import Item, Parts
from gen.comparison.music import MusicCounts, compare_music, lines
from gen.dataset.token_file import encode_to_file
from gen.pages.music_json import score_from_json
from gen.sampler.forward import Network
from gen.score import PITCH, Part, Score, make_score
from gen.tokenizer.notes import NotesTokenizer
from tests.scores import melodies, scores
from tests.tunes import tune, tune_model


def quietly(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    yield from items


def higher(score: Score, semitones: int) -> Score:
    notes = score.notes.copy()
    notes[:, PITCH] += semitones
    return replace(score, notes=notes)


@given(scores())
def test_counts_are_those_of_the_notes(score: Score) -> None:
    counts = MusicCounts()
    counts.add(score)
    pitches: Counter[int] = Counter()
    durations: Counter[int] = Counter()
    intervals: Counter[int] = Counter()
    tops: dict[int, dict[int, int]] = {}
    for onset, duration, pitch, _, part in score.notes.tolist():
        durations[duration] += 1
        if not score.parts[part].is_drums:
            pitches[pitch % 12] += 1
            top = tops.setdefault(part, {})
            top[onset] = max(top.get(onset, 0), pitch)
    for top in tops.values():
        line = [top[onset] for onset in sorted(top)]
        intervals.update(after - before for before, after in pairwise(line))
    assert counts.counts == (pitches, intervals, durations)


@given(melodies(min_notes=2))
def test_a_melody_is_told_alike_in_every_key_and_otherwise_in_another_rhythm(score: Score) -> None:
    [line], [moved] = lines(score), lines(higher(score, 5))
    assert line.steps().tolist() == moved.steps().tolist()
    [turned] = lines(higher(score, 0))
    turned.notes[-1, PITCH] += 1
    assert line.steps().tolist() != turned.steps().tolist()
    slower = score.notes * np.array([2, 2, 1, 1, 1], np.int32)
    [slow] = lines(make_score(slower, score.parts).score)
    assert line.steps().tolist() != slow.steps().tolist()


def parts_of(folder: Path, training: list[Score], held_out: list[Score]) -> tuple[NotesTokenizer, Parts]:
    tokenizer = NotesTokenizer.learn(training, held_out)
    learned, rest = (
        encode_to_file(pieces, tokenizer, folder / f"{name}.ids")
        for name, pieces in (("training", training), ("validation", held_out))
    )
    return tokenizer, Parts(learned, rest)


def network_of(training: list[Score]) -> Network:
    model = tune_model(training)
    return Network(model.config, model.weights)


def test_a_model_is_laid_beside_its_corpus(tmp_path: Path) -> None:
    training = [tune(seed) for seed in range(12)]
    tokenizer, parts = parts_of(tmp_path, training, [tune(100), tune(101)])
    found = compare_music(network_of([*training, tune(100), tune(101)]), tokenizer, parts, quietly)
    written = [score_from_json(music) for music in found.samples[2].written]
    classes, intervals, durations = found.histograms
    expected = Counter(pitch % 12 for piece in training for pitch in piece.notes[:, PITCH].tolist())
    assert classes.corpus == tuple(expected[number] for number in range(len(classes.labels)))
    ours = Counter(pitch % 12 for piece in written for pitch in piece.notes[:, PITCH].tolist())
    assert classes.output == tuple(ours[number] for number in range(len(classes.labels)))
    assert sum(durations.corpus or ()) == sum(len(piece.notes) for piece in training)
    assert sum(intervals.corpus or ()) == sum(len(piece.notes) - 1 for piece in training)
    assert dict(zip(durations.labels, durations.corpus or (), strict=True))["2"] == sum(
        int((piece.notes[:, 1] == 48).sum()) for piece in training
    )
    assert found.memorised is not None
    assert found.memorised.rows[-1].size == len(tune(100).notes) + len(tune(101).notes)
    assert found.corpus_read == "all of it"


def test_a_melody_that_a_model_copies_is_found_out_in_another_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = [tune(seed, bars=16) for seed in range(8)]
    tokenizer, parts = parts_of(tmp_path, training, [tune(100)])
    monkeypatch.setattr(music_module, "_pieces", lambda *_: [higher(training[5], -3), tune(200)])
    found = compare_music(network_of(training), tokenizer, parts, quietly).memorised
    assert found is not None
    notes = len(training[5].notes)
    assert found.rows[0].longest == notes
    assert found.rows[0].shares[2] >= notes / found.rows[0].size
    assert found.passages[0].corpus == "piece 6 of the training part"
    assert found.passages[0].where == "piece 1 of those at temperature 0.5, from quarter 0"
    assert found.rows[0].size == notes + len(tune(200).notes)


def test_no_melody_goes_from_one_piece_to_the_next_or_from_part_to_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tune(1, bars=2), tune(2, bars=2)
    joined = np.concatenate([first.notes, second.notes + np.array([192, 0, 0, 0, 0], np.int32)])
    tokenizer, parts = parts_of(tmp_path, [first, second], [tune(3)])
    both = make_score(joined, [Part(40)]).score
    # the same steps as of the two one after the other: the last note of one is the first of the other
    moved = second.notes + (first.notes[-1] - second.notes[0]) * np.array([1, 0, 1, 0, 0], np.int32)
    bridged = make_score([*first.notes[:-1].tolist(), *moved.tolist()], [Part(40)]).score
    monkeypatch.setattr(music_module, "_pieces", lambda *_: [both, bridged])
    monkeypatch.setattr(music_module, "THRESHOLDS", (2, 3, 4))
    found = compare_music(network_of([first, second]), tokenizer, parts, quietly).memorised
    assert found is not None
    assert found.rows[0].longest == max(len(first.notes), len(second.notes))
    assert found.rows[0].shares[0] == 1.0


def test_without_a_corpus_there_is_what_was_written_alone() -> None:
    model = tune_model()
    tokenizer = NotesTokenizer.from_json(model.tokenizer)
    found = compare_music(Network(model.config, model.weights), tokenizer, None, quietly)
    assert (found.memorised, found.distances) == (None, {})
    assert all(each.corpus is None for each in found.histograms)
    assert len(found.samples) == 4
