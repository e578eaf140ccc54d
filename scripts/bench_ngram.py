"""The n-gram that models are compared with, by order: nats a character, and seconds of one core.

    python scripts/bench_ngram.py TEXT --json benchmarks/ngram.json

The last tenth of the text is held out and predicted as a validation predicts it. Seconds are those of the
processor: one core does it all, and may have others to serve.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine

from gen.dataset.prepare import prepare
from gen.evaluation.ngram import NGram
from gen.evaluation.passes import Score, pass_windows, total
from gen.evaluation.reference import learned_part


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("text", type=Path)
    parser.add_argument("--orders", type=int, nargs="+", default=list(range(1, 9)))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEN_CACHE"] = folder
        dataset = prepare((arguments.text,), None)
        ids, begins = learned_part(dataset.training, dataset.tokenizer.variants(), dataset.training.tokens)
        ids = np.array(ids)
        for order in arguments.orders:
            started = time.process_time()
            ngram = NGram(ids, begins, order, len(dataset.tokenizer.tokens))
            counted = time.process_time()
            windows = pass_windows(dataset.validation).one_pass()
            score = total(Score(tokens, nats) for tokens, nats in ngram.nats_by_window(windows))
            rows.append(
                {
                    "order": order,
                    "nats_per_character": round(score.nats_per_token, 4),
                    "counting_s": round(counted - started, 2),
                    "predicting_s": round(time.process_time() - counted, 2),
                }
            )
            print(rows[-1], flush=True)
    if arguments.json:
        about = {"machine": machine(), "learned": len(ids), "predicted": score.tokens, "rows": rows}
        arguments.json.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
