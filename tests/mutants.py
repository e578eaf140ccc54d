"""Sound model files, and ways to spoil them: by accident, or on purpose and with checksums that are right."""

import copy
import json
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from gen.checkpoint import save_model
from tests.hostile_values import HOSTILE, NUMBERS
from tests.tiny import contents, sign, tiny_model
from tests.tunes import duet, tune_model

DTYPES = ("F32", "F64", "F16", "BF16", "I8", "I32", "I64", "U8", "BOOL", "F8_E4M3", "F4", "C64", "", "f32")
WILD = (np.nan, np.inf, -np.inf, 1e6, -1e6, 1e7, 3e38, -3e38, 1e-45)
TOKENS = ["a", "é", "<0x41>", "Pitch_60", "Pitch_128", "Metre_0/0", "Metre_1/96", "Part_2"]
VERSIONS = (0, 1, 1, 2, 2, 3, 3, 4, 99, -1, True, 1.0, 2.0, None, "2", [2])


class Originals:
    """Sound models of both kinds, in files.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        text, tunes = tiny_model(), tune_model([duet(seed) for seed in range(3)])
        models = {
            "text": text,
            "half": replace(text, dtype="float16"),
            "other": tiny_model("\nabcdeé", seed=1),
            "spelled": tiny_model("ab\n", "é", layers=1, seed=2),
            "tunes": tune_model(),
            "duets": replace(tunes, training=text.training),
        }
        self.paths = {name: folder / f"{name}.safetensors" for name in models}
        for name, path in self.paths.items():
            save_model(path, models[name])
        self.bytes = {name: path.read_bytes() for name, path in self.paths.items()}

    def contents(self, name: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Metadata and tensors of one of them, to be changed."""
        return contents(self.paths[name])


Mutation = Callable[[Originals, str, random.Random, Path], None]


def flip_bits(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    content = bytearray(originals.bytes[name])
    for _ in range(draw.choice((1, 1, 1, 2, 8))):
        content[_place(originals.bytes[name], draw)] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def change_bytes(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    content = bytearray(originals.bytes[name])
    for _ in range(draw.randint(1, 8)):
        content[_place(originals.bytes[name], draw)] = draw.choice(
            (0, 255, *b'{}[]",:\\0189-.eE ', draw.randrange(256))
        )
    path.write_bytes(content)


def cut(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    content = originals.bytes[name]
    begin = draw.choice((0, 0, 0, 8, draw.randrange(len(content))))
    path.write_bytes(content[begin : _place(content, draw)])


def insert(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """Bytes that are put in, taken out, or said twice; in the header perhaps with a length that is right."""
    content = bytearray(originals.bytes[name])
    place, length = _place(originals.bytes[name], draw), draw.choice((1, 2, 8, 100))
    added = draw.choice((draw.randbytes(length), b" " * length, bytes(content[place : place + length])))
    how = draw.randrange(3)
    content[place : place + (length if how else 0)] = added if how != 1 else b""
    if draw.random() < 0.5:
        header = struct.unpack("<Q", originals.bytes[name][:8])[0]
        content[:8] = struct.pack("<Q", max(0, header + len(content) - len(originals.bytes[name])))
    path.write_bytes(content)


def splice(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """The beginning of one file and the end of another, from the same place or where its numbers begin."""
    one, other = originals.bytes[name], originals.bytes[draw.choice(list(originals.bytes))]
    if draw.random() < 0.5:
        path.write_bytes(one[: _header_end(one)] + other[_header_end(other) :])
    else:
        place = _place(one, draw)
        path.write_bytes(one[:place] + other[draw.choice((place, _place(other, draw))) :])


def edit_header(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """Names, dtypes, shapes and offsets of tensors that lie, in a header that is JSON."""
    content = originals.bytes[name]
    end = _header_end(content)
    header, sound = json.loads(content[8:end]), json.loads(content[8:end])
    for _ in range(draw.randint(1, 3)):
        tensor, other = draw.sample([key for key in header if key != "__metadata__"], 2)
        # what a tensor was before, whatever an earlier turn has made of it
        entry, own = header[tensor], sound.get(tensor, sound["embedding"])
        match draw.randrange(8):
            case 0:
                entry["dtype"] = draw.choice(DTYPES)
            case 1:
                shape = own["shape"]
                entry["shape"] = draw.choice(([], shape[::-1], [*shape, 1], [draw.choice(NUMBERS)]))
            case 2:
                entry["data_offsets"] = list(own["data_offsets"])
                entry["data_offsets"][draw.randrange(2)] += draw.choice((-4, -1, 1, 4, 1 << 20, 1 << 62))
            case 3:
                place = header[other]["data_offsets"]
                entry["data_offsets"] = draw.choice((place, [0, 0], [8, 4], [draw.choice(NUMBERS)] * 2))
            case 4:
                header[tensor], header[other] = header[other], entry
            case 5:
                header[draw.choice(("lstm.9.W_f", "", "\x1b[2J", "x" * 10_000))] = header.pop(tensor)
            case 6:
                entry[draw.choice(("dtype", "shape", "data_offsets", "more"))] = draw.choice(HOSTILE[:40])
            case _:
                header["__metadata__"] = draw.choice(
                    ({}, {"gen": "{}"}, {"gen": 5}, None, {"gen": "[" * 5_000})
                )
                break
    written = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(written)) + written + content[end:])


def edit_metadata(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """Anything in any place of the metadata, with checksums that are right for it."""
    about, tensors = originals.contents(name)
    for _ in range(draw.choice((1, 1, 2, 4))):
        section = about[draw.choice(list(about))]  # so that a small one is met as often as a large one
        found = list(_places(section)) if isinstance(section, dict) and draw.random() < 0.5 else []
        holder, key = draw.choice(found or list(_places(about)))
        match draw.randrange(6):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[draw.choice(("", "more", "\x1b[2J", "ngram", "x" * 10_000))] = _hostile(draw)
            case 1 | 2:
                other, place = draw.choice(list(_places(about)))
                holder[key] = copy.deepcopy(other[place])
            case 3 if isinstance(holder[key], list):
                draw.shuffle(holder[key])
            case _:
                holder[key] = _hostile(draw)
        if not about:
            break
    sign(path, about, tensors)


def edit_signature(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """Versions and checksums themselves, and numbers that JSON has not, or not so."""
    about, tensors = originals.contents(name)
    about["format_version"] = draw.choice(VERSIONS)
    about["release"] = draw.choice(("9.9", _hostile(draw)))
    sign(path, about, tensors)
    about, _ = contents(path)
    for checksum in ("sha256", "metadata_sha256"):
        match draw.randrange(5):
            case 0:
                del about[checksum]
            case 1:
                about[checksum] = draw.choice((about[checksum].upper(), "0" * 64, None, about.get("sha256")))
    text = json.dumps(about)
    if draw.random() < 0.3:
        text = text.replace(
            "1234", draw.choice(("NaN", "-Infinity", "1e999", "9" * 30, "9" * 5_000, "1234.0"))
        )
    safetensors.numpy.save_file(tensors, path, {"gen": text})


def edit_tokens(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """Another vocabulary, mostly with a network that fits its length."""
    about, tensors = originals.contents(name)
    tokens = about["tokenizer"]["tokens"]
    more: list[Any] = [*tokens, *HOSTILE, *TOKENS]
    for _ in range(draw.choice((1, 1, 2, 5))):
        place = draw.randrange(len(tokens))
        match draw.randrange(4):
            case 0 if len(tokens) > 2:
                del tokens[place]
            case 1:
                tokens.insert(place, draw.choice(more))
            case 2:
                tokens[place] = draw.choice(more)
            case _:
                draw.shuffle(tokens) if draw.random() < 0.1 else tokens.append(draw.choice(more))
    size = len(tokens) if draw.random() < 0.9 else about["config"]["vocabulary_size"]
    about["config"]["vocabulary_size"] = size
    for tensor, axis in (("embedding", 0), ("output.W", 1), ("output.b", 0)):
        tensors[tensor] = np.ascontiguousarray(tensors[tensor].take(np.arange(size), axis, mode="wrap"))
    sign(path, about, tensors)


def edit_tensors(originals: Originals, name: str, draw: random.Random, path: Path) -> None:
    """Numbers that no training leads to, or another form, with checksums that are right for them."""
    about, tensors = originals.contents(name)
    for tensor in draw.sample(sorted(tensors), draw.choice((1, 1, 3))):
        array = tensors[tensor].copy()
        match draw.randrange(7):
            case 0 | 1:
                array.flat[draw.randrange(array.size)] = draw.choice(WILD)
            case 2:
                array = array.astype(draw.choice((np.float16, np.float64, np.int32, np.int64, np.uint8)))
            case 3:
                array = draw.choice((array[None], array[:-1], array.reshape(-1), array.T))
            case 4:
                del tensors[tensor]
                continue
            case 5:
                tensors[draw.choice(("lstm.7.W_f", "more", "\x1b[2J"))] = array
            case _:
                array *= np.float32(draw.choice((0, 1e-38, 1e3, 1e5, -1e5)))
        tensors[tensor] = np.ascontiguousarray(array)
    sign(path, about, tensors)


FAMILIES: dict[str, Mutation] = {
    "bits flipped": flip_bits,
    "bytes changed": change_bytes,
    "cut short": cut,
    "bytes put in or taken out": insert,
    "two files in one": splice,
    "a header that lies": edit_header,
    "metadata edited, signed again": edit_metadata,
    "versions and checksums edited": edit_signature,
    "vocabulary edited, signed again": edit_tokens,
    "tensors edited, signed again": edit_tensors,
}


def mutants(originals: Originals, seed: int | str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Mutants without end, of each family in turn, and the name of the family.

    The file is another's with the next one. The same seed makes the same files.
    """
    number = 0
    while True:
        for family, mutate in FAMILIES.items():
            draw = random.Random(f"{seed} {number}")
            name = draw.choice(list(originals.bytes))
            path = folder / "model.safetensors"
            mutate(originals, name, draw, path)
            yield family, path
            number += 1


def _hostile(draw: random.Random) -> Any:
    return copy.deepcopy(draw.choice(HOSTILE))  # which may be edited further


def _header_end(content: bytes) -> int:
    return 8 + int(struct.unpack("<Q", content[:8])[0])


def _place(content: bytes, draw: random.Random) -> int:
    """A place in a file, mostly in its header."""
    return draw.randrange(draw.choice((16, _header_end(content), len(content))))


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a JSON value: what holds it, and its key there; the tokens of a vocabulary are a few."""
    keys = list(value) if isinstance(value, dict) else list(range(min(len(value), 3)))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])
