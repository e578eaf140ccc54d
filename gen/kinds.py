"""The one table where text and music part: who reads a kind's files, its tokenizer, who writes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gen.config import Recipe
from gen.corpus.shard_text import TextShard
from gen.corpus.shares import Listing, Share, share_of_music, share_of_text
from gen.corpus.split import TextParts
from gen.errors import ModelFileError
from gen.inspection.music import music_passage
from gen.inspection.passage import Passage
from gen.inspection.text import text_passage
from gen.tokenizer.base import Tokenizer
from gen.tokenizer.characters import CharacterTokenizer
from gen.tokenizer.notes import NotesTokenizer
from gen.writing.music import preview_music, sample_music
from gen.writing.text import preview_text, sample_text

if TYPE_CHECKING:
    from gen.comparison.comparison import Comparison


@dataclass(frozen=True)
class Kind:
    """One kind of corpus.

    Attributes:
        name: As the model file has it.
        version: Of how its files are read and split; cached ids of another version are made anew.
        parts: Opens a located corpus: its training and its validation documents.
        share: Says what belongs to one of N shards of a corpus.
        shard: Opens that: its documents, each with whether it is held out.
        tokenizer: Between its documents and ids.
        sample: Does what `gen sample` asks for, with a model.
        passage: Makes of what `gen inspect` is given something to read, with what can be counted in it.
        compare: Lays what a model writes beside what it learned from.
        preview: A short sample for whoever watches the training.
        recipe: What to train with.
    """

    name: str
    version: Callable[[], str]
    parts: Callable[..., Any]
    share: Callable[[Listing, int, int, str | None], Share]
    shard: Callable[..., Any]
    tokenizer: type[Any]
    sample: Callable[..., None]
    passage: Callable[..., Passage]
    compare: Callable[..., "Comparison"]
    preview: Callable[..., str]
    recipe: Recipe


def _music_parts(*of: Any) -> Any:
    # what reads files of music is heavy, and a sample needs none of it
    from gen.corpus.music import MusicParts

    return MusicParts(*of)


def _music_shard(*of: Any) -> Any:
    from gen.corpus.shard_music import MusicShard

    return MusicShard(*of)


def _music_version() -> str:
    from gen.corpus.library import reader_version

    return reader_version()


# only a report compares
def _compare_text(*of: Any) -> "Comparison":
    from gen.comparison.text import compare_text

    return compare_text(*of)


def _compare_music(*of: Any) -> "Comparison":
    from gen.comparison.music import compare_music

    return compare_music(*of)


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="text",
            version=lambda: "2",
            parts=TextParts,
            share=share_of_text,
            shard=TextShard,
            tokenizer=CharacterTokenizer,
            sample=sample_text,
            passage=text_passage,
            compare=_compare_text,
            preview=preview_text,
            recipe=Recipe(
                # on two cores 16 streams each: products and slices are at their best at multiples of that
                batch_size=32,
                window=64,
                # more units than a corpus can fill learn it by heart before they have learned anything else
                units=1024,
                units_by_tokens=((20_000, 128), (200_000, 256), (750_000, 512)),
                # more units want time: with little of it, fewer of them see four times as much
                units_by_passes=((30.0, 512),),
                # a high rate is soon good, a low one ends better
                learning_rate=6e-3,
                learning_rate_by_passes=((12.0, 8e-3),),
                # the more often a corpus is read, the more must be dropped lest it be learned by heart
                dropout=0.5,
                dropout_by_passes=((4.0, 0.1), (12.0, 0.2), (30.0, 0.4)),
                # a character that is not read is missed more than one of many hidden values
                input_share=0.2,
                # what is not renewed is forgotten, before it is known by heart
                weight_decay=0.3,
                weight_decay_by_passes=((4.0, 0.01), (12.0, 0.1)),
                # what was read often is predicted with more confidence than what is new deserves
                confidence_penalty=0.1,
                confidence_penalty_by_passes=((12.0, 0.0),),
            ),
        ),
        Kind(
            name="music",
            version=_music_version,
            parts=_music_parts,
            share=share_of_music,
            shard=_music_shard,
            tokenizer=NotesTokenizer,
            sample=sample_music,
            passage=music_passage,
            compare=_compare_music,
            preview=preview_music,
            recipe=Recipe(
                batch_size=32,
                window=96,
                units=384,
                units_by_tokens=((20_000, 192),),
                units_by_passes=(),
                learning_rate=5e-3,
                learning_rate_by_passes=(),
                dropout=0.5,
                dropout_by_passes=((4.0, 0.1), (12.0, 0.2), (40.0, 0.3)),
                input_share=1.0,
                weight_decay=0.01,
                weight_decay_by_passes=(),
                confidence_penalty=0.0,
                confidence_penalty_by_passes=(),
            ),
        ),
    )
}


def kind_named(name: str) -> Kind:
    """The kind that a model file names.

    Raises:
        ModelFileError: This release has no such kind.
    """
    if name not in KINDS:
        raise ModelFileError(
            f"The model is of kind {name!r}; this release knows {', '.join(KINDS)}.",
            "Install a newer release of gen.",
        )
    return KINDS[name]


def tokenizer_of(kind: str, fields: dict[str, Any]) -> Tokenizer[Any]:
    """The tokenizer of a model, from its file.

    Raises:
        ModelFileError: This release has no such kind.
        TokenizerError: The vocabulary is damaged.
    """
    tokenizer: Tokenizer[Any] = kind_named(kind).tokenizer.from_json(fields)
    return tokenizer
