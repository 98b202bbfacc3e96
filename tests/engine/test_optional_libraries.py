"""What the laptop needs is imported on the laptop; what is missing is named with its extra."""

import subprocess
import sys

import pytest

DRIVERS = ("redis", "aiokafka", "asyncio")
LAPTOP = """
import sys
import flow_engine.stores.sqlite, flow_engine.queues.memory, flow_engine.queues.contract, flow_engine.stores.contract
import flow_engine.stores.memory, flow_engine.dead_letters.contract, flow_engine.dead_letters.payload, flow_runtime.embedded
print(*sorted(name for name in sys.argv[1:] if name in sys.modules))
"""
WITHOUT = """
import sys
sys.modules[sys.argv[1]] = None  # an import of it fails, as where it is not installed
try:
    __import__(sys.argv[2])
except Exception as error:
    print(type(error).__name__, error)
"""


def run(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_laptop_imports_no_driver() -> None:
    assert run(LAPTOP, *DRIVERS) == ""


@pytest.mark.parametrize(
    ("library", "module", "extra"),
    [
        ("redis", "flow_engine.queues.redis", "redis"),
        ("aiokafka", "flow_engine.dead_letters.kafka", "kafka"),
    ],
)
def test_a_missing_library_is_named_with_what_to_install(library: str, module: str, extra: str) -> None:
    told = run(WITHOUT, library, module)
    assert told.startswith("MissingLibrary ")
    assert f"pip install 'flow-dsl[{extra}]'" in told
