"""Good programs that the tests change, format and compile."""

from pathlib import Path

from lang.compiling import Memory

FOLDER = Path(__file__).parent / "programs"
SOURCES = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.flow"))}
PYTHON = {path.name: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.py"))}
COMPLETE = [name for name in SOURCES if name != "whole_language.flow"]
"""Those that compile; the other one uses what is not built yet."""

LOADER = Memory(PYTHON)
