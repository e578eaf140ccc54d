"""Findings of models that nobody had to train."""

from typing import Any

from gen.checkpoint import Model
from gen.inspection.findings import Findings, look_inside
from gen.inspection.music import piece_passage
from gen.inspection.text import text_passage
from gen.kinds import tokenizer_of
from gen.score import Score
from gen.tokenizer.characters import CharacterTokenizer
from gen.tokenizer.notes import NotesTokenizer
from tests.tiny import LETTERS, tiny_model
from tests.tunes import duet, tune_model

TEXT = "the fox.\n\nit ran, and ran\nover the hill.\n"


def text_findings(
    text: str = TEXT, letters: str = LETTERS, layer: int | None = None, file: str = "m", **corpus: Any
) -> Findings:
    model = tiny_model(letters)
    tokenizer = CharacterTokenizer.from_json(model.tokenizer)
    passage = text_passage(text, tokenizer, lambda _: None)
    return look_inside(file, corpus, model.config, model.weights, tokenizer.tokens, passage, layer)


def music_findings(score: Score | None = None) -> Findings:
    score = score or duet(3)
    model: Model = tune_model([score])
    tokenizer = tokenizer_of(model.kind, model.tokenizer)
    assert isinstance(tokenizer, NotesTokenizer)
    passage = piece_passage(tokenizer.encode(score)[1:-1], tokenizer)
    return look_inside("m", {}, model.config, model.weights, tokenizer.tokens, passage, None)
