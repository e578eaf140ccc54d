"""Put the measured figures into README.md and docs/, from the data under benchmarks/ and docs/.

    python scripts/readme_tables.py          # rewrites what stands between the markers
    python scripts/readme_tables.py --check  # fails where a page and the data differ

Every figure in them stands between `<!-- figures: NAME -->` and `<!-- end -->`.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from machine_words import machine_line, machine_lines
from music_tables import music, pieces, reading, reading_shares, sound, tune
from scale_tables import measured, planned
from shard_tables import SHARD_TABLES

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "reliability.md", ROOT / "docs" / "scale.md")


def quality(data: dict[str, Any]) -> str:
    """Time to quality."""
    rows = [
        f"| {_text_name(run)} | {run['minutes']:g} | {run['nats_per_character']:.4f} | "
        f"{run['tokens_per_s']:,} | {run['steps']:,} | {run['ten_steps_s']:.1f} s | {run['wall_s']:.0f} s |"
        for run in data["runs"]
    ]
    head = "| corpus | `--minutes` | nats a character | characters/s | steps | ten steps after | in all |"
    machines = machine_lines(data["runs"], lambda run: f"{_text_name(run)} {run['minutes']:g}")
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows, machines])


def _text_name(run: dict[str, Any]) -> str:
    return "Shakespeare" if "shakespeare" in run["corpus"] else f"`{run['corpus']}`"


def sample(data: dict[str, Any]) -> str:
    """What the model of the plays writes after ten minutes."""
    run = next(run for run in data["runs"] if "shakespeare" in run["corpus"] and run["minutes"] == 10)
    return f"```text\n{run['sample'].strip()}\n```\n"


def layer(data: dict[str, Any]) -> str:
    """Training steps of the layer beside its peers and the machine's limit."""
    ms: dict[tuple[str, str], dict[str, float]] = {}
    for row in data["results"]:
        case = (f"{row['shape']}, N={row['N']}, T={row['T']}", row["precision"])
        ms.setdefault(case, {})[row["contender"]] = row["ms_median"]
    peers = "`keras.layers.LSTM` | torch `nn.LSTM` | against Keras | against torch | of the machine's limit"
    head = f"| units x layers | precision | gen | {peers} |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for (shape, precision), of in ms.items():
        times = " | ".join(f"{of[name]:.0f} ms" if name in of else "–" for name in ("gen", "keras", "torch"))
        ratios = " | ".join(
            f"{of[name] / of['gen']:.2f} x" if name in of else "–" for name in ("keras", "torch")
        )
        lines.append(f"| {shape} | {precision} | {times} | {ratios} | {of['limit'] / of['gen']:.0%} |")
    return "\n".join([*lines, machine_line(data)])


def sampling(data: dict[str, Any]) -> str:
    """Characters a second, memory, and the time to the first character."""
    rows = {(row["model"], row["streams"]): row for row in data["rates"]}
    lines = ["| characters/s | one text | torch loop | ratio | 16 texts at once | 64 texts at once |"]
    lines += ["|---|---|---|---|---|---|"]
    for model in dict.fromkeys(model for model, _ in rows):
        one, *many = (rows[model, streams] for streams in (1, 16, 64))
        peer = f"{one['torch_characters_per_s']:,} | {one['ratio']:.1f} x" if "ratio" in one else " | "
        together = " | ".join(f"{row['characters_per_s']:,}" for row in many)
        lines.append(f"| {model} | {one['characters_per_s']:,} | {peer} | {together} |")
    lines.append("")
    for start in data["starts"]:
        lines.append(
            f"- {start['model']}: the first character appears {start['first_character_s']:.2f} s after the "
            f"command; {start['peak_mb']} MB resident at the most."
        )
    return "\n".join([*lines, machine_line(data)])


def corpus(data: dict[str, Any]) -> str:
    """Encoding speed and memory."""
    head = "| text | size | encoding alone | the whole way | its peak memory | peak memory, training |"
    lines = [
        f"| {row['text']} | {row['megabytes']:,} MB | {row['encoding_alone_mb_per_s']} MB/s | "
        f"{row['whole_mb_per_s']:.0f} MB/s | {row['whole_peak_mb']} MB | {row['train_peak_mb']} MB |"
        for row in data["rows"]
    ]
    return "\n".join([head, "|---|---|---|---|---|---|", *lines, machine_line(data)])


def memory(data: dict[str, Any]) -> str:
    """Memory of a training step."""
    lines = ["| units x layers | streams | time steps | measured | by the formula |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['units']} x {row['layers']} | {row['streams']} | {row['time_steps']} | "
        f"{row['measured_mb']} MB | {row['formula_mb']} MB |"
        for row in data["rows"]
    ]
    start = f"\nOver and above the {data['start_mb']} MB of TensorFlow and the smallest network.\n"
    return "\n".join([*lines, start + machine_line(data)])


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


def serve(data: dict[str, Any]) -> str:
    """How the local page's server does."""
    rows, at_once = data["rows"], data["at_once"]
    lines = [
        f"| clients at once | {' | '.join(str(row['clients']) for row in rows)} |",
        "|---" * (len(rows) + 1) + "|",
        f"| characters/s, all of them | {' | '.join(format(row['characters_per_s'], ',') for row in rows)} |",
        "",
        f"- `gen serve` says its address after {data['address_s']:.1f} s"
        + (f", and the page can be used after {data['page_s']:.1f} s." if "page_s" in data else "."),
        f"- The first character comes after {data['first_character_ms']:.0f} ms, of the first request, which "
        f"loads the model, after {data['first_character_cold_ms']:.0f} ms.",
        f"- Of {at_once['requests']} requests at once for {at_once['characters']} characters each "
        f"{at_once['answered']} are answered, {at_once['refused']} refused and {at_once['lost']} lost, "
        f"in {at_once['seconds']:.1f} s; {data['peak_memory_mb']} MB resident at the most.",
    ]
    return "\n".join([*lines, machine_line(data)])


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


def reliability(data: dict[str, Any]) -> str:
    """What was tried to break it, script by script."""
    lines = []
    for found in data.values():
        minutes = max(1, round(found["seconds"] / 60))
        lines += [f"`{found['command']}`, {minutes} min:\n", "| tried | times | failed | what came of it |"]
        lines += ["|---|---|---|---|"]
        lines += [
            f"| {row['tried']} | {row['count']:,} | {row['failures']:,} | {row['outcome']} |"
            for row in found["rows"]
        ]
        lines.append(machine_line(found))
    return "\n".join(lines)


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "ngram": ("benchmarks/ngram.json", ngram),
    "recall": ("docs/recall.json", recall),
    "quality": ("benchmarks/text.json", quality),
    "sample": ("benchmarks/text.json", sample),
    "layer": ("benchmarks/layer.json", layer),
    "memory": ("benchmarks/memory.json", memory),
    "sampling": ("benchmarks/sampling.json", sampling),
    "corpus": ("benchmarks/corpus.json", corpus),
    "reliability": ("benchmarks/reliability.json", reliability),
    "scale": ("benchmarks/scale.json", lambda data: measured(data, machine_line)),
    "scale_plan": ("benchmarks/scale.json", planned),
    "tune": ("benchmarks/music.json", tune),
    "music": ("benchmarks/music.json", music),
    "pieces": ("benchmarks/music.json", pieces),
    "sound": ("benchmarks/sound.json", sound),
    "serve": ("benchmarks/serve.json", serve),
    "reading": ("benchmarks/reading.json", reading),
    "reading_shares": ("benchmarks/reading.json", reading_shares),
    **SHARD_TABLES,
}


def filled(text: str) -> str:
    """A page's text with every marked place filled from its data."""

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
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if not arguments.check:
            page.write_text(filled(text), encoding="utf-8")
        elif filled(text) != text:
            sys.exit(f"{page.name} and benchmarks/ differ")


if __name__ == "__main__":
    main()
