"""Answers are made in turns: none is lost, none holds up another, and there are never too many."""

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gen.errors import GenError
from gen.web import queue as queues
from gen.web.queue import Answer, FullError, Queue

BIG = b"x" * (queues.MOST_UNREAD_BYTES // 4)


def parts(number: int, count: int) -> Iterator[bytes]:
    for part in range(count):
        yield b"" if part % 3 == 2 else f"{number}.{part} ".encode()


async def all_of(answer: Answer) -> bytes:
    return b"".join([said async for said in answer])


async def until(condition: Any) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came true")


@given(st.integers(1, 4), st.integers(1, 5), st.lists(st.integers(0, 12), min_size=1, max_size=20))
def test_every_answer_is_whole_and_in_order(threads: int, places: int, counts: list[int]) -> None:
    async def run() -> None:
        queue = Queue(threads, places, 20)
        answers = [queue.enter(parts(number, count)) for number, count in enumerate(counts)]
        found = await asyncio.gather(*map(all_of, answers))
        assert found == [b"".join(parts(number, count)) for number, count in enumerate(counts)]
        await until(lambda: len(queue) == 0)
        queue.close()

    asyncio.run(run())


def test_of_three_hundred_at_once_each_is_answered_or_refused() -> None:
    async def run() -> None:
        queue = Queue(2, 8, 200)
        answers, refused = [], 0
        for number in range(300):
            try:
                answers.append(queue.enter(parts(number, 20)))
            except FullError:
                refused += 1
        found = await asyncio.gather(*map(all_of, answers))
        assert (len(answers), refused) == (200, 100)
        assert found == [b"".join(parts(number, 20)) for number in range(200)]
        assert queue.enter(parts(0, 1))  # there is room again
        queue.close()

    asyncio.run(run())


def test_who_comes_first_is_served_first() -> None:
    begun: list[int] = []

    def work(number: int) -> Iterator[bytes]:
        begun.append(number)
        yield b"a"

    async def run() -> None:
        queue = Queue(1, 1, 20)
        await asyncio.gather(*(all_of(queue.enter(work(number))) for number in range(20)))
        queue.close()

    asyncio.run(run())
    assert begun == list(range(20))


def test_no_more_are_made_at_a_time_than_there_are_places() -> None:
    begun: set[int] = set()
    most = 0

    def work(number: int) -> Iterator[bytes]:
        nonlocal most
        begun.add(number)
        for _ in range(5):
            most = max(most, len(begun))
            time.sleep(queues.SLICE_S)
            yield b"a"
        begun.discard(number)

    async def run() -> None:
        queue = Queue(2, 3, 100)
        await asyncio.gather(*(all_of(queue.enter(work(number))) for number in range(9)))
        queue.close()

    asyncio.run(run())
    assert most == 3


def test_a_reader_who_does_not_read_holds_up_nobody_and_fills_no_memory() -> None:
    given_out = [0, 0, 0]

    def endless(number: int) -> Iterator[bytes]:
        while given_out[number] < 100:
            given_out[number] += 1
            yield BIG

    async def run() -> None:
        queue = Queue(1, 1, 10)  # one thread and one place, and three who do not read
        slow = [queue.enter(endless(number)) for number in range(3)]
        assert await all_of(queue.enter(parts(7, 50))) == b"".join(parts(7, 50))
        assert max(given_out) <= 2 * queues.MOST_UNREAD_BYTES // len(BIG)
        assert await all_of(slow[0]) == BIG * 100  # when it reads at last, nothing is missing
        for answer in slow[1:]:
            answer.leave()
        await until(lambda: len(queue) == 0)
        queue.close()

    asyncio.run(run())


def test_who_rests_too_long_is_told_so_and_frees_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "LONGEST_REST_S", 0.05)

    async def run() -> None:
        queue = Queue(1, 1, 1)
        answer = queue.enter(iter([BIG] * 100))
        await until(lambda: len(queue) == 0)
        read = b""
        with pytest.raises(GenError, match="Nobody read"):
            async for said in answer:
                read += said
        assert 0 < len(read) < 100 * len(BIG)
        queue.close()

    asyncio.run(run())


@pytest.mark.parametrize("when", ["in line", "being made", "at rest"])
def test_a_reader_who_leaves_frees_the_place_and_the_work_ends(when: str) -> None:
    ended = threading.Event()
    going_on = threading.Event()

    def work() -> Iterator[bytes]:
        try:
            while True:
                going_on.set()
                time.sleep(0.001)
                yield BIG if when == "at rest" else b""
        finally:
            ended.set()

    async def run() -> None:
        queue = Queue(1, 1, 2)
        before = queue.enter(repeat(b"")) if when == "in line" else None
        answer = queue.enter(work())
        if before is None:
            await asyncio.to_thread(going_on.wait, 10)
        if when == "at rest":
            await until(lambda: answer.must_rest)
        answer.leave()
        if before is None:
            await until(ended.is_set)  # though somebody still holds the answer
        else:
            assert len(queue) == 1
            before.leave()
        await until(lambda: len(queue) == 0)
        queue.close()

    asyncio.run(run())


@pytest.mark.parametrize("error", [GenError("a", "b"), MemoryError(), ZeroDivisionError()])
def test_what_goes_wrong_reaches_the_reader_after_what_was_said(error: Exception) -> None:
    def work() -> Iterator[bytes]:
        yield b"said"
        raise error

    async def run() -> None:
        queue = Queue(1, 1, 3)
        answer = queue.enter(work())
        said = []
        with pytest.raises(type(error)):
            async for part in answer:
                said.append(part)
        assert said == [b"said"]
        assert await all_of(queue.enter(parts(1, 3))) == b"1.0 1.1 "  # the thread is none the worse
        queue.close()

    asyncio.run(run())


def test_the_first_part_does_not_wait_for_a_slice_to_end() -> None:
    going_on = threading.Event()

    def work() -> Iterator[bytes]:
        yield b""
        yield b"first"
        going_on.wait(10)
        yield b"second"

    async def run() -> None:
        queue = Queue(1, 1, 1)
        reading = aiter(queue.enter(work()))
        assert await anext(reading) == b"first"
        going_on.set()
        assert await anext(reading) == b"second"
        queue.close()

    asyncio.run(run())


def test_closing_lets_go_of_what_has_only_been_given_a_thread() -> None:
    async def run() -> None:
        queue = Queue(1, 1, 1)
        answer = queue.enter(repeat(b""))
        queue.close()
        with pytest.raises(GenError, match="ending"):
            await all_of(answer)
        await until(lambda: len(queue) == 0)
        assert queue._made == 0

    asyncio.run(run())


@pytest.mark.parametrize("others", [0, 8])
def test_closing_ends_everything(others: int) -> None:
    async def run() -> None:
        wrong: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: wrong.append(context))
        queue = Queue(2, 6, 20)
        # some at work, some that take turns, some at rest, some in line
        answers = [queue.enter(repeat(part)) for part in (BIG, *[b""] * others)]
        await until(lambda: answers[0].must_rest)
        assert bool(queue._ready) == bool(queue._line) == bool(others)
        queue.close()
        answers.append(queue.enter(repeat(b"late")))
        for answer in answers:
            with pytest.raises(GenError, match="ending"):
                await all_of(answer)
        await until(lambda: len(queue) == 0)
        await asyncio.sleep(0.01)
        assert queue._made == 0
        assert wrong == []

    asyncio.run(run())
