"""The files that a plan is made of, read through the loader."""

from flow_lang.source import Loader


class Files:
    """The files that belong to a plan, by path relative to the entry's folder. A file is read once."""

    def __init__(self, loader: Loader) -> None:
        self.loader = loader
        self.texts: dict[str, str | None] = {}
        self.problems: dict[str, str] = {}

    def read(self, path: str) -> str | None:
        if path not in self.texts:
            try:
                self.texts[path] = self.loader.read(path)
            except (OSError, ValueError) as error:
                self.texts[path] = None
                self.problems[path] = _reason(error)
        return self.texts[path]

    def found(self) -> dict[str, str]:
        return {path: text for path, text in self.texts.items() if text is not None}


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} of it is not UTF-8 text"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
