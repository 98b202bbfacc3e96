"""Modes of files that hold for the test's commands also where root runs it."""

import os
import shutil
import subprocess

CAPABILITIES = "-dac_override,-dac_read_search"


def without_override() -> list[str]:
    """What starts a command for which modes hold. Root keeps its id, and loses the capabilities that pass over modes."""
    if os.geteuid() != 0:
        return []
    assert shutil.which("setpriv"), "setpriv (util-linux) is needed to test modes as root"
    before = ["setpriv", "--bounding-set", CAPABILITIES, "--inh-caps", CAPABILITIES]
    subprocess.run([*before, "true"], check=True)
    return before
