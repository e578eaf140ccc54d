"""Put the measured figures into README.md, from the data under benchmarks/ and docs/.

    python scripts/readme_tables.py          # rewrites what stands between the markers
    python scripts/readme_tables.py --check  # fails where the README and the data differ

Every figure in the README stands between `<!-- figures: NAME -->` and `<!-- end -->`.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def machine_line(data: dict[str, Any]) -> str:
    """What the figures of a data file were measured on."""
    about = data["machine"]
    versions = ", ".join(
        f"{name} {about[name]}" for name in ("tensorflow", "keras", "torch") if name in about
    )
    return f"\nMeasured on {about['cores']} cores of an {about['processor']}; {versions}; {about['date']}.\n"


def quality(data: dict[str, Any]) -> str:
    """Time to quality."""
    rows = [
        f"| {run['minutes']:g} min | {run['nats_per_character']:.4f} | {run['tokens_per_s']:,} | "
        f"{run['steps']:,} | {run['wall_s']:.0f} s |"
        for run in data["runs"]
    ]
    head = "| `--minutes` | validation, nats a character | characters/s in training | steps | wall clock |"
    return "\n".join([head, "|---|---|---|---|---|", *rows, machine_line(data)])


def sample(data: dict[str, Any]) -> str:
    """What the model of the longest run writes."""
    run = max(data["runs"], key=lambda run: run["minutes"])
    return f"```text\n{run['sample'].strip()}\n```\n"


def layer(data: dict[str, Any]) -> str:
    """Training steps of the layer beside its peers."""
    ms: dict[tuple[str, str], dict[str, float]] = {}
    for row in data["results"]:
        case = (f"{row['shape']}, N={row['N']}, T={row['T']}", row["precision"])
        ms.setdefault(case, {})[row["contender"]] = row["ms_median"]
    peers = "`keras.layers.LSTM` | torch `nn.LSTM` | against Keras | against torch"
    head = f"| units x layers | precision | gen | {peers} |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for (shape, precision), of in ms.items():
        lines.append(
            f"| {shape} | {precision} | {of['gen']:.0f} ms | {of['keras']:.0f} ms | {of['torch']:.0f} ms | "
            f"{of['keras'] / of['gen']:.2f} x | {of['torch'] / of['gen']:.2f} x |"
        )
    return "\n".join([*lines, machine_line(data)])


def sampling(data: dict[str, Any]) -> str:
    """Characters a second."""
    rates = {(row["model"], row["streams"]): row["characters_per_s"] for row in data["rates"]}
    models = dict.fromkeys(model for model, _ in rates)
    lines = ["| units x layers | one text | 16 texts at once |", "|---|---|---|"]
    lines += [
        f"| {model} | {rates[model, 1]:,} characters/s | {rates[model, 16]:,} characters/s |"
        for model in models
    ]
    first = f"\nThe first character appears {data['first_character_s']:.2f} s after the command.\n"
    return "\n".join([*lines, first + machine_line(data)])


def corpus(data: dict[str, Any]) -> str:
    """Encoding speed and memory."""
    head = "| text | size | encoding | peak memory, encoding | peak memory, training |"
    lines = [
        f"| {row['text']} | {row['megabytes']:,} MB | {row['encode_mb_per_s']:.0f} MB/s | "
        f"{row['encode_peak_mb']} MB | {row['train_peak_mb']} MB |"
        for row in data["rows"]
    ]
    return "\n".join([head, "|---|---|---|---|---|", *lines, machine_line(data)])


def recall(data: dict[str, Any]) -> str:
    """The error of recalling a number, by delay."""
    of = {
        name: min(runs, key=lambda run: sum(run["error_by_delay"].values()))["error_by_delay"]
        for name, runs in data.items()
    }
    delays = next(iter(of.values()))
    lines = [
        f"| steps between | {' | '.join(delays)} |",
        "|---" * (len(delays) + 1) + "|",
        *(
            f"| {name} | {' | '.join(f'{error:.1%}' for error in errors.values())} |"
            for name, errors in of.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def tune(data: dict[str, Any]) -> str:
    """A melody that the model of the fiddle tunes wrote."""
    (run,) = (run for run in data["runs"] if run["corpus"] == "ryans-mammoth")
    return f"```text\n{run['pieces']['example'].strip()}\n```\n"


def music(data: dict[str, Any]) -> str:
    """Nats a note, a beat and a frame."""
    head = "| corpus | network | validation, nats a note | nats a beat | test, nats a frame |"
    lines = [head, "|---|---|---|---|---|"]
    for run in data["runs"]:
        shape, score = run["model"], run["validation"]
        frame = f"{run['test']['nats_per_frame']:.3f}" if "test" in run else ""
        lines.append(
            f"| {_corpus(run)} | {shape['layers']} x {shape['units']} | {score['nats_per_note']:.3f} | "
            f"{score['nats_per_beat']:.3f} | {frame} |"
        )
    return "\n".join([*lines, machine_line(data)])


def pieces(data: dict[str, Any]) -> str:
    """What of the new pieces is well."""
    head = "| corpus | decode | read back | end by themselves | pitch classes | durations | intervals |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for run in data["runs"]:
        new = run["pieces"]
        far = " | ".join(f"{new['distance'][name]:.3f}" for name in ("pitch class", "duration", "interval"))
        shares = " | ".join(f"{new[name]:.0%}" for name in ("decode", "read_back", "end_by_themselves"))
        lines.append(f"| {_corpus(run)} | {shares} | {far} |")
    return "\n".join(lines) + "\n"


def _corpus(run: dict[str, Any]) -> str:
    return "JSB" if "jsb" in run["corpus"] else f"`{run['corpus']}`"


def reading(data: dict[str, Any]) -> str:
    """Files a second."""
    peers = "`gen` | again, from its cache | `music21.converter.parse`"
    head = f"| files a second: written from | files | {peers} |"
    lines = [
        f"| `{row['corpus']}` | {row['files']} of {row['mean_bytes']:,} bytes | {row['files_per_s']:.0f} | "
        f"{row['files_per_s_from_cache']:.0f} | {row['music21_files_per_s']:.0f} |"
        for row in data["rows"]
    ]
    return "\n".join([head, "|---|---|---|---|---|", *lines, machine_line(data)])


def ngram(data: dict[str, Any]) -> str:
    """What counting reaches, by order."""
    rows = data["rows"]
    seconds = [f"{row['counting_s'] + row['predicting_s']:.1f}" for row in rows]
    lines = [
        f"| order | {' | '.join(str(row['order']) for row in rows)} |",
        "|---" * (len(rows) + 1) + "|",
        f"| nats a character | {' | '.join(format(row['nats_per_character'], '.3f') for row in rows)} |",
        f"| seconds of one core | {' | '.join(seconds)} |",
    ]
    return "\n".join([*lines, machine_line(data)])


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "ngram": ("benchmarks/ngram.json", ngram),
    "recall": ("docs/recall.json", recall),
    "quality": ("benchmarks/text.json", quality),
    "sample": ("benchmarks/text.json", sample),
    "layer": ("benchmarks/layer.json", layer),
    "sampling": ("benchmarks/sampling.json", sampling),
    "corpus": ("benchmarks/corpus.json", corpus),
    "tune": ("benchmarks/music.json", tune),
    "music": ("benchmarks/music.json", music),
    "pieces": ("benchmarks/music.json", pieces),
    "reading": ("benchmarks/reading.json", reading),
}


def filled(text: str) -> str:
    """The README's text with every marked place filled from its data."""

    def fill(match: re.Match[str]) -> str:
        file, table = TABLES[match["name"]]
        data = json.loads((ROOT / file).read_text(encoding="utf-8"))
        return f"<!-- figures: {match['name']} -->\n{table(data)}<!-- end -->"

    return re.sub(r"<!-- figures: (?P<name>\w+) -->.*?<!-- end -->", fill, text, flags=re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = README.read_text(encoding="utf-8")
    if arguments.check:
        sys.exit("README.md and benchmarks/ differ" if filled(text) != text else 0)
    README.write_text(filled(text), encoding="utf-8")


if __name__ == "__main__":
    main()
