"""Where a run's corpus is, in words that still hold when the run is resumed, from whatever folder."""

import glob
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gen.config import ConfigError, JsonFields
from gen.corpus.locate import Located, locate, run_name
from gen.corpus.sorting import TOKENIZERS
from gen.dataset.assembled import open_shards
from gen.dataset.manifest import is_prepared, read_manifest, refuse_prepared
from gen.dataset.prepare import Dataset, prepare
from gen.errors import CorpusError
from gen.kinds import tokenizer_of
from gen.tokenizer.notes import CHOICES


@dataclass(frozen=True)
class Source(JsonFields):
    """What a run learns from.

    Attributes:
        name: What to call the corpus.
        licence: As far as it is known.
        corpus: What `--corpus` means.
        validation: What `--validation-corpus` means, if given.
        encoding: What `--encoding` says, if given.
        init_from: What `--init-from` means, if given.
        tokenizer: What `--tokenizer` says.
        choices: What the tokenizer is told besides, by name: of music `transpose`, `melody` and `velocity`.
    """

    name: str
    licence: str | None
    corpus: str
    validation: str | None
    encoding: str | None
    init_from: str | None
    tokenizer: str
    choices: dict[str, bool]

    def __post_init__(self) -> None:
        if unknown := sorted(self.choices.keys() - set(CHOICES)):
            raise ConfigError(f"there are no choices {', '.join(unknown)}")
        if self.tokenizer not in TOKENIZERS:
            raise ConfigError(f"there is no tokenizer {self.tokenizer!r}")
        if "-" in (self.corpus, self.validation):
            raise ConfigError("standard input cannot be read again")


@dataclass(frozen=True)
class Found:
    """What a source was found to be.

    Attributes:
        source: It.
        kind: `text` or `music`.
        files: What to learn from.
        held_out: What to validate on, where files are given for that.
        notes: For the user, one line each.
        shards: The folder of a corpus that is prepared already, and has no files to be read.
    """

    source: Source
    kind: str
    files: tuple[Path, ...]
    held_out: tuple[Path, ...] | None
    notes: tuple[str, ...]
    shards: Path | None = None

    def prepare(self, base: dict[str, Any] | None) -> Dataset:
        """The corpus as ids; `base` is the tokenizer of the model to start from, as its file has it.

        Raises:
            CorpusError: A file cannot be read, or a shard is missing.
        """
        if self.shards is not None:
            return open_shards(self.shards)
        return prepare(
            self.files,
            self.held_out,
            encoding=self.source.encoding,
            base=None if base is None else tokenizer_of(self.kind, base),
            kind=self.kind,
            choices=self.source.choices,
        )


def find(
    corpus: str,
    validation: str | None,
    encoding: str | None,
    tokenizer: str = "auto",
    choices: dict[str, bool] | None = None,
    init_from: Path | None = None,
) -> Found:
    """The files that the options mean, each looked for once: standard input can be read only once.

    Raises:
        CorpusError: There is nothing there, both options mean standard input, one is text and the other
            music, or there are choices that text does not have.
    """
    if corpus == validation == "-":
        raise CorpusError("Standard input cannot be both corpora.", "Put one of them into a file.")
    if is_prepared(Path(corpus)):
        _refuse_options(corpus, validation, encoding, tokenizer, choices or {})
        return _prepared(Path(corpus), init_from)
    if validation is not None:
        refuse_prepared(validation)
    located = locate(corpus, encoding, tokenizer)
    held = None if validation is None else locate(validation, encoding, tokenizer)
    if held is not None and held.kind != located.kind:
        raise CorpusError(
            f"{corpus} is {located.kind} and {validation} is {held.kind}.",
            "Validate on what is like the corpus.",
        )
    if choices and located.kind == "text":
        raise CorpusError(
            f"{corpus} is text, and {', '.join(sorted(choices))} is said of music.",
            "Leave the options for music out.",
        )
    source = Source(
        located.name,
        located.licence,
        _lasting(corpus, located),
        None if held is None or validation is None else _lasting(validation, held),
        encoding,
        None if init_from is None else _absolute(init_from),
        tokenizer,
        choices or {},
    )
    notes = located.notes
    held_out = located.validation
    if held is not None:
        # of a folder that is split itself, the part meant for this
        held_out = held.validation or held.files
        overridden = " instead of the corpus' own" if located.validation else ""
        notes += (*held.notes, f"{validation} is for validation{overridden}")
    return Found(source, located.kind, located.files, held_out, notes)


def _prepared(folder: Path, init_from: Path | None) -> Found:
    manifest = read_manifest(folder)
    source = Source(
        run_name(manifest.name),
        manifest.licence,
        _absolute(folder),
        None,
        None,
        None if init_from is None else _absolute(init_from),
        "auto",
        {},
    )
    return Found(source, manifest.kind, (), None, (), folder)


def _refuse_options(
    corpus: str, validation: str | None, encoding: str | None, tokenizer: str, choices: dict[str, bool]
) -> None:
    """What a prepared corpus was asked when it was prepared cannot be said of it any more."""
    said = {
        "--validation-corpus": validation,
        "--encoding": encoding,
        "--tokenizer": None if tokenizer == "auto" else tokenizer,
        **{f"an option for {name}": value for name, value in choices.items()},
    }
    for name, value in said.items():
        if value is not None:
            raise CorpusError(
                f"{corpus} is prepared already, and {name} is for what is still to be read.",
                "Leave it out, or prepare the corpus anew with it.",
            )


def find_again(source: Source) -> Found:
    """The files of a source that was found before.

    Raises:
        CorpusError: They are no longer there.
    """
    found = find(source.corpus, source.validation, source.encoding, source.tokenizer, source.choices)
    return replace(found, source=source)


def is_same(given: str, recorded: str | None) -> bool:
    """Whether an option given again means what it meant before; standard input cannot be asked twice."""
    return given == "-" or recorded in (given, _absolute(Path(given)))


def _absolute(path: Path) -> str:
    return str(path.resolve()) if path.exists() else str(Path.cwd() / path)


def _lasting(spec: str, located: Located) -> str:
    if spec == "-":
        return _absolute(located.files[0])
    if Path(spec).exists() or glob.has_magic(spec):
        return _absolute(Path(spec))
    return spec
