"""What is wrong with what `gen` says of a model file, beside a second reader of the same file."""

import json

from trials import Ended, is_two_lines

from tests.second_reader import UNSOUND, read

LIMIT_S = 1.0
LIMIT_BYTES = 200 << 20


def wrong_refusal(ended: Ended) -> str:
    """What is wrong with a command that did not do what it was asked for; nothing if it said so."""
    lines = ended.stderr.decode("utf-8", "replace").splitlines()
    if ended.code != 1 or ended.stdout or not is_two_lines(ended.stderr) or len(lines) != 2:
        return f"exit code {ended.code}, {ended.stderr[-1000:]!r}"
    if not all(line.isprintable() for line in lines):
        return "an error that drives the terminal"
    return wrong_measure(ended)


def wrong_measure(ended: Ended) -> str:
    """What is wrong with the time and the memory that a command took."""
    if ended.seconds > LIMIT_S:
        return f"{ended.seconds:.2f} s"
    if ended.peak_bytes > LIMIT_BYTES:
        return f"{ended.peak_bytes / 1e6:.0f} MB more"
    return ""


def wrong_info(ended: Ended, content: bytes) -> str:
    """What is wrong with an answer of `gen info --json`, beside what the second reader finds in the file."""
    try:
        about = read(content)
    except UNSOUND as error:
        return f"accepted, though {error!r}"
    told = json.loads(ended.stdout)
    same = (
        told["vocabulary"] == about["tokenizer"]["tokens"]
        and told["model"] == about["config"]
        and all(told[name] == about[name] for name in ("kind", "corpus", "training"))
    )
    if not same or ended.stderr:
        return f"other facts than the file's, {ended.stderr[-300:]!r}"
    return wrong_measure(ended)


def wrong_sample(ended: Ended, content: bytes) -> str:
    """What is wrong with what a sound model wrote, as far as can be told of one that learned nothing."""
    if ended.code == 1:  # such as a vocabulary in which no note can be said
        return wrong_refusal(ended)
    about, text = read(content), ended.stdout.decode("utf-8", "surrogatepass")
    if ended.code != 0 or ended.stderr:
        return f"exit code {ended.code}, {ended.stderr[-1000:]!r}"
    tokens = set(about["tokenizer"]["tokens"])
    if about["kind"] == "text" and (len(text) != 20 or not (set(text) <= tokens or "<0x00>" in tokens)):
        return f"wrote {text!r}"
    return wrong_measure(ended) if text else "wrote nothing"


def wrong_served(ended: Ended, content: bytes) -> str:
    """What is wrong with what a page is told of a sound model."""
    if ended.code != 0 or ended.stderr:
        return f"not served: exit code {ended.code}, {ended.stderr[-1000:]!r}"
    told, about = json.loads(ended.stdout), read(content)
    if (told["kind"], told["vocabulary_size"]) != (about["kind"], len(about["tokenizer"]["tokens"])):
        return f"served as what it is not: {told}"
    return wrong_measure(ended)
