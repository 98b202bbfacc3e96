"""The table of settings as it stands in docs/configuration.md: `python -m flow_runtime.settings.reference docs/configuration.md`."""

import sys
from pathlib import Path

from flow_runtime.settings.table import TABLE, Setting

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
_HEAD = "| in YAML and SSM | in the environment | what | default | of | counts at once in |\n| --- | --- | --- | --- | --- | --- |"


def section(page: str) -> str:
    """The page with the table between the markers made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = "\n".join(_row(setting) for setting in TABLE)
    return f"{before}{BEGIN}\n\n{_HEAD}\n{rows}\n\n{END}{after}"


def _row(setting: Setting) -> str:
    key = f"`{setting.key}`" if setting.written else ""
    what = f"{setting.words}: {setting.kind.form}{'; secret' if setting.secret else ''}"
    default = f"`{setting.default}`" if setting.default else ""
    roles, reloads = ", ".join(setting.roles), ", ".join(setting.reloads)
    return f"| {key} | `{setting.name}` | {what} | {default} | {roles} | {reloads} |"


def main() -> None:
    path = Path(sys.argv[1])
    path.write_text(section(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
