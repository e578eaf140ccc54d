"""The process behind the port: it listens on this machine alone, says where, and ends on Ctrl-C."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from gen.errors import GenError
from gen.streams import one_line
from gen.web.answers import CUT
from gen.web.app import Site, default_bounds, make_site
from gen.web.ending import end_after
from gen.web.models import Models

ADDRESS = "127.0.0.1"
FIRST_PORT, LAST_PORT = 8000, 8099
_BACKLOG = 1024  # connections that wait to be taken
_UNSENT_BYTES = 1 << 17  # what the system keeps for a client that does not read
_LAST_WORDS_S = 0.5  # from the signal until clients that neither read nor send lose their connection
_LONGEST_END_S = 2


def serve(
    places: Sequence[Path],
    port: int | None,
    *,
    open_browser: bool,
    show: Callable[[str], None],
    tell: Callable[[str], None],
) -> None:
    """Serve until Ctrl-C.

    Args:
        places: Model files and run folders; none for the newest runs.
        port: None for the first that is free, from `FIRST_PORT` on.
        open_browser: Whether to open the page.
        show: Called with the address.
        tell: Called with what the user should know, a line at a time.

    Raises:
        GenError: A model cannot be read, or the port cannot be had.
    """
    models = Models(places, tell)
    names = ", ".join(one_line(str(model["name"])) for model in models.listed())
    site = make_site(models, default_bounds())
    with listening(port) as listener:
        address = f"http://{ADDRESS}:{listener.getsockname()[1]}/"

        def started() -> None:
            show(address)
            tell(f"Models: {names}. Ctrl-C ends.")
            if open_browser and not webbrowser.open(address):
                tell("There is no browser to open; open the address yourself.")

        make_server(site, started).run(sockets=[listener])


@contextlib.contextmanager
def listening(port: int | None) -> Iterator[socket.socket]:
    """A socket that listens on this machine.

    Raises:
        GenError: The port cannot be had, or none can.
    """
    found = None
    for wanted in (port,) if port is not None else range(FIRST_PORT, LAST_PORT + 1):
        found = _listening(wanted)
        if found is not None:
            break
    if found is None:
        which = f"Port {port}" if port is not None else f"None of the ports {FIRST_PORT} to {LAST_PORT}"
        said = "cannot" if port is not None else "can"
        raise GenError(f"{which} {said} be used.", "Give another --port, or 0 for any that is free.")
    with found:
        yield found


def make_server(site: Site, started: Callable[[], None]) -> uvicorn.Server:
    """What answers for a site, until Ctrl-C; `started` is called when it has begun."""
    # what uvicorn has to say is for programmers: a mistake of ours, with where it was made
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    config = uvicorn.Config(
        site.app,
        loop="asyncio",
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_LONGEST_END_S,
    )
    return _Server(config, site, started)


class _Protocol(H11Protocol):
    """Lets an answer cut the connection of a client who does not read: closing waits until all is sent."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            scope[CUT] = transport.abort
            await app(scope, receive, send)

        self.app = with_cut


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, site: Site, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._site, self._started = site, started
        self._ended_by: int | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._ended_by is not None:
            end_after(_LONGEST_END_S + 1, 128 + self._ended_by)
        self._site.close()
        asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._cut)
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._ended_by = sig
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn leaves SIGHUP alone, whose handler would raise in the middle of an answer; what is caught
        # here is raised once the handlers are as they were
        number = getattr(signal, "SIGHUP", None)
        with super().capture_signals():
            if (
                number is None
                or threading.current_thread() is not threading.main_thread()
                or signal.getsignal(number) is signal.SIG_IGN  # as `nohup` has it
            ):
                yield
                return
            before = signal.signal(number, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(number, before)

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def _listening(port: int) -> socket.socket | None:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # connections of a server that has just ended do not keep its port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT_BYTES)
    try:
        listener.bind((ADDRESS, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        return None
    return listener
