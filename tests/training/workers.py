"""Several processes on this machine that run one program of Python, each told of the others by TF_CONFIG."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from gen.training.local_workers import free_addresses, told

ROOT = Path(__file__).parents[2]
LIMIT_S = 300


def run_workers(program: Path, size: int, *arguments: str | Path) -> list[Any]:
    """What each of the processes prints last, as JSON."""
    addresses = free_addresses(size)
    processes = [
        subprocess.Popen(
            [sys.executable, program, *map(str, arguments)],
            env={**told(addresses, rank), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(size)
    ]
    try:
        said = [process.communicate(timeout=LIMIT_S) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, stderr) in zip(processes, said, strict=True):
        assert process.returncode == 0, stderr
    return [json.loads(stdout.splitlines()[-1]) for stdout, _ in said]
