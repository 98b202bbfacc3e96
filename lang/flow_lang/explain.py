"""`flow explain CODE`: a page for each code, whose first example is answered with that code and whose second is not."""

from importlib import resources
from pathlib import Path


def explain(code: str) -> str | None:
    """The page as Markdown, or None where there is no such code. `101`, `flow101` and `FLOW101` are the same."""
    name = code.strip().upper()
    name = name if name.startswith("FLOW") else f"FLOW{name}"
    return _page(name) if name in all_codes() else None


def page_path(code: str) -> Path | None:
    """Where the page is, if it is a file (and not in an archive)."""
    path = Path(str(resources.files("flow_lang") / "pages" / f"{code}.md"))
    return path if path.is_file() else None


def all_codes() -> list[str]:
    """Every code, in order."""
    folder = resources.files("flow_lang") / "pages"
    return sorted(entry.name.removesuffix(".md") for entry in folder.iterdir() if entry.name.endswith(".md"))


def _page(name: str) -> str:
    return (resources.files("flow_lang") / "pages" / f"{name}.md").read_text("utf-8")
