from hypothesis import given

from gen.score import PART, PITCH, Part, Score, make_score
from gen.tokenizer.notes import NotesTokenizer
from gen.tokenizer.ranges import playable_range
from gen.tokenizer.transposition import SHIFTS
from tests.tokenizer.test_notes import WALTZ, any_scores, corpora


def transposed(score: Score, semitones: int) -> Score:
    """By the rows alone; drums stay."""
    notes = score.notes.copy()
    for note in notes:
        if not score.parts[note[PART]].is_drums:
            note[PITCH] += semitones
    keys = [key.transposed(semitones) for key in score.keys]
    return make_score(notes, score.parts, tempos=score.tempos, metres=score.metres, keys=keys).score


@given(corpora)
def test_every_variant_in_range_is_the_score_transposed(corpus: list[Score]) -> None:
    tokenizer = NotesTokenizer.learn(corpus)
    variants = tokenizer.variants()
    assert variants.shape == (len(SHIFTS), len(tokenizer.tokens))
    assert variants[SHIFTS.index(0)].tolist() == list(range(len(tokenizer.tokens)))
    for score in corpus:
        ids = tokenizer.encode(score)
        first, last = tokenizer.variant_range(ids)
        assert 0 <= first <= SHIFTS.index(0) <= last < len(SHIFTS)
        for row in range(first, last + 1):
            moved = variants[row][ids]
            assert (moved >= 0).all()
            assert tokenizer.decode(moved) == transposed(tokenizer.on_grid(score), SHIFTS[row])


@given(any_scores)
def test_a_score_learned_with_transposition_moves_as_far_as_its_instruments_play(score: Score) -> None:
    every_pitch = make_score([(0, 24, pitch, 72, 0) for pitch in range(128)], [Part(127)]).score
    tokenizer = NotesTokenizer.learn([score, every_pitch])
    first, last = tokenizer.variant_range(tokenizer.encode(score))
    played: dict[int, list[int]] = {}
    for note in score.notes.tolist():
        if not score.parts[note[PART]].is_drums:
            played.setdefault(score.parts[note[PART]].program, []).append(note[PITCH])

    def stays(semitones: int) -> bool:
        for program, pitches in played.items():
            low, high = playable_range(program)
            if not all(min(low, *pitches) <= pitch + semitones <= max(high, *pitches) for pitch in pitches):
                return False
        return True

    possible = [place for place, semitones in enumerate(SHIFTS) if stays(semitones)]
    assert (first, last) == (possible[0], possible[-1])


def test_without_transposition_nothing_is_added() -> None:
    tokenizer = NotesTokenizer.learn([WALTZ], transpose=False)
    ids = tokenizer.encode(WALTZ)
    assert set(ids.tolist()) == set(range(len(tokenizer.tokens)))
    assert tokenizer.variant_range(ids) == (0, 0)
    assert tokenizer.variants().tolist() == [list(range(len(tokenizer.tokens)))]


def test_drums_stay_where_they_are() -> None:
    beat = make_score([(0, 12, 36, 72, 0), (12, 12, 60, 72, 1)], [Part(is_drums=True), Part(0)]).score
    tokenizer = NotesTokenizer.learn([beat])
    ids = tokenizer.encode(beat)
    first, last = tokenizer.variant_range(ids)
    assert (first, last) == (0, len(SHIFTS) - 1)
    for row, semitones in zip(tokenizer.variants(), SHIFTS, strict=True):
        assert tokenizer.decode(row[ids]).notes[:, PITCH].tolist() == [36, 60 + semitones]
