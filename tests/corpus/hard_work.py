"""What the tests of the pool let workers do: a file's name says what happens to whoever works on it."""

import ctypes
import os
import time
from pathlib import Path


def work(path: Path) -> bytes:
    name = path.name.rstrip("0123456789")
    if name == "hang":
        while True:
            pass
    if name == "sleep":
        time.sleep(60)
    if name == "crash":
        ctypes.string_at(0)
    if name == "gorge":
        bytearray(3 << 30)
    if name == "raise":
        raise ValueError("no good")
    if name == "shout":
        raise ValueError("much\n ado\x1b\r\n" * 9999)
    if name == "noise":
        print("noise")  # noqa: T201
        os.write(2, b"noise\n")
    return path.name.encode()
