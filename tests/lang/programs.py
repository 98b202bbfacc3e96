"""Good programs that the tests change, format and compile."""

from pathlib import Path

from lang.compiling import Memory

FOLDER = Path(__file__).parent / "programs"
SOURCES = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.flow"))}
FILES = {
    path.relative_to(FOLDER).as_posix(): path.read_text("utf-8")
    for path in sorted([*FOLDER.rglob("*.py"), *FOLDER.glob("lib/*.flow")])
}
"""What they import."""

LOADER = Memory(FILES)
