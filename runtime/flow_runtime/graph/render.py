"""A graph as bytes in one of the formats that `flow graph` offers."""

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

from flow_runtime.graph.model import Graph

FORMATS = ("svg", "png", "dot", "mermaid", "json", "text")
MEDIA_TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "dot": "text/vnd.graphviz; charset=utf-8",
    "mermaid": "text/plain; charset=utf-8",
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
}
TIMEOUT = 60.0
"""Seconds that a layout may take: a layout of some thousands of tangled tasks can take Graphviz minutes."""

_PURE = "graphviz-pure"


class RenderError(Exception):
    """A drawing that could not be made; the message names the remedy."""


def render(graph: Graph, format_: str, timeout: float = TIMEOUT) -> bytes:
    """The drawing. Raises RenderError for an unknown format, and for svg and png where Graphviz is missing, fails or is too slow."""
    if format_ == "svg":
        from flow_runtime.graph.svg import with_centred_lines, with_titles

        drawn = _laid_out(["-Tsvg"], _text(graph, "dot"), timeout)
        return with_titles(with_centred_lines(drawn.decode("utf-8")), graph).encode("utf-8")
    if format_ == "png":
        return _laid_out(["-Tpng", "-Gdpi=144"], _with_plain_icons(_text(graph, "dot")), timeout)
    if format_ not in FORMATS:
        raise RenderError(f"there is no graph format {format_!r}; there are: {', '.join(FORMATS)}")
    return _text(graph, format_)


def _text(graph: Graph, format_: str) -> bytes:
    if format_ == "dot":
        from flow_runtime.graph.dot import to_dot as write
    elif format_ == "mermaid":
        from flow_runtime.graph.mermaid import to_mermaid as write
    elif format_ == "json":
        from flow_runtime.graph.as_json import to_json as write
    else:
        from flow_runtime.graph.text import to_text as write
    return write(graph).encode("utf-8", "replace")


def _with_plain_icons(source: bytes) -> bytes:
    """A PNG is drawn with the fonts of this machine or of the wheel, and the common ones have no tick and no ballot cross."""
    return source.decode().replace("✓", "√").replace("✗", "×").encode()


def _laid_out(options: list[str], source: bytes, timeout: float) -> bytes:
    command = [layout_command(), *options]
    try:
        done = subprocess.run(command, input=source, capture_output=True, timeout=timeout, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"laying the graph out took more than {timeout:g} s; use the format dot, mermaid or text, which need no layout"
        ) from None
    except OSError as error:
        raise RenderError(
            f"{command[0]} does not start ({error}); reinstall it: pip install --force-reinstall {_PURE}"
        ) from error
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip()[-500:] or f"exit {done.returncode}"
        raise RenderError(f"{command[0]} failed: {said}; try the format text, or install Graphviz")
    return done.stdout


def layout_command() -> str:
    """The path of Graphviz's `dot`, else of the wheel `graphviz-pure`. Raises RenderError where there is neither."""
    found = shutil.which("dot") or _beside_python() or shutil.which(_PURE) or _from_wheel()
    if found:
        return found
    raise RenderError(
        f"drawing svg and png needs Graphviz; install it (apt install graphviz), or run: pip install {_PURE}"
    )


def _beside_python() -> str | None:
    return shutil.which(_PURE, path=str(Path(sys.executable).parent))


def _from_wheel() -> str | None:
    """Where pip put the program, wherever that was (`pip install --user`, `--prefix`)."""
    try:
        files = importlib.metadata.files(_PURE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    programs = (str(file.locate()) for file in files if file.stem == _PURE)
    return next((path for path in programs if shutil.which(path)), None)
