"""`flow init`: a project that runs at once."""

import os
import sys

from flow_cli import exits
from flow_cli.failure import CommandError

PIPELINE = """flow 1

## Counts the words of each text, then reports the total.
workflow main(greeting: str = "hello") -> str {
  task texts -> list[str] {
    python \'\'\'
      return ["one two three", "four five", greeting]
    \'\'\'
  }

  task words for text in texts -> int {
    shell "echo ~{text} | wc -w"
    retry = 2
  }

  task report -> str {
    shell "echo ~{count(words)} texts, ~{sum(words)} words"
  }

  return report
}
"""

README = """# A Flow project

    flow check main.flow                # errors before anything runs
    flow graph main.flow                # the DAG
    flow run main.flow -p greeting=hi   # runs it; state, logs and results are kept in .flow/
    flow list                           # what has run
"""


def init(folder: str) -> int:
    files = {
        "main.flow": PIPELINE,
        "README.md": README,
        ".gitignore": ".flow/\n",
        "flow.toml": "# Marks the root of this project.\n",
    }
    there = [name for name in files if os.path.exists(os.path.join(folder, name))]
    if there:
        raise CommandError(exits.USAGE, "exists", f"{folder} already holds {', '.join(there)}; nothing was written")
    os.makedirs(folder, exist_ok=True)
    for name, text in files.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write(text)
    print(
        f"wrote {', '.join(sorted(files))} to {folder}\nnext: flow run {os.path.join(folder, 'main.flow')}",
        file=sys.stderr,
    )
    return exits.OK
