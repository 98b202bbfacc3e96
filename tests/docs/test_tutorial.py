"""docs/tutorial.md and docs/everyday.md from the first to the last line: each file is saved, each command is run,
and what it prints is what the page shows.

Ids and times differ: an id of the page stands for the run that printed it here. A `sleep` is replaced by a wait for what the page says has
happened by then.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"(?:Save this as `(?P<name>[^`]+)`:\n\n)?```(?P<kind>flow|console)\n(?P<text>.*?)```", re.DOTALL)
ID = re.compile(r"\b01[0-9a-hjkmnp-tv-z]{24}\b")
HAPPENED = {
    "sleep 1": "flow status 2>&1 | grep -q 'flow signal'",
    "sleep 2": "flow status | grep -q 'flow approve'",
    "sleep 3": "flow status | grep -q '4 succeeded'",
    "sleep 4": "grep -q ^published, out.txt",
}


class Reader:
    """Does what the page says, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".flow").mkdir()
        self.runs: dict[str, str] = {}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("FLOW_")}
        self.environment |= {"NO_COLOR": "1", "PATH": path}

    def does(self, block: re.Match[str]) -> None:
        if block["kind"] == "flow":
            (self.folder / block["name"]).write_text(block["text"], encoding="utf-8")
            return
        for part in re.split(r"^\$ ", block["text"], flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            printed = self.prints(command)
            if "critical path" not in shown:  # on a busy machine, a quick run takes long enough to have one
                printed = re.sub(r"^critical path: .*\n?", "", printed, flags=re.MULTILINE)
            assert self.usual(printed, {}) == self.usual(shown, self.learn(shown, printed)), command

    def prints(self, command: str) -> str:
        command = ID.sub(lambda found: self.runs[found[0]], command)
        for pause, seen in HAPPENED.items():
            command = command.replace(pause, f"until {seen}; do sleep 0.1; done")
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        return done.stdout

    def learn(self, shown: str, printed: str) -> dict[str, str]:
        self.runs |= dict(zip(ID.findall(shown), ID.findall(printed), strict=False))
        return self.runs

    def usual(self, text: str, runs: dict[str, str]) -> list[str]:
        """Its lines, without what differs from day to day and between versions of Python."""
        text = ID.sub(lambda found: runs.get(found[0], found[0]), text)
        text = re.sub(r"[\d-]{10} [\d:]{8}", "MOMENT", re.sub(r"\d+\.\d+s", "TIME", text))
        text = text.replace("/home/ada/", f"{self.folder}/")
        lines = [line.rstrip() for line in text.strip().splitlines()]
        return [re.sub(r" +TIME", " TIME", line) for line in lines if not re.fullmatch(r"[ |~^]*\^[ ~^]*", line)]


def read(page: str, folder: Path) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    assert len(blocks) == text.count("```") / 2 > 8
    reader = Reader(folder)
    for block in blocks:
        reader.does(block)


def test_the_tutorial(tmp_path: Path) -> None:
    read("tutorial.md", tmp_path)
    assert (tmp_path / "words.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")


def test_everyday_work(tmp_path: Path) -> None:
    read("everyday.md", tmp_path)
