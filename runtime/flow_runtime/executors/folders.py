"""The folders that bodies work in."""

import os


def slot_folder(scratch: str, incarnation: str, slot: int) -> str:
    """Where the bodies work that run in the slot's own process."""
    return f"{scratch}/slot-{incarnation}-{slot}"


def remove_folder(folder: str) -> None:
    """With all that is in it; most are empty, which costs one call."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
