"""Files of MusicXML, ABC and kern that are broken or out to do harm."""

import struct
import zipfile

from gen.corpus.musicxml import MAX_UNPACKED_BYTES
from gen.corpus.piece import MAX_NOTES
from tests.corpus.musicxml_files import HEAD, measures, note, score, zipped

CENTRAL, LOCAL = b"PK\1\2", b"PK\3\4"  # what an archive's list of files begins with, and each file in it
NOTE = note("C", 24)
GOOD = score(measures(NOTE))


def declaring(declarations: str, within: str = "") -> bytes:
    """A score behind declarations of a document type, with something more in its measure."""
    declared = f"{HEAD}<!DOCTYPE score-partwise {declarations}>"
    return score(measures(NOTE + within)).replace(HEAD, declared).encode()


def patched(archive: bytes, mark: bytes, place: int, instead: bytes) -> bytes:
    """An archive with other bytes so far behind the last of these marks."""
    start = archive.rindex(mark) + place
    return archive[:start] + instead + archive[start + len(instead) :]


def encrypted(archive: bytes) -> bytes:
    return patched(patched(archive, CENTRAL, 8, b"\1"), LOCAL, 6, b"\1")


def damaged(archive: bytes) -> bytes:
    """An archive whose last file has other bytes than it was packed to."""
    name = archive.rindex(b"score.xml", 0, archive.index(CENTRAL))
    return archive[: name + 14] + b"\xaa" * 20 + archive[name + 34 :]


def in_measure(content: str, attributes: str = "") -> bytes:
    return score(measures(content, attributes=attributes)).encode()


LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
TIME = "<time><beats>{}</beats><beat-type>4</beat-type></time>"
LONG_NAME = "n" * 60_000 + ".xml"

# by what they are: ending, bytes, and some words of the reason why they are refused; none where they are read
MUSICXML: dict[str, tuple[str, bytes, str]] = {
    "an archive in an archive": (".mxl", zipped(zipped(GOOD.encode())), "not in the encoding"),
    "an archive that unpacks to a gigabyte by its list": (
        ".mxl",
        patched(zipped(GOOD.encode()), CENTRAL, 24, struct.pack("<I", 1 << 30)),
        "more than 64 MiB",
    ),
    "an archive that unpacks to more than its list says": (
        ".mxl",
        patched(zipped(b" " * (MAX_UNPACKED_BYTES + 1)), CENTRAL, 24, struct.pack("<I", 1000)),
        "damaged archive",
    ),
    "an archive whose files overlap": (
        ".mxl",
        patched(zipped(GOOD.encode()), CENTRAL, 42, struct.pack("<I", 0)),
        "damaged archive",
    ),
    "an archive whose file lies outside it": (
        ".mxl",
        patched(zipped(GOOD.encode()), CENTRAL, 42, struct.pack("<I", 1 << 30)),
        "damaged archive",
    ),
    "an encrypted archive": (".mxl", encrypted(zipped(GOOD.encode())), "encrypted"),
    "an encrypted archive with a name of 60,000 letters": (
        ".mxl",
        encrypted(zipped(GOOD.encode(), LONG_NAME)),
        "damaged archive",
    ),
    "an archive with damaged content": (".mxl", damaged(zipped(GOOD.encode())), "damaged archive"),
    "an archive packed by bzip2": (".mxl", zipped(GOOD.encode(), method=zipfile.ZIP_BZIP2), "packed by"),
    "an archive packed by LZMA": (
        ".mxl",
        damaged(zipped(GOOD.encode(), method=zipfile.ZIP_LZMA)),
        "packed by",
    ),
    "an archive with a way out": (".mxl", zipped(GOOD.encode(), "../../score.xml"), ""),
    "an archive with a way from the root": (".mxl", zipped(GOOD.encode(), "/etc/score.xml"), ""),
    "a container that names what is not there": (
        ".mxl",
        zipped(GOOD.encode(), named="/etc/hosts"),
        "no MusicXML",
    ),
    "a container that names a folder": (".mxl", zipped(b"", "score.xml/"), "no well-formed XML"),
    "a container that names itself": (
        ".mxl",
        zipped(GOOD.encode(), named="META-INF/container.xml"),
        "no MusicXML",
    ),
    "a billion laughs": (".xml", declaring(f'[<!ENTITY a0 "ha">{LAUGHS}]', "&a9;"), "entities"),
    "one long entity many times": (
        ".xml",
        declaring(f'[<!ENTITY a "{"a" * 30_000}">]', "&a;" * 30_000),
        "entities",
    ),
    "an entity in another file": (
        ".xml",
        declaring('[<!ENTITY a SYSTEM "file:///etc/passwd">]', "&a;"),
        "entities",
    ),
    "an entity of another machine": (
        ".xml",
        declaring('[<!ENTITY a SYSTEM "http://127.0.0.1:9/a">]', "&a;"),
        "entities",
    ),
    "a parameter entity": (".xml", declaring('[<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]'), "entities"),
    "an entity that nobody declares": (
        ".xml",
        declaring('SYSTEM "http://127.0.0.1:9/a.dtd"', "&a;"),
        "undefined entity",
    ),
    "a document type elsewhere": (".xml", declaring('SYSTEM "file:///etc/passwd"'), ""),
    "an attribute of a megabyte for every note": (
        ".xml",
        declaring(f'[<!ATTLIST note a CDATA "{"a" * 1_000_000}">]', NOTE * 10_000),
        "attributes",
    ),
    "entities in an encoding that only one reader sees": (
        ".xml",
        GOOD.replace(HEAD, '<?xml-style encoding="utf-7"?><!DOCTYPE a [+ADwAIQ-ENTITY a "b"+AD4-]>').encode(),
        "no well-formed XML",
    ),
    "an encoding that spells escapes": (".xml", GOOD.replace("UTF-8", "unicode_escape").encode(), "encoding"),
    "an encoding that is none": (".xml", GOOD.replace("UTF-8", "klingon").encode(), "encoding"),
    "100,000 elements within each other": (
        ".xml",
        in_measure("<a>" * 100_000 + "</a>" * 100_000),
        "no notes",
    ),
    "100,000 elements that do not end": (".xml", in_measure("<a>" * 100_000), "no well-formed XML"),
    "a long text in many elements": (
        ".xml",
        in_measure("<a>" * 50_000 + "a" * 1_000_000 + "</a>" * 50_000),
        "no notes",
    ),
    "too many notes": (".xml", in_measure("<note/>" * (MAX_NOTES + 1)), f"more than {MAX_NOTES} notes"),
    "a program of ten digits": (
        ".xml",
        GOOD.replace("</part-name>", "</part-name><midi-program>0001999999</midi-program>").encode(),
        "",
    ),
    "a billion beats": (".xml", in_measure(NOTE, TIME.format("1000000000")), "beats beyond"),
    "a metre of 100,000 summands": (".xml", in_measure(NOTE, TIME.format("1+" * 100_000)), "beats beyond"),
    "beats in an odd number": (".xml", in_measure(NOTE, TIME.format("1e308")), "beats beyond"),
    "a key of a billion flats": (
        ".xml",
        in_measure(NOTE, "<key><fifths>-1000000000</fifths><mode>minor</mode></key>"),
        "fifths beyond",
    ),
    "more staves than there are": (".xml", in_measure(NOTE, "<staves>1000000</staves>"), "no notes"),
    "a transposition out of the world": (
        ".xml",
        in_measure(NOTE, "<transpose><chromatic>1000000000</chromatic></transpose>"),
        "",
    ),
    "a length below zero": (".xml", in_measure(note("C", -6) + NOTE), "^has something before"),
    "a step back over the beginning": (
        ".xml",
        in_measure(f"<backup><duration>99</duration></backup>{NOTE}"),
        "",
    ),
    "a gap of a million quarters": (
        ".xml",
        in_measure(f"<forward><duration>6000000</duration></forward>{NOTE}"),
        "longer than",
    ),
} | {
    f"{field} {value}": (".xml", in_measure(NOTE).replace(old.encode(), f"<{field}>{value}<".encode()), words)
    for field, old, value, words in (
        ("divisions", "<divisions>6<", "0", "parsed"),
        ("divisions", "<divisions>6<", "-6", "parsed"),
        ("divisions", "<divisions>6<", "nan", "parsed"),
        ("divisions", "<divisions>6<", "1e999", "parsed"),
        ("divisions", "<divisions>6<", "1/0", "parsed"),
        ("duration", "<duration>24<", "0", "parsed"),
        ("duration", "<duration>24<", "nan", "parsed"),
        ("duration", "<duration>24<", "inf", "parsed"),
        ("duration", "<duration>24<", "1e300", "longer than"),
        ("duration", "<duration>24<", "", "parsed"),
        ("octave", "<octave>5<", "1000000000", ""),
        ("octave", "<octave>5<", "nan", "parsed"),
    )
}

TUNE = "X:1\nT:a tune\nM:4/4\nL:1/8\nK:C\n"
ABC: dict[str, tuple[str, bytes, str]] = {
    name: (".abc", content.encode(), words)
    for name, content, words in (
        ("a rest of 9,999,999", f"{TUNE}c z9999999 c|", ""),
        ("rests for 30,000 measures", f"{TUNE}{'Z9999|' * 3}c|", "longer than"),
        ("repeats within each other", f"{TUNE}{'|:' * 1000}c|{':|' * 1000}", ""),
        ("a million times", f"{TUNE}|{':' * 100_000}c{':' * 100_000}|", ""),
        ("a note a hundred octaves down", f"{TUNE}C{',' * 100_000}", "out of MIDI's range"),
        ("a number of 100,000 digits", f"X:1{'1' * 100_000}\nK:C\nz\n\nX:2\nK:C\nc", ""),
        ("a number and a title for the terminal", "X:1\x1b[31m\7\nT:\x1b[2J\nK:C\nz\n\nX:2\nK:C\nc", ""),
        ("rhythms broken without end", f"{TUNE}c{'>' * 30_000}c", ""),
        ("a head that each tune has", "M:4/4\n" * 1001 + "X:1\n" * 99 + "K:C\nc", "fields before its first"),
        ("a division by zero", f"{TUNE}c/0", "length"),
        ("a tempo of no beats", TUNE.replace("K:", "Q:1/0=120\nQ:0/4=99\nQ:1/4=0\nK:") + "c", ""),
        ("a metre of no beats", TUNE.replace("4/4", "0/4") + "[M:4/0]c[M:999+999/8]c", ""),
        ("a tuplet of nothing", f"{TUNE}(9:0:0ccc(2:0:9ccc", ""),
        ("a voice with a name of a megabyte", f"{TUNE}V:{'a' * 1_000_000}\nc", ""),
        ("brackets that do not end", TUNE + "[" * 2000 + "c" + "{" * 2000 + 'c"c', ""),
        ("digits of other scripts", "X:٣\nL:1/٨\nK:C\nc٣ c２/３ (３ccc", ""),
        ("letters of everywhere", TUNE + "".join(map(chr, range(1, 1024))) + "c", "no notes"),
    )
}


def kern(*lines: str, spines: int = 1) -> bytes:
    """A file of spines that are all alike."""
    return "\n".join("\t".join([line] * spines) for line in ("**kern", *lines, "*-")).encode()


KERN: dict[str, tuple[str, bytes, str]] = {
    name: (".krn", content, words)
    for name, content, words in (
        ("spines that split and split", kern(*["*^"] * 30, "4c"), "no notes"),
        ("spines that join with none", kern("*v", "4c"), "parsed"),
        ("lengths of 1,000 digits", kern("1" * 1000 + "c", "4c"), ""),
        ("a length of nothing", kern("4%0c", "0%0c", "4c"), ""),
        ("10,000 dots", kern("4" + "." * 10_000 + "c"), "no notes"),
        ("metres of nothing", kern("*M0/4", "*M4/0", "4c"), ""),
        ("a metre of many beats", kern("*M99999999/4", "4c"), "255 beats"),
        ("257 spines", kern("4c", spines=257), "spines"),
        ("a million events", kern(*["."] * 600_000, "4c"), "events"),
        ("tempos of nothing", kern("*MM0", "*MM-5", "*MMnan", "*MM1e999", "4c"), "parsed"),
        ("10,000 letters", kern("4" + "c" * 10_000), ""),
        ("an expansion that is none", kern("*>[A,A,A]", "*>A", "4c", "*>[A"), ""),
        ("spines that end before they begin", b"**kern\n*-\n*-\n4c", "parsed"),
        ("a NUL byte", kern("4c\0"), "NUL"),
    )
}

HOSTILE = MUSICXML | ABC | KERN
