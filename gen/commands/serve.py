"""`gen serve`: a local page to write with models, and an HTTP API under it."""

import importlib.util
import os
import signal
from contextlib import suppress
from pathlib import Path

import click

from gen.errors import GenError


@click.command("serve")
@click.argument("models", nargs=-1, type=click.Path(path_type=Path), metavar="[MODEL-or-RUN_DIR]...")
@click.option("--port", type=click.IntRange(0, 65535), help="Else the first free one from 8000 on.")
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
def command(models: tuple[Path, ...], port: int | None, open_browser: bool) -> int:
    """Serve a page on this machine to write with models, those named or all that are found, until Ctrl-C."""
    missing = [name for name in ("starlette", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise GenError(
            f"gen serve needs {' and '.join(missing)}.",
            f"Install it: pip install {' '.join(missing)} (the extra `web` of gen).",
        )
    # Before NumPy is loaded: answers are written side by side, a thread a core. A product that is split over
    # the same cores would have them wait for each other, and for a training that goes on besides.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from gen.web.server import serve

    with suppress(KeyboardInterrupt):  # the way to end it
        serve(
            models,
            port,
            open_browser=open_browser,
            show=click.echo,
            tell=lambda line: click.echo(line, err=True),
        )
    return 128 + signal.SIGINT
