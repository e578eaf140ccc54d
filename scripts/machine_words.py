"""Where figures were measured, in a line."""

from collections.abc import Callable
from typing import Any


def machine_line(data: dict[str, Any]) -> str:
    """What the figures of a data file were measured on, and what else they need to be understood by."""
    about = data["machine"]
    versions = ", ".join(
        f"{name} {about[name]}" for name in ("tensorflow", "keras", "torch") if name in about
    )
    note = f" {data['note']}" if "note" in data else ""
    where = f"{about['cores']} cores of an {about['processor']}"
    return f"\nMeasured on {where}; {versions}; {about['date']}.{note}\n"


def machine_lines(runs: list[dict[str, Any]], name: Callable[[dict[str, Any]], str]) -> str:
    """The same where each run has its own machine: one line where they are alike, else whose each is."""
    machines: dict[str, list[str]] = {}
    for run in runs:
        machines.setdefault(machine_line(run).strip(), []).append(name(run))
    if len(machines) == 1:
        return f"\n{next(iter(machines))}\n"
    return "".join(f"\n{', '.join(names)}: {line[0].lower()}{line[1:]}\n" for line, names in machines.items())
