"""Texts of all sorts, and files that are none, for `gen corpora inspect` and for preparing a corpus."""

import io
import os
import random
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from corpus_trial import MEGABYTE, Family, Trial
from trials import GEN, is_two_lines

ALL_SORTS, ENCODINGS = "texts and what is none", "texts in other encodings"
CHANGING, LONG_LINE = "files that change while they are read", "a single line of 2 GB"
MOST_BYTES = 250 * MEGABYTE  # to read or to prepare a text of any size
LONG_BYTES = 2 << 30
WAIT_S = 60.0
CODECS = (
    *("ascii", "cp037", "cp1252", "latin-1", "koi8-r", "iso8859-8", "gb18030", "big5", "euc-kr", "euc-jp"),
    *("shift_jis", "iso2022_jp", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
)
NO_CODECS = ("utf-7", "punycode", "base64", "klingon", "unicode_escape", "idna", "a\tb")

PREPARE = """
import sys
from pathlib import Path
from gen.dataset.prepare import prepare
found = prepare((Path(sys.argv[1]),), None)
print(found.training.tokens, found.validation.tokens)
"""

# by name: bytes, and words of the reason for which it is refused; none where it is accepted
TEXTS: dict[str, tuple[bytes, str]] = {
    "plain.txt": (b"a text\n", ""),
    "mark.txt": ("\ufefféa".encode(), ""),
    "mark-only.txt": (b"\xef\xbb\xbf", "empty"),
    "mark-16.txt": ("é\U0001f600a".encode("utf-16"), ""),
    "mark-16-be.txt": ("\ufefféa\r\n".encode("utf-16-be"), ""),
    "mark-32.txt": ("é\U0001f600a".encode("utf-32"), ""),
    "mark-32-be.txt": ("\ufefféa".encode("utf-32-be"), ""),
    "mark-16-odd.txt": ("éa".encode("utf-16") + b"a", "not complete"),
    "mark-16-half-a-pair.txt": (b"\xff\xfea\0\x3d\xd8", "not complete"),
    "mark-16-lone.txt": (b"\xff\xfea\0\x3d\xd8b\0", "does not fit"),
    "mark-32-beyond.txt": (b"\xff\xfe\0\0\0\0\x11\0", "does not fit"),
    "no-mark-16.txt": ("text".encode("utf-16-le"), "NUL byte"),
    "nul.txt": (b"a\0b", "NUL byte"),
    "lone.txt": (b"a\xed\xa0\x80b", "does not fit"),
    "overlong.txt": (b"a\xc0\xafb", "does not fit"),
    "beyond.txt": (b"a\xf4\x90\x80\x80", "does not fit"),
    "cut.txt": ("a\U0001f600".encode()[:-1], "not complete"),
    "latin.txt": ("Ä text".encode("latin-1"), "does not fit"),
    "line-ends.txt": (b"a\r\nb\rc\n\r\n\r\r\n", ""),
    "only-ends.txt": (b"\r\n\r\r\n\n", ""),
    "spaces.txt": (b" \t \n \x0b\x0c" * 50, ""),
    "empty.txt": (b"", "empty"),
    "one": (b"x", ""),
    "controls.txt": (bytes(range(1, 32)) + b"\x7f", ""),
    "everything.txt": ("".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0x11000)])).encode(), ""),
    "a-long-line.txt": (b"abc " * (10 << 20), ""),
    "picture.png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "NUL byte"),
    "nul-late.txt": (b"a" * (1 << 20) + b"\0", "NUL byte"),
    "junk-late.txt": (b"a" * (1 << 20) + b"\xff\xfe\xfd", "does not fit"),
    "line\nbreak.txt": (b"a name of two lines\r\n", ""),
    "\x1b[31m.txt": (b"\xef\xbb\xbfa name for the terminal", ""),
    "\udcff.txt": (b"a name in no encoding\r\n", ""),
    f"{'n' * 251}.txt": (b"a long name", ""),
    "a/b/c/deep.txt": (b"deep", ""),
}


def try_texts(trial: Trial, seed: int) -> None:
    """Everything about texts."""
    all_sorts(trial, random.Random(seed))
    encodings(trial, random.Random(seed))
    changing(trial)
    long_line(trial)


def all_sorts(trial: Trial, dice: random.Random) -> None:
    """A folder of texts, and of what lies beside texts: links, pipes, sockets, junk."""
    folder = trial.place / "texts"
    folder.mkdir()
    expected: dict[str, str | None] = {}
    for name, (content, words) in TEXTS.items():
        _put(folder / name, content)
        expected[name] = words
    for number in range(50):
        _put(folder / f"junk/{number}", dice.randbytes(dice.randint(1, 100_000)))
        expected[f"junk/{number}"] = None
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("nowhere")
    (folder / "round").symlink_to("round")
    (folder / "a/b/c/up").symlink_to("../../..")
    (folder / "endless").symlink_to("/dev/zero")
    expected |= {
        "pipe": "is a pipe",
        "link": "link to nothing",
        "round": "cannot be read",
        "a/b/c/up": "leads back",
        "endless": "is a device",
        "socket": "is a socket",
    }
    if os.geteuid():  # root may read everything
        (folder / "plain.txt").chmod(0)
        expected["plain.txt"] = "Permission denied"
    with socket.socket(socket.AF_UNIX) as listening:
        # the name of a socket must be short
        listening.bind(str(trial.place / "socket"))
        (trial.place / "socket").rename(folder / "socket")
        family = trial.family(ALL_SORTS)
        answer = trial.inspect(family, folder, expected)
        _check_characters(trial, family, folder, answer)
        plain = trial.run([*GEN, "corpora", "inspect", folder], 100)
        lines = plain.stdout.split("\n")
        if plain.code != 0 or plain.stderr or not all(line.isprintable() for line in lines):
            trial.fail(family, ["what people see is not as promised"], folder, plain)
    shutil.rmtree(folder)


def _check_characters(trial: Trial, family: Family, folder: Path, answer: dict[str, object]) -> None:
    """Python's own reader counts the same characters."""
    if not answer:
        return
    accepted = answer["accepted"]
    assert isinstance(accepted, list)
    total, last = 0, ""
    for name in accepted:
        codec = next((c for c in ("utf-8-sig", "utf-16", "utf-32") if _reads(Path(name), c)), "utf-8")
        text = Path(name).read_text(codec)
        total += len(text) + (last not in ("", "\n"))
        last = text[-1]
    if answer["characters"] != total:
        trial.fail(family, [f"{answer['characters']} characters, not {total}"], folder)


def _reads(path: Path, codec: str) -> bool:
    head = path.read_bytes()[:4]
    if codec == "utf-16":
        return head[:2] in (b"\xff\xfe", b"\xfe\xff") and head != b"\xff\xfe\0\0"
    if codec == "utf-32":
        return head in (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
    return head.startswith(b"\xef\xbb\xbf")


def encodings(trial: Trial, dice: random.Random) -> None:
    """Each encoding by its name, with a text and with junk; and names of what is no encoding."""
    family = trial.family(ENCODINGS)
    for codec in CODECS:
        folder = trial.place / f"in-{codec}"
        every = (chr(dice.randrange(0x20, 0x3100)) for _ in range(3000))
        text = "a\r\nb\rc\n" + "".join(every).encode(codec, "ignore").decode(codec)
        _put(folder / "text.txt", text.encode(codec))
        _put(folder / "junk.txt", dice.randbytes(5000))
        trial.inspect(family, folder, {"text.txt": "", "junk.txt": None}, "--encoding", codec)
        (folder / "junk.txt").unlink()
        found = trial.inspect(family, folder, {"text.txt": ""}, "--encoding", codec).get("characters")
        characters = len(io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True))
        if found != characters:
            trial.fail(family, [f"{found} characters in {codec}, not {characters}"], folder)
        shutil.rmtree(folder)
    folder = trial.place / "in-none"
    _put(folder / "text.txt", b"a text")
    for codec in NO_CODECS:
        ended = trial.run([*GEN, "corpora", "inspect", folder, "--json", "--encoding", codec], 100)
        family.count, family.refused = family.count + 1, family.refused + 1
        if ended.code != 1 or ended.stdout or not is_two_lines(ended.stderr.encode()):
            trial.fail(family, [f"{codec} is taken for an encoding"], folder, ended)
    shutil.rmtree(folder)


def changing(trial: Trial) -> None:
    """Files that are cut, written to or removed by somebody else while they are read."""
    size = 400 * MEGABYTE

    def shrink(path: Path) -> None:
        os.truncate(path, 5)

    def grow(path: Path) -> None:
        def write() -> None:
            with path.open("ab") as file:
                for _ in range(20_000):
                    file.write(b"and more " * 10_000)
                    if not path.exists():
                        return

        threading.Thread(target=write, daemon=True).start()

    def remove(path: Path) -> None:
        path.unlink()

    changes: tuple[tuple[Callable[[Path], None], str], ...] = (
        (shrink, "changed while it was read"),
        (grow, "changed while it was read"),
        (remove, ""),
    )
    family = trial.family(CHANGING)
    for change, words in changes:
        folder = trial.place / change.__name__
        _put(folder / "a.txt", b"good before\n")
        _put(folder / "b.txt", b"0123456789abcde\n" * (size // 16))
        _put(folder / "c.txt", b"good after\n")
        path = folder / "b.txt"

        def meanwhile(pid: int, path: Path = path, change: Callable[[Path], None] = change) -> None:
            until_s = time.monotonic() + WAIT_S
            while not _has_begun(pid, path) and time.monotonic() < until_s:
                time.sleep(0.001)
            change(path)

        expected: dict[str, str | None] = {"a.txt": "", "b.txt": words, "c.txt": ""}
        trial.inspect(family, folder, expected, limit_s=120, meanwhile=meanwhile)
        shutil.rmtree(folder)


def _has_begun(pid: int, path: Path) -> bool:
    """Whether a process has read some of a file beyond its head, or is gone."""
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            if descriptor.readlink() == path:
                about = Path(f"/proc/{pid}/fdinfo/{descriptor.name}").read_text("ascii")
                return int(about.split()[1]) > 1 << 20
    except OSError:
        return not Path(f"/proc/{pid}/fd").exists()
    return False


def long_line(trial: Trial) -> None:
    """A line of 2 GB, looked at and prepared for training."""
    family = trial.family(LONG_LINE)
    if shutil.disk_usage(trial.place).free < 4 * LONG_BYTES:
        print("No line of 2 GB: the disk lacks room", flush=True)
        return
    path = trial.place / "line" / "line.txt"
    path.parent.mkdir()
    piece = b"a line without an end, " * 50_000
    with path.open("wb") as file:
        while file.tell() < LONG_BYTES:
            file.write(piece)
    characters = path.stat().st_size
    answer = trial.inspect(family, path.parent, {"line.txt": ""}, limit_s=300)
    if answer.get("characters") != characters or family.own_bytes > MOST_BYTES:
        trial.fail(family, [f"{answer.get('characters')} characters, {family.own_bytes} bytes"], path.parent)
    ended = trial.run([GEN[0], "-c", PREPARE, path], 600)
    prepared = trial.family(f"{LONG_LINE}, prepared for training")
    prepared.count, prepared.read = 1, int(ended.code == 0)
    prepared.slowest_s, prepared.own_bytes = ended.seconds, ended.own_bytes
    tokens = sum(map(int, ended.stdout.split())) if ended.code == 0 else 0
    if tokens != characters or ended.own_bytes > MOST_BYTES or ended.stderr:
        trial.fail(prepared, [f"{tokens} tokens, {ended.own_bytes} bytes"], path.parent, ended)
    shutil.rmtree(path.parent)
    shutil.rmtree(trial.cache, ignore_errors=True)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
