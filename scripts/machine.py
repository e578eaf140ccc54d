"""What a benchmark ran on, for its data file."""

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "keras", "numpy", "torch")


def machine() -> dict[str, Any]:
    """Processor, cores, versions, date."""
    return {
        "date": datetime.date.today().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{package: found for package in PACKAGES if (found := _version(package))},
    }


def _processor() -> str:
    """Model name and, of its features, those that matter for products in low precision."""
    try:
        facts = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    lines = dict(line.split(":", 1) for line in facts.splitlines() if ":" in line)
    lines = {name.strip(): value.strip() for name, value in lines.items()}
    features = [
        name
        for name in ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
        if name in lines.get("flags", "").split()
    ]
    return f"{lines.get('model name', platform.processor())}, {' '.join(features)}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
