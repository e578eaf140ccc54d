"""Who may work when: many answers are made at once, on few threads, in slices, and none holds up another.

An answer is an iterator of bytes. The threads take turns with those that are being made, a slice of time
each. So many are made at a time; the others wait in line, first come, first served, and whoever comes when
the line is full is refused at once. What an answer has said and nobody has read yet is bounded: then it
rests, needs no thread and keeps no place, until its reader goes on. A reader who is gone, or rests too long,
frees it all.

All that is decided is decided on the event loop, so nothing here needs a lock; the threads run slices only.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from gen.errors import GenError

SLICE_S = 0.03
MOST_UNREAD_BYTES = 1 << 16
LONGEST_REST_S = 60.0


class FullError(GenError):
    """The line is full."""

    def __init__(self) -> None:
        super().__init__(
            "Too many requests are waiting already.", "Try again in a few seconds, as Retry-After says."
        )


@dataclass(frozen=True)
class _Slice:
    """What a slice of time gave: what was said, and whether that is all."""

    said: list[bytes]
    is_last: bool


class EndingError(GenError):
    """The server is ending."""

    def __init__(self) -> None:
        super().__init__("The server is ending.", "Start it again: gen serve.")


class Answer:
    """One answer that is being made; `async for` gives what it says, and `leave` gives it up.

    Raises:
        GenError: From reading it: what its iterator raised.
    """

    def __init__(self, queue: "Queue", work: Iterator[bytes]) -> None:
        self._queue = queue
        self._work = work
        self._unread: deque[bytes] = deque()
        self._unread_bytes = 0
        self._news = asyncio.Event()
        self._error: BaseException | None = None
        self._rest: asyncio.TimerHandle | None = None
        self.has_begun = self.is_made = self.is_left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self._news.clear()
            if self._unread:
                said = b"".join(self._unread)
                self._unread.clear()
                self._unread_bytes = 0
                self._wake()
                yield said
            elif self._error is not None:
                raise self._error
            elif self.is_made:
                return
            else:
                await self._news.wait()

    def leave(self) -> None:
        """Nobody reads it any more."""
        self.is_left = True
        self._queue.abandon(self)
        self._wake()

    def slice(self) -> _Slice:
        """On a thread: go on for a while."""
        said: list[bytes] = []
        size = 0
        until = time.monotonic() + SLICE_S
        first = not self.has_begun
        while not self.is_left:
            part = next(self._work, None)
            if part is None:
                return _Slice(said, is_last=True)
            if part:
                said.append(part)
                size += len(part)
            # the beginning is what a reader waits for
            if time.monotonic() > until or size >= MOST_UNREAD_BYTES or (first and said):
                break
        return _Slice(said, is_last=False)

    def take(self, result: _Slice) -> None:
        """On the loop: what a slice gave."""
        self.has_begun = True
        self.is_made = result.is_last
        self._unread += result.said
        self._unread_bytes += sum(map(len, result.said))
        self._news.set()

    def fail(self, error: BaseException) -> None:
        """On the loop: there will be no more."""
        self.is_made = True
        self._error = error
        self._news.set()

    def end(self) -> None:
        """On the loop, when no thread is at it: let go of the work, and of whatever it has open."""
        self._work = iter(())

    @property
    def must_rest(self) -> bool:
        """Whether so much is unread that it may not go on."""
        return self._unread_bytes >= MOST_UNREAD_BYTES and not self.is_left

    def rest(self) -> None:
        """Wait until something is read, but not for ever."""
        self._rest = asyncio.get_running_loop().call_later(LONGEST_REST_S, self._rested_too_long)

    def _wake(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
            self._queue.resume(self)

    def _rested_too_long(self) -> None:
        self.fail(GenError("Nobody read the answer for a minute.", "Read it as it comes."))
        self.leave()


class Queue:
    """Threads, places and a line.

    Args:
        threads: How many work.
        places: How many answers are made in turns; those that rest are not counted.
        most: How many there may be in all: made, resting, and waiting in line.
    """

    def __init__(self, threads: int, places: int, most: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "gen-web")
        self._threads, self._places, self._most = threads, places, most
        self._line: deque[Answer] = deque()  # not begun
        self._ready: deque[Answer] = deque()  # begun
        self._working: set[asyncio.Task[None]] = set()
        self._made = 0  # begun and not at rest
        self._all: set[Answer] = set()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, work: Iterator[bytes]) -> Answer:
        """Put an answer in line.

        Raises:
            FullError: There is no room.
        """
        if len(self._all) >= self._most:
            raise FullError
        answer = Answer(self, work)
        if self._is_closed:
            answer.fail(EndingError())
            return answer
        self._all.add(answer)
        self._line.append(answer)
        self._next()
        return answer

    def abandon(self, answer: Answer) -> None:
        """Let an answer that has not begun go; one that has goes after its slice."""
        if answer in self._line:
            self._line.remove(answer)
            self._all.discard(answer)
            answer.end()

    def resume(self, answer: Answer) -> None:
        """Let an answer that rested go on."""
        self._made += 1
        self._ready.append(answer)
        self._next()

    def close(self) -> None:
        """Give all answers up: each ends where it is; one that a thread is at, after its slice."""
        self._is_closed = True
        for answer in list(self._all):
            answer.fail(EndingError())
            answer.leave()
        for answer in self._ready:
            self._let_go(answer)
        self._ready.clear()
        self._pool.shutdown(wait=False)

    def _let_go(self, answer: Answer) -> None:
        self._made -= 1
        self._all.discard(answer)
        answer.end()

    def _next(self) -> None:
        if self._is_closed:
            return
        while len(self._working) < self._threads:
            if self._line and self._made < self._places:
                self._made += 1
                self._ready.appendleft(self._line.popleft())  # its reader has nothing yet
            if not self._ready:
                return
            answer, loop = self._ready.popleft(), asyncio.get_running_loop()
            # handed over here and not when the task begins: the queue may be closed by then
            working = loop.run_in_executor(self._pool, answer.slice)
            task = loop.create_task(self._turn(answer, working))
            self._working.add(task)
            task.add_done_callback(self._turned)

    async def _turn(self, answer: Answer, working: asyncio.Future[_Slice]) -> None:
        await asyncio.wait([working])
        if (error := working.exception()) is not None:
            answer.fail(error)
        elif not answer.is_left:
            answer.take(working.result())
        if answer.is_made or answer.is_left:
            self._let_go(answer)
        elif answer.must_rest:
            self._made -= 1
            answer.rest()
        else:
            self._ready.append(answer)

    def _turned(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._next()
