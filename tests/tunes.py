"""Made-up tunes: four bars of 4/4 in a scale, different for each seed."""

import random
from pathlib import Path

import numpy as np

from gen.checkpoint import Model, save_model
from gen.config import ModelConfig
from gen.export.midi import write_midi
from gen.score import Key, Metre, Part, Score, Tempo, make_score
from gen.tokenizer.notes import NotesTokenizer
from tests.tiny import random_weights

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)


def tune(seed: int, bars: int = 4, program: int = 40) -> Score:
    draw = random.Random(seed)
    notes, onset = [], 0
    while onset < 96 * bars:
        duration = min(draw.choice((12, 24, 48)), 96 * bars - onset)
        notes.append((onset, duration, draw.choice(SCALE), 72, 0))
        onset += duration
    return make_score(
        notes, [Part(program)], tempos=[Tempo(0, 96)], metres=[Metre(0, 4, 4)], keys=[Key(0, 0)]
    ).score


def duet(seed: int) -> Score:
    """Two parts and drums."""
    upper, lower = tune(seed), tune(seed + 1000)
    low = lower.notes + np.array([0, 0, -12, 0, 1])
    drums = [(onset, 6, 36, 72, 2) for onset in range(0, 384, 24)]
    return make_score(
        [*upper.notes.tolist(), *low.tolist(), *drums], [Part(0), Part(32), Part(0, is_drums=True)]
    ).score


def put_tunes(folder: Path, number: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(number):
        write_midi(tune(seed), folder / f"{seed:03}.mid")
    return folder


def tune_model(scores: list[Score] | None = None, seed: int = 1, scale: float = 0.5) -> Model:
    """A model of music that has learned nothing."""
    tokenizer = NotesTokenizer.learn(scores or [tune(number) for number in range(12)])
    config = ModelConfig(len(tokenizer.tokens), 5, 8, 1)
    corpus = {"name": "tunes", "licence": "CC0", "training_tokens": 999}
    return Model("music", config, tokenizer.to_json(), random_weights(config, seed, scale), corpus, {})


def put_tune_model(path: Path, model: Model | None = None) -> Path:
    save_model(path, model or tune_model())
    return path
