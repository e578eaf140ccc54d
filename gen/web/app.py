"""The routes: the page and its files, and the API under it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gen.corpus.piece import MAX_BYTES
from gen.errors import GenError
from gen.machine import cores
from gen.web.answers import Made, RefusedError, mistake, mistake_of, packed
from gen.web.api_page import api_page
from gen.web.asking import MOST_BODY_BYTES, MUSIC, TEXT
from gen.web.fields import checked
from gen.web.guard import BYTES, JSON, Arrivals, Guard, require_type
from gen.web.models import Models
from gen.web.music_files import ENDINGS, FORMATS, MOST_PIECES, Download, upload_answer
from gen.web.openapi import openapi
from gen.web.queue import Queue
from gen.web.texts import text_answer
from gen.web.tunes import music_answer

PLACES_A_CORE = 8
MOST_REQUESTS = 512
MOST_FILES = 32  # that are made or read at once or wait for it
MOST_MUSIC_BYTES = 4 << 20
MOST_ARRIVING_BYTES = 32 << 20
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Bounds:
    """How much is done at a time.

    Attributes:
        threads: That write.
        places: Answers that are made in turns.
        requests: That are made or wait.
    """

    threads: int
    places: int
    requests: int = MOST_REQUESTS


def default_bounds() -> Bounds:
    """What suits this machine."""
    return Bounds(cores(), PLACES_A_CORE * cores())


@dataclass(frozen=True)
class Site:
    """The server as an ASGI application, and what ends with it.

    Attributes:
        app: The application.
        writing: Where answers are written.
        making: Where files of music are made and read, which takes long and in one go.
    """

    app: ASGIApp
    writing: Queue
    making: Queue

    def close(self) -> None:
        """End every answer, so that the server need not wait for it."""
        self.writing.close()
        self.making.close()


def make_site(models: Models, bounds: Bounds) -> Site:
    """Everything behind the port."""
    writing = Queue(bounds.threads, bounds.places, bounds.requests)
    making = Queue(1, 1, MOST_FILES)
    # apart, so that files that come slowly keep nobody from writing
    texts_and_tunes, music_files = Arrivals(MOST_ARRIVING_BYTES), Arrivals(MOST_ARRIVING_BYTES)

    async def listed(_request: Request) -> Response:
        return _json({"models": await asyncio.to_thread(models.listed)})

    async def text(request: Request) -> Response:
        require_type(request.headers, JSON)
        name = request.path_params["name"]
        await asyncio.to_thread(models.describe, name, "text")
        asked = checked(await texts_and_tunes.body_of(request, MOST_BODY_BYTES), TEXT)
        return Made(writing, text_answer(models, name, asked))

    async def music(request: Request) -> Response:
        require_type(request.headers, JSON)
        name = request.path_params["name"]
        await asyncio.to_thread(models.describe, name, "music")
        asked = checked(await texts_and_tunes.body_of(request, MOST_MUSIC_BYTES), MUSIC)
        return Made(writing, music_answer(models, name, asked))

    async def download(request: Request) -> Response:
        require_type(request.headers, JSON)
        file_format = request.path_params["format"]
        if file_format not in FORMATS:
            raise RefusedError(404, "Music is not written so here.", f"The formats are {', '.join(FORMATS)}.")
        made = Download(file_format, await music_files.body_of(request, MOST_MUSIC_BYTES))
        return Made(making, made.parts(), FORMATS[file_format], lambda: made.headers)

    async def upload(request: Request) -> Response:
        require_type(request.headers, BYTES)
        ending = request.query_params.get("ending", "")
        if ending not in ENDINGS:
            raise GenError(
                "The request does not say what file it is.", f"Say ?ending= and one of {', '.join(ENDINGS)}."
            )
        number = request.query_params.get("piece", "1")
        if not (number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= MOST_PIECES):
            raise GenError(
                "The request names no piece.", f"Say &piece= and a number from 1 to {MOST_PIECES}."
            )
        content = await music_files.body_of(request, MAX_BYTES)
        return Made(making, upload_answer(content, ending, int(number)), "application/json")

    routes = [
        *_file_routes(),
        Route("/api", _fixed(api_page().encode(), "text/html")),
        Route("/api/openapi.json", _fixed(packed(openapi()), "application/json")),
        Route("/api/models", listed),
        Route("/api/models/{name}/text", text, methods=["POST"]),
        Route("/api/models/{name}/music", music, methods=["POST"]),
        Route("/api/music/read", upload, methods=["POST"]),
        Route("/api/music/{format}", download, methods=["POST"]),
    ]
    handlers = {GenError: mistake_of, HTTPException: _no_route, Exception: _our_mistake}
    app = Starlette(routes=routes, exception_handlers=handlers)
    app.router.redirect_slashes = False
    return Site(Guard(app), writing, making)


def page_files() -> dict[str, tuple[bytes, str]]:
    """The files of the page by their names, each with its type; those that all our pages share among them."""
    found = {}
    for package in ("gen.web.files", "gen.pages"):
        for file in sorted(files(package).iterdir(), key=lambda each: each.name):
            kind = TYPES.get(f".{file.name.rpartition('.')[2]}")
            if kind is not None:
                found[file.name] = file.read_bytes(), kind
    return found


def _file_routes() -> list[Route]:
    found = page_files()
    index = found.pop("index.html")
    return [
        Route("/", _fixed(*index)),
        *(Route(f"/files/{name}", _fixed(*content)) for name, content in found.items()),
    ]


def _fixed(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    headers = {"Cache-Control": "no-cache"}

    async def answer(_request: Request) -> Response:
        return Response(content, headers=headers, media_type=media_type)

    return answer


def _json(value: Any) -> Response:
    return Response(packed(value), headers={"Cache-Control": "no-store"}, media_type="application/json")


async def _no_route(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return mistake(
            RefusedError(405, "This takes another method.", "See /api for what there is.", error.headers)
        )
    return mistake(RefusedError(error.status_code, "There is nothing here.", "See /api for what there is."))


async def _our_mistake(_request: Request, _error: Exception) -> Response:
    # what it was, and where, is told in the terminal
    return mistake(
        RefusedError(500, "The server made a mistake.", "Report it, with what stands in the terminal.")
    )
