import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.checkpoint import weight_shapes
from gen.config import (
    MAX_LAYERS,
    MAX_PARTS,
    MAX_UNITS,
    MAX_VOCABULARY,
    ConfigError,
    ModelConfig,
    TrainingConfig,
)
from tests.training.tiny import FIELDS_ADDED_LATER

MODEL = ModelConfig(vocabulary_size=65, embedding_size=16, units=32, layers=2)
TRAINING = TrainingConfig(
    steps=100,
    batch_size=32,
    window=64,
    learning_rate=5e-3,
    dropout=0.3,
    weight_decay=0.01,
    gradient_norm=1.0,
    warmup_steps=10,
    validate_every=50,
    precision="float32",
    products="float32",
    parts=2,
    seed=0,
)

models = st.builds(
    ModelConfig,
    st.integers(1, MAX_VOCABULARY),
    st.integers(1, MAX_UNITS),
    st.integers(1, MAX_UNITS),
    st.integers(1, MAX_LAYERS),
)
counts = st.integers(1, 1 << 40)
trainings = st.builds(
    TrainingConfig,
    steps=counts,
    batch_size=st.integers(MAX_PARTS, 1 << 40),
    window=counts,
    learning_rate=st.floats(0, 10),
    dropout=st.floats(0, 0.95),
    weight_decay=st.floats(0, 10),
    gradient_norm=st.floats(0, 1e9),
    warmup_steps=st.integers(0, 1 << 40),
    validate_every=counts,
    precision=st.sampled_from(["float32", "bfloat16"]),
    products=st.sampled_from(["float32", "bfloat16"]),
    parts=st.integers(1, MAX_PARTS),
    seed=st.integers(0, (1 << 63) - 1),
    gradients=st.sampled_from(["float32", "bfloat16"]),
    input_dropout=st.none() | st.floats(0, 0.95),
    confidence_penalty=st.floats(0, 10),
)


@given(models | trainings)
def test_a_configuration_travels_as_json(config: ModelConfig | TrainingConfig) -> None:
    assert type(config).from_json(json.loads(json.dumps(config.to_json()))) == config


@given(st.integers(1, 50), st.integers(1, 20), st.integers(1, 20), st.integers(1, 4))
def test_the_number_of_parameters_is_that_of_the_tensors(
    vocabulary: int, embedding: int, units: int, layers: int
) -> None:
    config = ModelConfig(vocabulary, embedding, units, layers)
    assert config.parameters() == sum(math.prod(shape) for shape in weight_shapes(config).values())


def test_the_first_layer_reads_the_embedding_and_the_others_the_layer_below() -> None:
    assert [MODEL.input_size(layer) for layer in range(2)] == [16, 32]


@pytest.mark.parametrize(
    ("config", "field", "bad"),
    [
        *((MODEL, name, bad) for name in ("vocabulary_size", "units", "layers") for bad in (0, -1, 1.0)),
        (MODEL, "vocabulary_size", MAX_VOCABULARY + 1),
        (MODEL, "embedding_size", MAX_UNITS + 1),
        (MODEL, "units", 400_000_000),
        (MODEL, "layers", MAX_LAYERS + 1),
        (MODEL, "layers", True),
        (MODEL, "units", "32"),
        (MODEL, "units", None),
        *((TRAINING, name, 0) for name in ("steps", "batch_size", "window", "validate_every", "parts")),
        *((TRAINING, name, (1 << 40) + 1) for name in ("steps", "window", "warmup_steps")),
        (TRAINING, "warmup_steps", -1),
        (TRAINING, "seed", 1 << 63),
        (TRAINING, "seed", -1),
        (TRAINING, "dropout", 0.96),
        (TRAINING, "dropout", -0.1),
        (TRAINING, "input_dropout", 0.96),
        (TRAINING, "input_dropout", "0.1"),
        (TRAINING, "confidence_penalty", -0.1),
        (TRAINING, "confidence_penalty", None),
        (TRAINING, "learning_rate", 10.5),
        (TRAINING, "learning_rate", math.nan),
        (TRAINING, "weight_decay", math.inf),
        (TRAINING, "gradient_norm", -1),
        (TRAINING, "gradient_norm", "1"),
        (TRAINING, "gradient_norm", True),
        (TRAINING, "precision", "float64"),
        (TRAINING, "precision", None),
        (TRAINING, "gradients", "float16"),
        (TRAINING, "gradients", None),
    ],
)
def test_a_field_out_of_bounds_or_of_the_wrong_type_is_refused_by_name(
    config: Any, field: str, bad: object
) -> None:
    fields = json.loads(json.dumps(config.to_json()))
    with pytest.raises(ConfigError, match=field):
        type(config).from_json(fields | {field: bad})


@pytest.mark.parametrize("config", [MODEL, TRAINING])
def test_a_missing_or_unknown_field_is_refused_by_name(config: Any) -> None:
    for field in config.to_json().keys() - FIELDS_ADDED_LATER:
        fields = config.to_json()
        del fields[field]
        with pytest.raises(ConfigError, match=f"lacks {field}"):
            type(config).from_json(fields)
    with pytest.raises(ConfigError, match="peephole"):
        type(config).from_json(config.to_json() | {"peephole": True})


def test_a_configuration_of_before_gradients_could_be_rounded_had_them_in_float32() -> None:
    rounded = dataclasses.replace(TRAINING, gradients="bfloat16")
    fields = rounded.to_json()
    assert fields.pop("gradients") == "bfloat16"
    assert TrainingConfig.from_json(fields) == TRAINING != rounded
    assert "gradients" not in fields


def test_a_configuration_of_before_the_input_had_a_rate_of_its_own_has_the_one_of_all() -> None:
    fields = dataclasses.replace(TRAINING, input_dropout=0.1).to_json()
    assert fields.pop("input_dropout") == 0.1
    assert TrainingConfig.from_json(fields) == TRAINING


def test_a_configuration_of_before_confidence_had_a_price_has_none() -> None:
    fields = dataclasses.replace(TRAINING, confidence_penalty=0.1).to_json()
    assert fields.pop("confidence_penalty") == 0.1
    assert TrainingConfig.from_json(fields) == dataclasses.replace(TRAINING, confidence_penalty=0.0)


@pytest.mark.parametrize("fields", [None, [], "{}", 3])
def test_json_that_is_no_object_is_refused(fields: object) -> None:
    with pytest.raises(ConfigError, match="JSON object"):
        ModelConfig.from_json(fields)


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODEL.units = 64  # type: ignore[misc]
