"""A virtual environment for each peer, in a cache folder outside the repository; made once for what is to be installed."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from measured import Unmeasured

LIMIT = 1200
"""Seconds that an installation may take."""


def default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "flow-benchmarks"


def python_of(name: str, install: tuple[str, ...], cache: Path) -> Path:
    """The Python that a peer runs in: this one where nothing is to be installed. Unmeasured says why there is none."""
    if not install:
        return Path(sys.executable)
    wanted = "\n".join((platform.python_version(), *install))
    folder = cache / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"{name}: installs {' '.join(install)} in {folder}", file=sys.stderr, flush=True)
        _install(folder, python, install)
        complete.write_text(wanted, encoding="utf-8")
    return python


def _install(folder: Path, python: Path, install: tuple[str, ...]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *install]
    try:
        venv.create(folder, with_pip=True)
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise Unmeasured(f"not installed after {LIMIT} s") from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unmeasured(f"no virtual environment in {folder}: {error}") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["pip said nothing"]
        raise Unmeasured(f"does not install: {said[-1].strip()[:200]}")
