"""A model small enough to make in a millisecond: random weights, distinct in every gate, no training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from gen.checkpoint import Model, save_model, weight_shapes
from gen.config import ModelConfig
from gen.tensor_file import sha256_of_metadata, sha256_of_tensors
from gen.tokenizer.characters import CharacterTokenizer

LETTERS = "\n ,.Tabcdefghijklmnopqrstuvwxyz"


def random_weights(config: ModelConfig, seed: int = 0, scale: float = 0.5) -> dict[str, NDArray[np.float32]]:
    generator = np.random.default_rng(seed)
    return {
        name: (scale * generator.standard_normal(shape)).astype(np.float32)
        for name, shape in weight_shapes(config).items()
    }


def tiny_model(letters: str = LETTERS, rare: str = "", layers: int = 2, seed: int = 0) -> Model:
    """Writes with `letters`, and spells in bytes where `rare` names characters besides."""
    tokenizer = CharacterTokenizer.learn([letters], [rare])
    config = ModelConfig(len(tokenizer.tokens), 5, 8, layers)
    corpus = {"name": "letters", "licence": "CC0", "training_tokens": 1234}
    training = {"step": 7, "config": {"steps": 9, "precision": "float32"}, "validation_nats_per_token": 1.5}
    return Model("text", config, tokenizer.to_json(), random_weights(config, seed), corpus, training)


def put_model(path: Path, model: Model | None = None) -> Path:
    save_model(path, model or tiny_model())
    return path


def contents(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Metadata and tensors by safetensors' own reader."""
    with safetensors.safe_open(path, framework="numpy") as opened:
        about = json.loads(opened.metadata()["gen"])
    return about, safetensors.numpy.load_file(path)


def sign(path: Path, about: dict[str, Any], tensors: dict[str, NDArray[Any]]) -> Path:
    """Write any metadata and any tensors, as no release would, with checksums that are right for them."""
    signed = {**about, "sha256": sha256_of_tensors(tensors)}
    signed["metadata_sha256"] = sha256_of_metadata(signed)
    safetensors.numpy.save_file(tensors, path, {"gen": json.dumps(signed)})
    return path
