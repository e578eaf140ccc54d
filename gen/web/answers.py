"""What goes back to a client: mistakes as JSON, and answers line by line as they are made."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gen.errors import GenError, ModelFileError
from gen.web.queue import LONGEST_REST_S, Answer, EndingError, FullError, Queue

LINES = "application/x-ndjson"
CUT = "gen.cut"  # in a scope, of the server: ends the connection at once, whatever is unsent
_RETRY_AFTER_S = 5
_FLAG = re.compile(r"(?<!\S)--([a-z])")


class RefusedError(GenError):
    """A mistake with a status of its own.

    Args:
        status: Of HTTP.
        problem: What is wrong.
        fix: What to do about it.
        headers: More for the answer.
    """

    def __init__(self, status: int, problem: str, fix: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem, fix)
        self.status = status
        self.headers = dict(headers or {})


def packed(value: Any) -> bytes:
    """JSON in UTF-8, on one line."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode()


def line(value: Any) -> bytes:
    """One line of an answer."""
    return packed(value) + b"\n"


def mistake(error: GenError) -> Response:
    """A mistake as an answer of its own."""
    status, headers = 400, {}
    if isinstance(error, RefusedError):
        status, headers = error.status, error.headers
    elif isinstance(error, FullError):
        status, headers = 503, {"Retry-After": str(_RETRY_AFTER_S)}
    elif isinstance(error, EndingError):
        status = 503
    elif isinstance(error, ModelFileError):  # the server's, not the client's
        status = 500
    return Response(packed(told(error)), status, {**headers, "Cache-Control": "no-store"}, "application/json")


def told(error: GenError) -> dict[str, str]:
    """A mistake as JSON; what the command line calls `--bars` is a field `bars` here."""
    return {"problem": _FLAG.sub(r"\1", error.problem), "fix": _FLAG.sub(r"\1", error.fix)}


def too_much_memory() -> GenError:
    """The mistake of asking for more than the machine has."""
    return RefusedError(503, "There is not enough memory for this.", "Ask for less, or try again later.")


class Made(Response):
    """An answer that is made in turns with others, and sent as it is made.

    Its status is known when it has begun: what goes wrong before is an answer of its own, and what goes wrong
    later is a last line. A client who goes away frees its place at once; one who takes nothing for as long as
    an answer may rest loses the connection.

    Args:
        queue: Where it is made.
        work: Gives what is sent.
        media_type: Its type.
        headers: More of them; those that are not known from the start may be a function.
    """

    def __init__(
        self,
        queue: Queue,
        work: Iterator[bytes],
        media_type: str = LINES,
        headers: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        super().__init__(media_type=media_type)
        self._queue, self._work, self._late = queue, work, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Response`."""
        try:
            answer = self._queue.enter(self._work)
        except FullError as error:
            await mistake(error)(scope, receive, send)
            return
        sending = asyncio.create_task(self._send(answer, scope, receive, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            answer.leave()
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.wait((sending, leaving))
        if not sending.cancelled():
            sending.result()

    async def _send(self, answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
        async def pass_on(message: Message) -> None:
            try:
                async with asyncio.timeout(LONGEST_REST_S):
                    await send(message)
            except TimeoutError:
                scope[CUT]()

        begun = False
        try:
            async for said in answer:
                if not begun:
                    begun = True
                    await self._begin(pass_on)
                await pass_on({"type": "http.response.body", "body": said, "more_body": True})
        except (GenError, MemoryError) as error:
            mine = error if isinstance(error, GenError) else too_much_memory()
            if not begun:
                await mistake(mine)(scope, receive, send)
                return
            if self.media_type != LINES:
                raise  # the client sees that the file is not whole
            last = line({"error": told(mine)})
            await pass_on({"type": "http.response.body", "body": last, "more_body": True})
        if not begun:
            await self._begin(pass_on)
        await pass_on({"type": "http.response.body", "body": b"", "more_body": False})

    async def _begin(self, send: Send) -> None:
        headers = {"Content-Type": str(self.media_type), "Cache-Control": "no-store", **self._late()}
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def mistake_of(_request: Request, error: Exception) -> Response:
    """For Starlette: a mistake that a route raised."""
    assert isinstance(error, GenError)
    return mistake(error)
