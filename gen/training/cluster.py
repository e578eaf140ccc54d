"""Which of how many workers this process is: told by `TF_CONFIG`, or by Slurm, or it is alone.

Slurm's variables are read here and not by TensorFlow's resolver, which sorts the hosts as words (`n10` before
`n2`, so that ranks and hosts part) and fails on machines without a GPU.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gen.errors import RunError

# jobs of one step lie side by side from here, and those of another Slurm job elsewhere
_SLURM_PORTS, _SLURM_JOBS = 20_000, 10_000
_FIX = "Set TF_CONFIG as TensorFlow's guide to multi-worker training has it, or train alone: --workers 1."
_FIX_SLURM = "Start with srun, or set TF_CONFIG, or train alone: --workers 1."


@dataclass(frozen=True)
class Cluster:
    """All workers, and which one this is.

    Attributes:
        addresses: `host:port` of each, by rank; empty where this process is alone.
        rank: This one's number.
        neighbours: How many of them share this process's cores, itself included.
    """

    addresses: tuple[str, ...] = ()
    rank: int = 0
    neighbours: int = 1

    @property
    def size(self) -> int:
        """How many workers there are."""
        return max(1, len(self.addresses))

    @property
    def is_chief(self) -> bool:
        """Whether this one decides, saves and tells."""
        return self.rank == 0

    def name(self, rank: int) -> str:
        """A worker, for the user."""
        return f"Worker {rank} ({self.addresses[rank]})"


ALONE = Cluster()


def find_cluster(environment: Mapping[str, str]) -> Cluster:
    """The cluster that the environment tells of.

    Raises:
        RunError: What it tells makes no sense.
    """
    if environment.get("TF_CONFIG"):
        return _by_tf_config(environment["TF_CONFIG"])
    tasks = environment.get("SLURM_STEP_NUM_TASKS", "1")
    if tasks.isdecimal() and int(tasks) > 1:
        return _by_slurm(environment, int(tasks))
    return ALONE


def _by_tf_config(text: str) -> Cluster:
    try:
        config = json.loads(text)
        jobs, task = config.get("cluster", {}), config.get("task", {})
        chiefs, workers = (_addresses(jobs.get(name, [])) for name in ("chief", "worker"))
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
    except (ValueError, TypeError, AttributeError) as error:
        raise RunError("TF_CONFIG does not describe a cluster.", _FIX) from error
    if others := sorted({*jobs, kind} - {"chief", "worker"}):
        raise RunError(
            f"TF_CONFIG has the job {others[0]!r}, and here every process is a worker.",
            "Leave it out: Keras 3 has no parameter servers, and validation is shared by the workers.",
        )
    addresses, own = chiefs + workers, chiefs if kind == "chief" else workers
    if not addresses:
        return ALONE
    if not 0 <= index < len(own):
        raise RunError(f"TF_CONFIG has no {kind} {index}.", _FIX)
    if len(set(addresses)) < len(addresses):
        raise RunError("TF_CONFIG has two workers at one address.", _FIX)
    rank = index if kind == "chief" else len(chiefs) + index
    hosts = [address.rpartition(":")[0] for address in addresses]
    return Cluster(addresses, rank, hosts.count(hosts[rank])) if len(addresses) > 1 else ALONE


def _addresses(listed: Any) -> tuple[str, ...]:
    if not isinstance(listed, list) or not all(
        isinstance(address, str) and re.fullmatch(r"\S+:\d+", address) for address in listed
    ):
        raise ValueError(f"addresses {listed!r}")
    return tuple(listed)


def _by_slurm(environment: Mapping[str, str], tasks: int) -> Cluster:
    try:
        rank, job = int(environment["SLURM_PROCID"]), int(environment.get("SLURM_JOB_ID", "0"))
        hosts = list(expand_hosts(environment["SLURM_STEP_NODELIST"]))
        counts = list(expand_counts(environment["SLURM_STEP_TASKS_PER_NODE"]))
    except (KeyError, ValueError) as error:
        raise RunError(
            f"Slurm's variables say of {tasks} tasks, and not where they are: {error}.",
            _FIX_SLURM,
        ) from error
    port = _SLURM_PORTS + job % _SLURM_JOBS
    addresses = tuple(
        f"{host}:{port + task}" for host, count in zip(hosts, counts, strict=False) for task in range(count)
    )
    if len(addresses) != tasks or len(hosts) != len(counts) or not 0 <= rank < tasks:
        raise RunError(
            f"Slurm's variables disagree: {tasks} tasks, {len(addresses)} of them on {len(hosts)} nodes.",
            _FIX_SLURM,
        )
    # Slurm gives each task cores of its own
    return Cluster(addresses, rank)


def expand_hosts(listed: str) -> Iterator[str]:
    """The hosts of Slurm's short form, in its order: `n[01-03,7],gpu` is n01, n02, n03, n7, gpu.

    Raises:
        ValueError: It is something else.
    """
    if not re.fullmatch(r"(?:[^\[\],\s]|\[[\d,-]+\])+(?:,(?:[^\[\],\s]|\[[\d,-]+\])+)*", listed):
        raise ValueError(f"hosts {listed!r}")
    for host in re.findall(r"(?:[^\[\],]|\[[^\]]*\])+", listed):
        yield from _expand_host(host)


def _expand_host(host: str) -> Iterator[str]:
    before, bracket, rest = host.partition("[")
    if not bracket:
        yield host
        return
    ranges, _, after = rest.partition("]")
    for part in ranges.split(","):
        first, _, last = part.partition("-")
        for number in range(int(first), int(last or first) + 1):
            for ending in _expand_host(after):
                yield f"{before}{number:0{len(first)}}{ending}"


def expand_counts(listed: str) -> Iterator[int]:
    """The tasks a node of Slurm's short form: `2(x3),1` is 2, 2, 2, 1.

    Raises:
        ValueError: It is something else.
    """
    for part in listed.split(","):
        if not (match := re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part)):
            raise ValueError(f"tasks {listed!r}")
        yield from [int(match[1])] * int(match[2] or 1)
