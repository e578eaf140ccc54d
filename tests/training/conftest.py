"""One compiled network for every run of these tests: compiling takes longer than training."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gen.checkpoint import Model
from gen.config import ModelConfig
from gen.dataset.prepare import Dataset
from gen.evaluation.passes import Evaluator
from gen.evaluation.reference import Reference
from gen.model.network import Network
from gen.training.loop import Clock, Trainer
from gen.training.run import RunFolder
from gen.training.step import TrainingStep
from tests.training.plain_network import Arrays
from tests.training.tiny import text_dataset, training_config, words


@dataclass(frozen=True)
class Machine:
    """A step and an evaluator over one network, with the values that they begin with."""

    dataset: Dataset
    step: TrainingStep
    evaluator: Evaluator
    first: Arrays

    def values(self) -> Arrays:
        """Weights and moments."""
        return {**self.step.network.weights(), **self.step.optimizer_state()}

    def assign(self, values: Arrays) -> None:
        self.step.network.assign({name: values[name] for name in self.step.network.variables})
        self.step.assign_optimizer_state(values)

    def scramble(self) -> None:
        """Set every value to something else, so that a resumed run owes nothing to the one before."""
        rng = np.random.default_rng(99)
        self.assign(
            {name: (7 * rng.random(value.shape)).astype(value.dtype) for name, value in self.first.items()}
        )


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    dataset = text_dataset(tmp_path_factory.mktemp("tiny"), words(150), words(30, seed=2))
    network = Network(ModelConfig(len(dataset.tokenizer.tokens), 5, 6, 2), seed=1)
    step = TrainingStep(network, training_config())
    machine = Machine(dataset, step, Evaluator(network, 2), {})
    machine.first.update(machine.values())
    return machine


@pytest.fixture
def machine(compiled: Machine) -> Machine:
    compiled.assign(compiled.first)
    return compiled


MakeTrainer = Callable[..., Trainer]


@pytest.fixture
def make_trainer(machine: Machine) -> MakeTrainer:
    def make(
        folder: Path,
        *,
        evaluator: Any = None,
        clock: Clock | None = None,
        reference: Reference | None = None,
        **changes: Any,
    ) -> Trainer:
        config = training_config(**changes)
        blank = Model("text", machine.step.network.config, machine.dataset.tokenizer.to_json(), {})
        return Trainer(
            folder=RunFolder(folder),
            about={"of": "a test"},
            blank=blank,
            dataset=machine.dataset,
            config=config,
            step=machine.step,
            evaluator=evaluator or machine.evaluator,
            preview=lambda weights: f"sample of {len(weights)} weights",
            measure=lambda nats: {"bits_per_character": 2 * nats},
            reference=reference,
            clock=clock,
        )

    return make
