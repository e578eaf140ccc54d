"""What it costs to prepare a large corpus in shards, and to begin training on it.

    python scripts/bench_shards.py --megabytes 4000 --files 2000 --json benchmarks/shards.json

The text is made of random words in ASCII; the music is the tunes of ryans-mammoth, each in several keys, so
that no two files are the same. Both are prepared by the command itself. Rates are of a second of one
processor, on which other work on the machine bears less; seconds by the clock are kept too. Memory is the
peak of the largest of the processes. The time to the first batch is that from the start of Python to the
first window of training in memory, TensorFlow left out.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from bench_corpus import WORDS, make_text
from machine import machine

from gen.corpus.alike import groups, share_from, signature
from gen.corpus.held_out import HELD_OUT
from gen.corpus.locate import locate
from gen.corpus.music import MusicParts
from gen.export.midi import write_midi
from gen.score import PITCH, make_score

FIRST = """
import sys, time; begun = time.time() - time.process_time()
def peak(): return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
from gen.training.source import find
from gen.dataset.pieces import windows_of
dataset = find(sys.argv[1], None, None).prepare(None)
opened = time.time()
windows = windows_of(dataset.training, 32, 64, seed=0, variants=dataset.tokenizer.variants())
windows.next(); first = time.time()
before = peak()
for _ in range(int(sys.argv[2])): windows.next()
after = peak()
print(opened - begun, first - begun, before / 1024, (after - before) / 1024)
"""
LIST = """
import sys, time; from gen.corpus.locate import locate; from gen.corpus.shares import Files, Listing
def peak(): return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
before, begun = peak(), time.process_time()
files = locate(sys.argv[1]).files
Listing(Files.of(files), None).digest()
found = len(files)
taken_s = time.process_time() - begun
print(taken_s / found, (peak() - before) * 1024 / found)
"""
TRAIN = ["-m", "gen", "train", "--steps", "1", "--units", "128", "--seed", "0"]
WINDOWS = 3000
LISTED = 10_000
BLOCK_MB = 50


def folder_bytes(folder: Path) -> int:
    """What all files in a folder hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Watched(NamedTuple):
    """What a command took, all its processes together; memory also of the largest of them.

    Those that it starts are not its children, and no call of the system counts them: they are looked at, ten
    times a second.
    """

    clock_s: float
    processor_s: float
    peak_bytes: int
    together_bytes: int


def watched(arguments: list[str], work: Path) -> Watched:
    """Run Python in a session of its own, and look at all that belongs to it until it ends."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=os.environ | {"GEN_CACHE": str(work / "cache")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    seconds: dict[str, float] = {}
    peaks: dict[str, int] = {}
    together = 0
    while process.poll() is None:
        resident = 0
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) != process.pid:
                    continue
                seconds[folder.name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                size = int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
            except (OSError, IndexError):
                continue
            peaks[folder.name] = max(size, peaks.get(folder.name, 0))
            resident += size
        together = max(together, resident)
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{arguments} failed")
    clock_s = time.perf_counter() - started
    return Watched(clock_s, sum(seconds.values()), max(peaks.values()), together)


def prepared(source: Path, out: Path, shards: int, work: Path) -> dict[str, float]:
    """Prepare a corpus on all cores: the first pass, but for a shard, told from the second."""
    command = ["-m", "gen", "corpora", "prepare", str(source), "--out", str(out)]
    counting = watched([*command, "--shard", f"1-{shards - 1}/{shards}"], work)
    rest = watched([*command, "--shards", str(shards)], work)
    counting_s = counting.processor_s * shards / (shards - 1)
    processor_s = counting.processor_s + rest.processor_s
    return {
        "shards": shards,
        "clock_s": round(counting.clock_s + rest.clock_s, 1),
        "processor_s": round(processor_s, 2),
        "counting_s": round(counting_s, 2),
        "encoding_s": round(processor_s - counting_s, 2),
        "peak_mb": round(max(counting.peak_bytes, rest.peak_bytes) / 1e6),
        "together_mb": round(max(counting.together_bytes, rest.together_bytes) / 1e6),
        "folder_mb": round(folder_bytes(out) / 1e6, 1),
    }


def begun(folder: Path, work: Path) -> dict[str, float]:
    """What training costs until its first batch, and in memory, over the first windows and steps."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST, folder, str(WINDOWS)], check=True, capture_output=True, text=True
    )
    opened_s, first_s, peak_mb, growth_mb = map(float, done.stdout.split())
    cost = watched([*TRAIN, "--corpus", str(folder), "--out", str(work / "run")], work)
    shutil.rmtree(work / "run")
    return {
        "opened_s": round(opened_s, 2),
        "first_batch_s": round(first_s, 2),
        "reading_peak_mb": round(peak_mb),
        "growth_mb": round(growth_mb, 1),
        "training_peak_mb": round(cost.peak_bytes / 1e6),
    }


def put_text(path: Path, megabytes: int) -> None:
    """Random words, again and again: what is read does not depend on what was read before."""
    make_text(path, min(megabytes, BLOCK_MB) * 1_000_000, WORDS["ascii"])
    block = path.read_bytes()
    with path.open("ab") as file:
        for _ in range(megabytes // BLOCK_MB - 1):
            file.write(block)


def text(megabytes: int, shards: int, work: Path) -> dict[str, Any]:
    """A made-up text: both passes, and training."""
    path = work / "text.txt"
    put_text(path, megabytes)
    size = path.stat().st_size / 1e6
    cost = prepared(path, work / "text", shards, work)
    path.unlink()
    row = {
        "megabytes": round(size),
        **cost,
        "counting_mb_per_s": round(size / cost["counting_s"]),
        "encoding_mb_per_s": round(size / cost["encoding_s"]),
        "mb_per_s": round(size / cost["processor_s"], 1),
        **begun(work / "text", work),
    }
    shutil.rmtree(work / "text")
    return row


def put_music(folder: Path, files: int) -> None:
    """Tunes in one key after the other, until there are so many."""
    folder.mkdir()
    training, held_out = MusicParts(locate("ryans-mammoth").files, None).read()
    scores = [*training, *held_out]
    for number in range(files):
        shift, tune = divmod(number, len(scores))
        score = scores[tune]
        notes = score.notes.copy()
        notes[:, PITCH] += shift
        moved = make_score(notes, score.parts, tempos=score.tempos, metres=score.metres, keys=score.keys)
        write_midi(moved.score, folder / f"{number:06}.mid")


def music(files: int, shards: int, work: Path) -> dict[str, Any]:
    """Files of MIDI: both passes, and training."""
    put_music(work / "midi", files)
    size = folder_bytes(work / "midi")
    cost = prepared(work / "midi", work / "music", shards, work)
    row = {
        "files": files,
        "mean_bytes": size // files,
        **cost,
        "files_per_s": round(files / cost["processor_s"], 1),
        "cache_mb": round(folder_bytes(work / "cache") / 1e6, 1),
        **begun(work / "music", work),
    }
    shutil.rmtree(work / "midi")
    shutil.rmtree(work / "music")
    return row


def listing(work: Path) -> dict[str, float]:
    """What finding a file and looking at its beginning costs."""
    content = b"MThd" + bytes(2000)
    for number in range(LISTED):
        path = work / "many" / f"{number // 1000}" / f"{number}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", LIST, work / "many"], check=True, capture_output=True, text=True
    )
    seconds, size = map(float, done.stdout.split())
    return {"files": LISTED, "us_per_file": round(seconds * 1e6), "bytes_per_file": round(size)}


def alike() -> dict[str, Any]:
    """Of pairs of tunes that are alike, how many fall apart when each piece decides for itself."""
    training, held_out = MusicParts(locate("ryans-mammoth").files, None).read()
    signatures = [signature(score) for score in (*training, *held_out)]
    pairs = [(one, first) for one, first in enumerate(groups(signatures)) if one != first]
    found = {}
    for deciding in (1, 2, 3):
        shares = [share_from(of, deciding) for of in signatures]
        sides = [share < HELD_OUT for share in shares]
        found[str(deciding)] = {
            "held_out": round(sum(sides) / len(sides), 3),
            "largest": Counter(shares).most_common(1)[0][1],
            "parted": sum(sides[one] != sides[other] for one, other in pairs),
        }
    by_chance = round(2 * HELD_OUT * (1 - HELD_OUT) * len(pairs))
    return {"pieces": len(signatures), "pairs": len(pairs), "by_chance": by_chance, "deciding": found}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--files", type=int, nargs="+", default=[100, 300])
    parser.add_argument("--shards", type=int, default=16, help="Two at least.")
    parser.add_argument("--folder", type=Path, help="Where there is room: three times the largest text.")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.shards < 2:
        parser.error("--shards must be two at least: one is left out, to tell counting from encoding")
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        work = Path(name)
        data: dict[str, Any] = {"machine": machine(), "listing": listing(work), "alike": alike()}
        data |= {"text": [], "music": []}
        print(data["listing"], data["alike"], flush=True)
        for megabytes in arguments.megabytes:
            data["text"].append(text(megabytes, arguments.shards, work))
            print(data["text"][-1], flush=True)
        for files in arguments.files:
            shutil.rmtree(work / "cache", ignore_errors=True)
            data["music"].append(music(files, min(arguments.shards, 4), work))
            print(data["music"][-1], flush=True)
    sizes = [f"--{name} {' '.join(map(str, getattr(arguments, name)))}" for name in ("megabytes", "files")]
    data["command"] = f"python scripts/bench_shards.py {' '.join(sizes)} --shards {arguments.shards}"
    data["seconds"] = round(time.monotonic() - began_s)
    if arguments.json:
        arguments.json.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main()
