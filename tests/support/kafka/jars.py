"""Apache Kafka's jars, fetched by Maven once for each version and kept between test runs."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
FETCH = 240.0
"""Seconds."""


def jars() -> tuple[Path | None, str]:
    """The folder of the jars, or None and why there is none."""
    for needed in ("java", "mvn"):
        if shutil.which(needed) is None:
            return None, f"there is no {needed}"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flow-tests"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:16]}"
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # for other processes of the same test run
        if not folder.exists():
            return _fetched(folder)
    return folder, ""


def _fetched(folder: Path) -> tuple[Path | None, str]:
    made = folder.with_suffix(".new")
    shutil.rmtree(made, ignore_errors=True)
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={made}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH, check=False)
    except subprocess.TimeoutExpired:
        return None, f"Maven did not fetch Apache Kafka in {FETCH:.0f} s"
    if done.returncode != 0:
        return None, f"Maven could not fetch Apache Kafka: {(done.stdout + done.stderr).strip()[-300:]}"
    made.rename(folder)
    return folder, ""
