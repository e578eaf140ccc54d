"""What `test_workers.py` runs in several processes at once: every check of a world of many, in one launch.

    python together.py SHARED_FOLDER

Prints, as JSON, what this worker has found; it asserts nothing, so that one failure does not hide the others.
"""

import hashlib
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gen.checkpoint import Model
from gen.config import ModelConfig, TrainingConfig
from gen.training.cluster import find_cluster
from gen.training.joining import connect
from gen.training.run import RunFolder
from gen.training.signals import StopRequest
from tests.training.tiny import At, Recorder, complaint, text_dataset, training_config, words

CLUSTER = find_cluster(os.environ)
WORLD = connect(CLUSTER, 1)

from gen.dataset.pieces import windows_of  # noqa: E402 - TensorFlow is imported by now, in the right way
from gen.evaluation.passes import Evaluator  # noqa: E402
from gen.model.backend import import_tensorflow  # noqa: E402
from gen.model.network import Network  # noqa: E402
from gen.training.clock import step_seconds  # noqa: E402
from gen.training.loop import Clock, Trainer  # noqa: E402
from gen.training.meeting import agree  # noqa: E402
from gen.training.step import TrainingStep  # noqa: E402
from gen.training.world import World  # noqa: E402

tf = import_tensorflow()

SHARED = Path(sys.argv[1])
OWN = SHARED / f"worker-{CLUSTER.size}-{CLUSTER.rank}"
OWN.mkdir()
DATASET = text_dataset(OWN, words(120), words(4200, seed=2))
STREAMS = 7  # of which no share is like another's
CONFIG = training_config(batch_size=STREAMS, input_dropout=0.1)


class Machine:
    """A compiled step and evaluator, which begin anew with each run."""

    def __init__(self, world: World, config: TrainingConfig = CONFIG) -> None:
        network = Network(ModelConfig(len(DATASET.tokenizer.tokens), 5, 6, 2), seed=1)
        self.step = TrainingStep(network, config, world)
        self.evaluator = Evaluator(network, 2, world.share)
        self._first = {**network.weights(), **self.step.optimizer_state()}

    def begin_anew(self) -> None:
        self.step.network.assign({name: self._first[name] for name in self.step.network.variables})
        self.step.assign_optimizer_state(self._first)

    def trainer(self, folder: Path, clock: Clock | None = None, **changes: Any) -> Trainer:
        network, is_chief = self.step.network, self.step.world.is_chief
        self.begin_anew()
        return Trainer(
            folder=RunFolder(folder if is_chief else OWN / "unused"),
            about={"of": "a test"},
            blank=Model("text", network.config, DATASET.tokenizer.to_json(), {}),
            dataset=DATASET,
            config=replace(CONFIG, **changes),
            step=self.step,
            evaluator=self.evaluator,
            preview=lambda _: "",
            measure=lambda nats: {"bits_per_character": nats},
            clock=clock,
        )


TOGETHER = Machine(WORLD)


def digest(trained: Trainer | TrainingStep) -> str:
    step = trained if isinstance(trained, TrainingStep) else trained._step
    values = {**step.network.weights(), **step.optimizer_state()}
    return hashlib.sha256(b"".join(value.tobytes() for value in values.values())).hexdigest()


def messages() -> dict[str, Any]:
    """Everything that is told between steps."""
    odd = np.array([-0.0, np.nan, np.inf, 1e-45, CLUSTER.rank], np.float32)
    block = slice(*WORLD.share(10))
    own: dict[str, Any] = {
        "odd": odd if CLUSTER.rank == 1 else np.zeros_like(odd),
        "large": np.zeros(10, np.int64),
        "bytes": np.zeros(3, np.uint8),
    }
    own["large"][block] = np.arange(10)[block] - (1 << 40)
    own["bytes"][:] = [1, 2, 255] if CLUSTER.is_chief else 0
    merged = WORLD.merged(own)
    return {
        "odd": merged["odd"].tobytes().hex(),
        "large": merged["large"].tolist(),
        "bytes": merged["bytes"].tolist(),
        "decided": WORLD.decided(lambda: {"by": CLUSTER.rank, "long": "ü" * 5000}),
        "gathered": WORLD.gathered([CLUSTER.rank, 1 / 3]).tolist(),
        "copied": WORLD.copied({"rank": np.array([CLUSTER.rank + 5], np.int32)})["rank"].tolist(),
        "too few": complaint(lambda: WORLD.block(CLUSTER.size - 1)),
        "blocks": [WORLD.block(streams) for streams in (STREAMS, 8, 64)],
    }


def refused() -> dict[str, str]:
    """Facts that one worker has otherwise than the chief."""
    last = CLUSTER.size - 1
    return {
        name: complaint(lambda name=name: agree(WORLD, {name: CLUSTER.rank == last}))
        for name in ("release", "options", "corpus", "vocabulary")
    } | {"same": complaint(lambda: agree(WORLD, {"release": [1], "options": {"a": 2}}))}


def trained() -> dict[str, Any]:
    """A run of all; and, where they are two, the same alone."""
    heard = Recorder()
    whole = TOGETHER.trainer(SHARED / f"of-{CLUSTER.size}")
    whole.listen(heard)
    outcome = whole.run(StopRequest())
    found: dict[str, Any] = {
        "reason": outcome.reason,
        "digest": digest(whole),
        "losses": [report.loss for report in heard.steps],
        "tokens": [report.tokens for report in heard.steps],
        "validations": [report.nats for report in heard.validations],
        "best": outcome.progress.best_nats,
    }
    if WORLD.is_chief and CLUSTER.size == 2:
        heard = Recorder()
        alone = Machine(World()).trainer(SHARED / "alone")
        alone.listen(heard)
        alone.run(StopRequest())
        found["alone"] = {
            "losses": [report.loss for report in heard.steps],
            "tokens": [report.tokens for report in heard.steps],
            "validations": [report.nats for report in heard.validations],
        }
    return found


def updates(machine: Machine) -> dict[str, Any]:
    """Of two updates: what they told and sent, and the gradients of the first, as its moments have them."""
    step, told, moments = machine.step, [], []
    machine.begin_anew()
    windows = windows_of(DATASET.training, STREAMS, CONFIG.window).narrowed(WORLD.block(STREAMS))
    state = step.network.initial_state(windows.block[1] - windows.block[0])
    for number in range(2):
        result = step(windows.next(), state, number, 0.01, [1.0, 0.0, 0.0, float(CLUSTER.rank)])
        state = result.state
        told.append([result.loss, *result.told])
        moments.append(step.optimizer_state())
    (compiled,) = step._compiled._list_all_concrete_functions()
    sums = [each.inputs[0] for each in compiled.graph.get_operations() if "CollectiveReduce" in each.type]
    return {
        "told": told,
        "moments": [v for name, of in moments[0].items() if ".m." in name for v in of.ravel().tolist()],
        "digest": digest(step),
        "sent": [[each.dtype.name, each.shape.num_elements()] for each in sums],
    }


def rounded() -> dict[str, Any]:
    """Gradients that travel in bfloat16, beside those that do not."""
    numbers = np.array([0.1, -0.0, 1e-30, np.inf if CLUSTER.rank else 1], np.float32) / (CLUSTER.rank + 1)
    values = np.random.default_rng(CLUSTER.rank).standard_normal((20, 10)).astype(np.float32)

    def summed() -> Any:
        return WORLD.summed(tf.constant(numbers), [tf.constant(values)], "bfloat16")

    numbers_sum, (values_sum,) = tf.function(lambda: WORLD.strategy.run(summed), autograph=False)()
    found: dict[str, Any] = {
        "own": [numbers.tolist(), values.tolist()],
        "summed": [numbers_sum.numpy().tolist(), values_sum.numpy().tolist()],
    }
    if CLUSTER.size == 2:  # compiling takes long
        found["float32"] = updates(TOGETHER)
        found["bfloat16"] = updates(Machine(WORLD, replace(CONFIG, gradients="bfloat16")))
    return found


def stopped() -> dict[str, Any]:
    """The last worker is told to stop, and later its weights are lost; then all go on, to the same end."""
    folder = SHARED / f"stopped-{CLUSTER.size}"
    request, last = StopRequest(), CLUSTER.rank == CLUSTER.size - 1

    def stop() -> None:
        request.signal = signal.SIGTERM if last else None

    run = TOGETHER.trainer(folder)
    run.listen(At(5, stop))
    outcome = run.run(request)
    found = {"reason": outcome.reason, "step": outcome.progress.step, "code": request.exit_code}
    again = TOGETHER.trainer(folder)
    again.restore(RunFolder(folder).load_state() if WORLD.is_chief else None)
    again.run(StopRequest())
    return {**found, "digest": digest(again)}


def recovered() -> dict[str, Any]:
    """The weights of one worker are lost: all go back together."""
    heard = Recorder()
    run = TOGETHER.trainer(SHARED / f"recovered-{CLUSTER.size}")

    def lose() -> None:
        if CLUSTER.rank == 1 and run.progress.recoveries == 0:
            weights = run._network.weights()
            weights["output.b"][:] = np.nan
            run._network.assign(weights)

    run.listen(heard, At(6, lose))
    outcome = run.run(StopRequest())
    return {
        "recoveries": outcome.progress.recoveries,
        "steps": [report.step for report in heard.steps],
        "digest": digest(run),
    }


def parted() -> dict[str, str]:
    """The weights of the last worker become a little different, just before they are validated."""
    run = TOGETHER.trainer(SHARED / f"parted-{CLUSTER.size}")

    def nudge() -> None:
        if CLUSTER.rank == CLUSTER.size - 1:
            weights = run._network.weights()
            weights["output.b"][0] = np.nextafter(weights["output.b"][0], np.float32(1))
            run._network.assign(weights)

    run.listen(At(CONFIG.validate_every, nudge))
    return {"said": complaint(lambda: run.run(StopRequest())), "best": str(run.progress.best_nats)}


def resumed() -> dict[str, Any]:
    """What other numbers of workers have stopped goes on here."""
    found = {}
    for folder in sorted(SHARED.glob("cut-*")):
        run = TOGETHER.trainer(folder)
        run.restore(RunFolder(folder).load_state() if WORLD.is_chief else None)
        found[folder.name] = [run.progress.step, run.run(StopRequest()).reason, digest(run)]
    request = StopRequest()

    def stop() -> None:
        request.signal = signal.SIGINT

    run = TOGETHER.trainer(SHARED / f"cut-{CLUSTER.size}")
    run.listen(At(5, stop))
    run.run(request)
    return found


def timed() -> dict[str, Any]:
    """Only the chief's clock counts: the others' have run out, or never will."""
    now_s = time.monotonic()
    clock = Clock(now_s - 1e6 if WORLD.is_chief else now_s + 1e6, 0.0)
    run = TOGETHER.trainer(OWN / "timed", clock, steps=20)
    outcome = run.run(StopRequest())
    before = digest(run)
    step_seconds(run._step, DATASET.training, STREAMS, 8, 30.0 * CLUSTER.rank)
    return {"step": outcome.progress.step, "undone": digest(run) == before}


def validated() -> dict[str, Any]:
    """A pass in shares, and a share where there are fewer streams than workers; the chief reads all, too."""
    share = TOGETHER.evaluator.score(DATASET.validation)
    idle = TOGETHER.evaluator.score(DATASET.validation, 50)
    found: dict[str, Any] = {
        "shares": WORLD.gathered([share.tokens, share.nats]).tolist(),
        "idle": WORLD.gathered([idle.tokens, idle.nats]).tolist(),
    }
    if WORLD.is_chief:
        alone = Evaluator(TOGETHER.step.network, 2)
        whole, few = alone.score(DATASET.validation), alone.score(DATASET.validation, 50)
        found |= {"whole": [whole.tokens, whole.nats], "few": [few.tokens, few.nats]}
    return found


if __name__ == "__main__":
    checks = (messages, refused, trained, rounded, stopped, recovered, parted, resumed, timed, validated)
    sys.stdout.write(json.dumps({check.__name__: check() for check in checks}) + "\n")
