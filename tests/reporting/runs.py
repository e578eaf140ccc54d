"""Folders of runs that nobody had to train: a model, its corpus in the cache, a log."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from gen.checkpoint import save_model
from gen.dataset.prepare import prepare
from tests.tiny import random_weights, tiny_model
from tests.training.tiny import words
from tests.tunes import put_tunes, tune_model

NGRAM = {"order": 8, "learned_tokens": 900, "nats_per_token": 2.25, "bits_per_character": 3.2}


def update(step: int, loss: float, **changes: Any) -> dict[str, Any]:
    fields = {"loss": loss, "gradient_norm": 0.5, "learning_rate": 0.001 * step, "elapsed_s": step / 10}
    return {"event": "train", "step": step, **fields, **changes}


def validation(step: int, nats: float, **changes: Any) -> dict[str, Any]:
    fields = {"nats_per_token": nats, "tokens": 90, "best": True, "sample": f"at {step}", "ngram": NGRAM}
    return {
        "event": "validation",
        "step": step,
        **fields,
        "verdict": "good",
        "elapsed_s": step / 10,
        **changes,
    }


def put_log(folder: Path, *rows: dict[str, Any] | str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "metrics.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


LOG = (update(10, 4.0), update(20, 3.0), validation(20, 2.5), update(30, 2.75), validation(30, 2.0))


def put_text_run(folder: Path, text: str | None = None, **corpus: Any) -> Path:
    """A run over random words, which lie in the file beside it and, as ids, in the cache."""
    file = folder.with_suffix(".txt")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(words(3000) if text is None else text, "utf-8")
    dataset = prepare((file,), None)
    made = tiny_model(letters="".join(dataset.tokenizer.tokens))
    told = {"name": "words", "licence": "CC0", "training_tokens": dataset.training.tokens}
    model = replace(
        made,
        tokenizer=dataset.tokenizer.to_json(),
        corpus={**told, "digest": dataset.digest, **corpus},
        training={
            **made.training,
            "verdict": "better than an 8-gram by 0.25 bits a character",
            "ngram": NGRAM,
        },
    )
    put_log(folder, *LOG)
    save_model(folder / "best.safetensors", model)
    return folder


def put_music_run(folder: Path) -> Path:
    """A run over a few made-up tunes."""
    tunes = put_tunes(folder.with_name("tunes"), 12)
    dataset = prepare(tuple(sorted(tunes.glob("*.mid"))), None, kind="music")
    made = tune_model()
    config = replace(made.config, vocabulary_size=len(dataset.tokenizer.tokens))
    model = replace(
        made,
        config=config,
        tokenizer=dataset.tokenizer.to_json(),
        weights=random_weights(config, 1),
        corpus={**made.corpus, "digest": dataset.digest},
    )
    put_log(folder, *LOG)
    save_model(folder / "best.safetensors", model)
    return folder
