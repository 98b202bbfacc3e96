"""What `flow run` was asked for."""

from flow_lang.named import NamedTuple

MOST_SLOTS = 4096
"""What `--slots` may be: each is a process."""


class RunRequest(NamedTuple):
    """`file` is FILE or FILE:WORKFLOW, and empty with `resume`; `params` are `name=value` texts in the order given."""

    file: str = ""
    params: tuple[str, ...] = ()
    params_file: str | None = None
    json: bool = False
    resume: str | None = None
    slots: int | None = None
    quiet: bool = False
    url: str | None = None
