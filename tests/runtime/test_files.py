"""Keeping the files of results."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flow_runtime.files import ContentStore
from support.privileges import without_override

KEEP = """
import os, sys
from flow_runtime.files import ContentStore
root, body = sys.argv[1:]
digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # of hello
folder = os.path.join(root, digest[:2], digest)
os.makedirs(folder)
partial = os.path.join(folder, f"out.txt.{os.getpid()}")
with open(partial, "w") as stream:
    stream.write("hel")
os.chmod(partial, 0o444)
print(ContentStore(root).keep(body, "out.txt").path)
"""


def test_what_a_killed_process_with_the_same_number_left_is_no_obstacle(tmp_path: Path) -> None:
    """A container that starts anew gives the same numbers again: each attempt failed with permission denied."""
    body = tmp_path / "body"
    body.write_text("hello")
    command = [*without_override(), sys.executable, "-c", KEEP, str(tmp_path / "files"), str(body)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    kept = Path(done.stdout.strip())
    assert kept.read_text() == "hello"
    assert [path.name for path in kept.parent.iterdir()] == ["out.txt"]


def test_a_folder_that_was_copied_by_half_is_copied_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, store = tmp_path / "made", ContentStore(str(tmp_path / "files"))
    source.mkdir()
    (source / "f").write_text("whole")
    half = tmp_path / f"files/folders/r-1-1-0/made.{os.getpid()}"
    half.mkdir(parents=True)
    (half / "g").write_text("half")
    rename = os.rename

    def across(before: str, after: str) -> None:
        if before == str(source):
            raise OSError(errno.EXDEV, "another file system")
        rename(before, after)

    monkeypatch.setattr(os, "rename", across)
    kept = Path(store.keep_folder(str(source), "r-1-1-0", "made").path)
    assert [path.name for path in kept.iterdir()] == ["f"]
    assert [path.name for path in kept.parent.iterdir()] == ["made"]
