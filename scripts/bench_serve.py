"""How `gen serve` does: start, first character, characters a second, and three hundred requests at once.

    python scripts/bench_serve.py --json benchmarks/serve.json

The model has random weights; speed does not depend on what it learned. The page is opened in Debian's
chromium, driven by Playwright, where both are there, and is usable when its models can be chosen.
"""

import argparse
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from bench_sampling import random_model
from machine import machine
from trials import memory_bytes

from gen.checkpoint import save_model

MODEL = "512x1"
UNITS, LAYERS = 512, 1
CLIENTS = (1, 4, 16)
LENGTH = 2000
AT_ONCE, LENGTH_AT_ONCE = 300, 100
STARTS, FIRSTS = 5, 15


class Served(NamedTuple):
    """A server that runs: its process, and where it listens."""

    process: "subprocess.Popen[str]"
    address: str

    @property
    def port(self) -> int:
        """The port of the address."""
        return int(self.address.rstrip("/").rpartition(":")[2])


class Heard(NamedTuple):
    """What came of a request: its status, characters, and when the first and the last of them came."""

    status: int
    characters: int
    first_s: float
    last_s: float


@contextmanager
def gen_serve(folder: Path) -> Iterator[Served]:
    """`gen serve` with the model, until it is ended."""
    command = [sys.executable, "-m", "gen", "serve", f"{MODEL}.safetensors", "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Served(process, process.stdout.readline().strip())
        finally:
            process.terminate()


async def ask(port: int, seed: int, length: int) -> Heard:
    """Ask for a text, and read it as it comes."""
    started = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"length": length, "seed": seed}).encode()
    writer.write(
        f"POST /api/models/{MODEL}/text HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )
    status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
    first_s, characters, is_whole = 0.0, 0, False
    async for line in reader:
        if line.startswith(b'{"number"'):
            first_s = first_s or time.monotonic() - started
            characters += len(json.loads(line)["text"])
        is_whole |= line.startswith(b'{"done"')
    writer.close()
    return Heard(status if is_whole or status != 200 else 0, characters, first_s, time.monotonic() - started)


async def ask_all(port: int, number: int, length: int) -> list[Heard | BaseException]:
    """So many at once."""
    asking = (ask(port, seed, length) for seed in range(number))
    return await asyncio.gather(*asking, return_exceptions=True)


def start_s(folder: Path) -> dict[str, float]:
    """From the command to the address, and to the page in a browser that is open already."""
    addresses, pages = [], []
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        for _ in range(STARTS):
            started = time.monotonic()
            with gen_serve(folder):
                addresses.append(time.monotonic() - started)
        return {"address_s": round(statistics.median(addresses), 2)}
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for _ in range(STARTS):
            page = browser.new_page()
            started = time.monotonic()
            with gen_serve(folder) as served:
                addresses.append(time.monotonic() - started)
                page.goto(served.address)
                page.wait_for_selector("body[data-ready]")
                pages.append(time.monotonic() - started)
            page.close()
        browser.close()
    return {
        "address_s": round(statistics.median(addresses), 2),
        "page_s": round(statistics.median(pages), 2),
    }


def measure(folder: Path) -> dict[str, Any]:
    """Everything, of one server but for its starts."""
    data: dict[str, Any] = {"model": MODEL, **start_s(folder)}
    print(data, flush=True)
    with gen_serve(folder) as served:
        cold = asyncio.run(ask(served.port, 0, 1))
        firsts = [asyncio.run(ask(served.port, seed, 1)).first_s for seed in range(FIRSTS)]
        data["first_character_cold_ms"] = round(1000 * cold.first_s, 1)
        data["first_character_ms"] = round(1000 * statistics.median(firsts), 1)
        data["rows"] = []
        for clients in CLIENTS:
            started = time.monotonic()
            heard = asyncio.run(ask_all(served.port, clients, LENGTH))
            elapsed_s = time.monotonic() - started
            characters = sum(each.characters for each in heard if isinstance(each, Heard))
            row = {"clients": clients, "characters_per_s": round(characters / elapsed_s)}
            data["rows"].append(row)
            print(row, flush=True)
        started = time.monotonic()
        heard = asyncio.run(ask_all(served.port, AT_ONCE, LENGTH_AT_ONCE))
        statuses = Counter(each.status if isinstance(each, Heard) else 0 for each in heard)
        data["at_once"] = {
            "requests": AT_ONCE,
            "characters": LENGTH_AT_ONCE,
            "answered": statuses[200],
            "refused": statuses[503],
            "lost": AT_ONCE - statuses[200] - statuses[503],
            "seconds": round(time.monotonic() - started, 1),
        }
        data["peak_memory_mb"] = round(memory_bytes(served.process.pid, "VmHWM") / 1e6)
    return data


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        save_model(Path(name) / f"{MODEL}.safetensors", random_model(UNITS, LAYERS))
        data = {"machine": machine(), **measure(Path(name))}
    print({name: value for name, value in data.items() if not re.fullmatch("machine|rows", name)})
    if arguments.json:
        arguments.json.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
