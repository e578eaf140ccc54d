"""Long memory, seen: an LSTM recalls a number over hundreds of steps, a plain RNN of the same size does not.

    python scripts/recall.py               # some minutes; writes docs/recall.json, docs/recall.svg and what
                                           # gen inspect shows of the plain RNN
    python scripts/recall.py --figure-only # draws the figure again from docs/recall.json

The task: random numbers in [-1, 1], one of the first five marked; after a delay, what was the marked number?
Both networks have the same hidden size, data and optimiser, train on the same delays (1 to 200, short
ones more often) and may choose between the same learning rates; each shows its best. A share of error of 1 is
guessing the mean. The second panel is how strongly the answer's loss depends on the input so many steps back:
the norm of the gradient, before training and after. Along the memory cell the gradient is multiplied by f_t,
and where f_t is near 1 nothing fades; in the plain RNN each step multiplies it by the recurrent matrix and
tanh'.

Source of the task: the marked numbers of the adding problem in Hochreiter and Schmidhuber, "Long Short-Term
Memory" (1997), experiment 4.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from gen.model.backend import quiet_import

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
KEPT = ROOT / "gen" / "inspection" / "plain_rnn.json"
UNITS, BATCH, STEPS, LOG_EVERY = 64, 64, 3000, 250
TRAINED_DELAY, TESTED_DELAYS, FADING_DELAY = 200, (10, 25, 50, 100, 150, 200, 300, 400), 150
MARKED = 5
RATES = (1e-3, 3e-3)
VARIANCE = 1 / 3  # of a number uniform in [-1, 1]


def batch(generator: np.random.Generator, delay: int) -> tuple[Any, Any]:
    """Inputs `(N, delay + 5, 2)`, a number and a mark a step, and the marked numbers `(N,)`."""
    inputs = np.zeros((BATCH, delay + MARKED, 2), np.float32)
    inputs[..., 0] = generator.uniform(-1, 1, inputs.shape[:2])
    place = (np.arange(BATCH), generator.integers(0, MARKED, BATCH))
    inputs[(*place, 1)] = 1
    return inputs, inputs[(*place, 0)].copy()


class Recaller:
    """A recurrent layer, and a linear read-out of its last state."""

    def __init__(self, layer: Any, rate: float) -> None:
        import keras
        import tensorflow as tf

        self.layer, self.output = layer, keras.layers.Dense(1)
        self.layer.build((None, None, 2))
        self.output.build((None, UNITS))
        self.optimizer = keras.optimizers.Adam(rate, global_clipnorm=1.0)
        self.variables = [*self.layer.trainable_variables, *self.output.trainable_variables]
        self.optimizer.build(self.variables)
        shapes = [tf.TensorSpec((BATCH, None, 2)), tf.TensorSpec((BATCH,))]
        self.train = tf.function(self._train, input_signature=shapes)

    def error(self, inputs: Any, numbers: Any) -> Any:
        """Mean squared error, as a share of the numbers' variance."""
        import tensorflow as tf

        return tf.reduce_mean((self.output(self.layer(inputs))[:, 0] - numbers) ** 2) / VARIANCE

    def _train(self, inputs: Any, numbers: Any) -> Any:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            error = self.error(inputs, numbers)
        values = [variable.value for variable in self.variables]
        self.optimizer.apply(tape.gradient(error, values), self.variables)
        return error

    def fading(self, generator: np.random.Generator) -> list[float]:
        """Norm of the error's gradient at the input so many steps back, mean over a batch."""
        import tensorflow as tf

        inputs, numbers = map(tf.constant, batch(generator, FADING_DELAY))
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            error = self.error(inputs, numbers)
        norms = tf.reduce_mean(tf.norm(tape.gradient(error, inputs), axis=-1), 0)
        return [float(f"{value:.2e}") for value in norms.numpy()[::-1]]


def learn(name: str, rate: float) -> dict[str, Any]:
    """Train one network once: its error by delay on new sequences, and its gradients."""
    import keras
    import tensorflow as tf

    from gen.model import LSTMLayer

    keras.utils.set_random_seed(0)
    layer = LSTMLayer(UNITS, seed=0) if name == "LSTM" else keras.layers.SimpleRNN(UNITS, seed=0)
    model, generator = Recaller(layer, rate), np.random.default_rng(0)
    before = model.fading(generator)
    errors = []
    for step in range(1, STEPS + 1):
        delay = int(np.exp(generator.uniform(0, np.log(TRAINED_DELAY))))
        errors.append(float(model.train(*map(tf.constant, batch(generator, delay)))))
        if step % LOG_EVERY == 0:
            recent = np.mean(errors[-LOG_EVERY:])
            print(f"{name} at rate {rate:g}, step {step}: share of error {recent:.3f}", flush=True)
    by_delay = {
        delay: np.mean([float(model.error(*map(tf.constant, batch(generator, delay)))) for _ in range(8)])
        for delay in TESTED_DELAYS
    }
    return {
        "rate": rate,
        "error_by_delay": {delay: round(float(error), 4) for delay, error in by_delay.items()},
        "fading_before": before,
        "fading_after": model.fading(generator),
    }


def best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The run with the lowest error over all delays."""
    return min(runs, key=lambda run: sum(run["error_by_delay"].values()))


def keep_plain_rnn(data: dict[str, Any], path: Path) -> None:
    """How the best plain RNN's gradient fades, which `gen inspect` shows beside that of a model."""
    run = best(data["plain RNN"])
    path.write_text(json.dumps({"before": run["fading_before"], "after": run["fading_after"]}) + "\n")


def draw(data: dict[str, Any], path: Path) -> None:
    """The error by delay, and the fading of the gradient."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "recall"
    import matplotlib.pyplot as plt

    figure, (recalling, fading) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    for name, colour in (("LSTM", "tab:blue"), ("plain RNN", "tab:orange")):
        run = best(data[name])
        delays = [int(delay) for delay in run["error_by_delay"]]
        recalling.semilogy(delays, run["error_by_delay"].values(), color=colour, marker="o", label=name)
        fading.semilogy(run["fading_before"], color=colour, linestyle=":", label=f"{name}, before training")
        fading.semilogy(run["fading_after"], color=colour, label=f"{name}, after")
    recalling.axhline(1, color="grey", linewidth=0.8, label="guessing the mean")
    recalling.set(xlabel="steps between the number and the question", ylabel="share of error")
    recalling.set_title(f"recalling a number, {UNITS} units")
    fading.set(xlabel="steps back", ylabel="norm of the gradient at the input")
    fading.set_title("how the gradient fades with distance")
    recalling.legend(fontsize=8)
    fading.legend(fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--figure-only", action="store_true")
    arguments = parser.parse_args()
    if not arguments.figure_only:
        quiet_import()
        data = {name: [learn(name, rate) for rate in RATES] for name in ("LSTM", "plain RNN")}
        (DOCS / "recall.json").write_text(json.dumps(data) + "\n")
    kept = json.loads((DOCS / "recall.json").read_text())
    draw(kept, DOCS / "recall.svg")
    keep_plain_rnn(kept, KEPT)


if __name__ == "__main__":
    main()
