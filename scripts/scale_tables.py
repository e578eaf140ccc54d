"""The tables of docs/scale.md, for `readme_tables.py`."""

from collections.abc import Callable
from typing import Any


def measured(data: dict[str, Any], machine_line: Callable[[dict[str, Any]], str]) -> str:
    """What a step and its exchange take with several processes here."""
    head = "| processes | gradients | a step | its exchange | share | of processor time | bytes sent |"
    lines = [head + " by the formula |", "|---" * 8 + "|"]
    for row in data["rows"]:
        if row["workers"] == 1:
            lines.append(f"| 1 | – | {row['step']['s'] * 1e3:.0f} ms |{' – |' * 5}")
            continue
        lines.append(_exchanged(row["workers"], "float32", row))
        if "bfloat16" in row:
            lines.append(_exchanged(row["workers"], "bfloat16", row["bfloat16"]))
    about = (
        f"\n{data['parameters']:,} parameters, {data['streams']} streams of {data['time_steps']} in all; the "
        f"quickest of {data['steps']} steps.\n"
    )
    return "\n".join([*lines, about + machine_line(data)])


def _exchanged(workers: int, gradients: str, row: dict[str, Any]) -> str:
    step, exchange = row["step"], row["exchange"]
    cells = [
        str(workers),
        gradients,
        f"{step['s'] * 1e3:.0f} ms",
        f"{exchange['s'] * 1e3:.0f} ms",
        f"{exchange['s'] / step['s']:.1%}",
        f"{exchange['processor_s'] / step['processor_s']:.1%}",
        f"{exchange['bytes']:,}",
        f"{row['formula_bytes']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def planned(data: dict[str, Any]) -> str:
    """What share of its time each of many machines will learn."""
    rows = {(row["gradients"], row["gbit_per_s"], row["machines"]): row for row in data["plan"]}
    machines = sorted({number for _, _, number in rows})
    lines = []
    for kind, told in (
        ("same_batch", "the same batch, shared by more machines (`--batch-size` stays)"),
        ("same_share", "the same share for each machine (`--batch-size` grows with their number)"),
    ):
        lines += [f"\nEfficiency with {told}:\n"]
        lines += [f"| gradients | Gbit/s | {' | '.join(f'{number} machines' for number in machines)} |"]
        lines += ["|---" * (len(machines) + 2) + "|"]
        for dtype, gbit in dict.fromkeys((dtype, gbit) for dtype, gbit, _ in rows):
            shares = " | ".join(f"{rows[dtype, gbit, number][kind]:.0%}" for number in machines)
            lines.append(f"| {dtype} | {gbit} | {shares} |")
    costs = (
        f"c = {data['byte_s'] * 1e9:.1f} ns and m = {data['message_s'] * 1e3:.1f} ms, measured above with two"
    )
    return "\n".join(
        [
            *lines,
            f"\nBy these figures: a step of one machine {data['step_s'] * 1e3:.0f} ms; {costs} "
            f"processes; l = {data['latency_s'] * 1e3:.2f} ms, assumed.\n",
        ]
    )
