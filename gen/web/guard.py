"""Who may ask: programs of this machine and the page itself, but no other site in the user's browser.

A browser lets any site send requests to this machine. Three things give them away: the `Host` that they name,
where a site has had its own name point here (DNS rebinding); their `Origin`; and `Sec-Fetch-Site`. No header
allows another origin to read an answer, and none of what is asked is simple enough to be sent unasked.

What is sent is bounded in size and time, and every answer tells the browser to run nothing but the page's own
files and to show it in no other site's frame.
"""

import asyncio
import re
from collections.abc import Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gen.web.answers import RefusedError, mistake
from gen.web.queue import FullError

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LONGEST_BODY_S = 60.0
JSON, BYTES = "application/json", "application/octet-stream"
_HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
_HERE = "Open the address that gen serve printed."


class Guard:
    """Refuses what comes from other sites, and gives every answer the headers that keep the page to itself.

    Args:
        app: Answers the rest.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        why = refusal(Headers(scope=scope), scope["method"])
        await (self._app if why is None else mistake(why))(scope, receive, guarded)


def refusal(headers: Headers, method: str) -> RefusedError | None:
    """Why a request is refused by what it says of where it comes from; None where all is well."""
    hosts, origins = headers.getlist("host"), headers.getlist("origin")
    if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
        return RefusedError(403, "The request names another host than this machine.", _HERE)
    if origins and [origin.lower() for origin in origins] != [f"http://{hosts[0]}".lower()]:
        return RefusedError(403, "The request comes from another site.", _HERE)
    # that a link somewhere leads to the page is no harm
    followed = method in ("GET", "HEAD") and headers.get("sec-fetch-mode") == "navigate"
    if headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not followed:
        return RefusedError(403, "The request comes from another site.", _HERE)
    return None


def require_type(headers: Mapping[str, str], media_type: str) -> None:
    """Refuse what is not said to be of a type that makes a browser ask before it sends it to another site.

    Raises:
        RefusedError: It is something else.
    """
    if headers.get("content-type", "").partition(";")[0].strip().lower() != media_type:
        raise RefusedError(
            415, f"The request is not said to be {media_type}.", f"Send it with Content-Type: {media_type}."
        )


class Arrivals:
    """What requests bring, of which only so much is kept that is on its way: who comes last is told to wait.

    Args:
        most_bytes: Of all that have not arrived whole.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0

    async def body_of(self, request: Request, most_bytes: int) -> bytes:
        """What a request brings.

        Raises:
            RefusedError: It is too large, or takes too long to come.
            FullError: Too much is on its way.
        """
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > most_bytes:
            raise _too_large(most_bytes)
        parts: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(LONGEST_BODY_S):
                async for part in request.stream():
                    size += len(part)
                    self._bytes += len(part)
                    if size > most_bytes:
                        raise _too_large(most_bytes)
                    if self._bytes > self._most_bytes:
                        raise FullError
                    parts.append(part)
        except TimeoutError as error:
            raise RefusedError(408, "The request took too long to arrive.", "Send it again.") from error
        except ClientDisconnect as error:
            raise RefusedError(400, "The request did not arrive whole.", "Send it again.") from error
        finally:
            self._bytes -= size
        return b"".join(parts)


def _too_large(most_bytes: int) -> RefusedError:
    return RefusedError(
        413, f"The request is larger than {most_bytes >> 10:,} KiB.", "Send a shorter text or a smaller file."
    )
