"""The smallest SoundFont: one preset, one instrument, one sample, a sine of 440 Hz that goes round."""

import struct

import numpy as np

_RATE_HZ, _CYCLES, _LENGTH = 44_100, 440, 44_100
_INSTRUMENT, _SAMPLE_ID, _SAMPLE_MODES, _ROOT_KEY = 41, 53, 54, 58
_A4 = 69


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _list(kind: bytes, *chunks: bytes) -> bytes:
    return _chunk(b"LIST", kind + b"".join(chunks))


def _name(text: str) -> bytes:
    return text.encode().ljust(20, b"\0")


def sine_soundfont() -> bytes:
    """After the SoundFont technical specification 2.04, section 7; every list ends with an empty record."""
    time = np.arange(_LENGTH + 64) / _RATE_HZ
    samples = (20_000 * np.sin(2 * np.pi * _CYCLES * time)).astype("<i2").tobytes()
    no_modulator = struct.pack("<HHhHH", 0, 0, 0, 0, 0)
    sample = struct.pack("<5IBbHH", 0, _LENGTH + 16, 8, _LENGTH + 8, _RATE_HZ, _A4, 0, 0, 1)
    return _chunk(
        b"RIFF",
        b"sfbk"
        + _list(
            b"INFO",
            _chunk(b"ifil", struct.pack("<HH", 2, 1)),
            _chunk(b"isng", b"EMU8000\0"),
            _chunk(b"INAM", b"Sine\0\0"),
        )
        + _list(b"sdta", _chunk(b"smpl", samples))
        + _list(
            b"pdta",
            _chunk(
                b"phdr",
                _name("Sine")
                + struct.pack("<HHHIII", 0, 0, 0, 0, 0, 0)
                + _name("EOP")
                + struct.pack("<HHHIII", 0, 0, 1, 0, 0, 0),
            ),
            _chunk(b"pbag", struct.pack("<HHHH", 0, 0, 1, 0)),
            _chunk(b"pmod", no_modulator),
            _chunk(b"pgen", struct.pack("<HHHH", _INSTRUMENT, 0, 0, 0)),
            _chunk(b"inst", _name("Sine") + struct.pack("<H", 0) + _name("EOI") + struct.pack("<H", 1)),
            _chunk(b"ibag", struct.pack("<HHHH", 0, 0, 3, 0)),
            _chunk(b"imod", no_modulator),
            _chunk(
                b"igen",
                struct.pack("<HHHHHHHH", _SAMPLE_MODES, 1, _ROOT_KEY, _A4, _SAMPLE_ID, 0, 0, 0),
            ),
            _chunk(b"shdr", _name("Sine") + sample + _name("EOS") + bytes(26)),
        ),
    )
