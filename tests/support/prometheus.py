"""Debian's Prometheus: the one that is installed, else its package, fetched once and kept between test runs without being installed."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FETCH = 120.0
"""Seconds."""
NO_NETWORK = ("Temporary failure resolving", "Could not resolve", "Network is unreachable", "Could not connect")


def programs() -> Path:
    """The folder of `prometheus` and `promtool`. A test without them fails with the remedy, but for a machine without a network."""
    found = shutil.which("promtool")
    if found is not None and shutil.which("prometheus", path=str(Path(found).parent)) is not None:
        return Path(found).parent
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flow-tests"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "prometheus.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # for other processes of the same test run
        folder = cache / "prometheus"
        if not folder.exists():
            _fetch(folder)
    return folder / "usr" / "bin"


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        said = _asked(["apt-get", "download", "prometheus"], temporary)
        if not [*Path(temporary).glob("*.deb")]:
            said = _asked(["apt-get", "update"], temporary) + _asked(["apt-get", "download", "prometheus"], temporary)
        packages = [*Path(temporary).glob("*.deb")]
        if not packages:
            if any(text in said for text in NO_NETWORK):
                pytest.skip(f"there is no Prometheus, and no network to fetch it: {said[-200:]}")
            pytest.fail(f"there is no Prometheus: install the package prometheus, or put it on PATH ({said[-300:]})")
        made = Path(temporary) / "made"
        subprocess.run(["dpkg", "-x", packages[0], made], check=True, timeout=FETCH)
        made.rename(folder)


def _asked(command: list[str], folder: str) -> str:
    if shutil.which(command[0]) is None:
        return f"{command[0]} is missing"
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=FETCH, check=False)
    return done.stdout + done.stderr


class Prometheus:
    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The samples, each with `metric` and `value`."""
        asked = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def value(self, expression: str) -> float:
        """The one sample; NaN where there is none yet."""
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else float("nan")


@contextmanager
def prometheus(config: Path, data: Path) -> Iterator[Prometheus]:
    """Runs in the block, on a free port of loopback."""
    command = [str(programs() / "prometheus"), f"--config.file={config}", f"--storage.tsdb.path={data}"]
    process = subprocess.Popen(
        [*command, "--web.listen-address=127.0.0.1:0"], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield Prometheus(_listening(process))
    finally:
        process.kill()
        process.communicate()


def _listening(process: "subprocess.Popen[str]") -> str:
    """Where it answers, once it does."""
    assert process.stderr is not None
    said, address = [], ""
    for line in process.stderr:
        said.append(line)
        told = re.search(r"Listening on.* address=(127\.0\.0\.1:[1-9]\d*)", line)
        address = told[1] if told else address
        if "Server is ready" in line:
            return f"http://{address}"
    raise AssertionError("Prometheus has ended: " + "".join(said[-5:]))
