"""What a notification tells: of which run, and what failed."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flow_lang.values import to_text

from flow_runtime.executors.work import OCCASION, Work


class Occasion(NamedTuple):
    """`status` is the run's; `task`, `code` and `message` are of the failure that began it, "" where nothing failed."""

    run: str
    workflow: str
    status: str
    task: str
    code: str
    message: str

    @classmethod
    def of(cls, work: Work, values: Mapping[str, Any], workflow: str) -> "Occasion":
        given = {name: to_text(values.get(name)) for name in OCCASION}
        return cls(
            given["run.id"] or work.run,
            given["run.workflow"] or workflow,
            given["run.status"] or ("failed" if given["error.code"] else ""),
            *(given[f"error.{name}"] for name in ("task", "code", "message")),
        )

    def text(self) -> str:
        """One line: `workflow nightly failed in fetch[3]: http_503: GET ... was answered 503 (run 01kx...)`."""
        where = f" in {self.task}" if self.task else ""
        why = f": {self.code}: {self.message}" if self.code else ""
        return f"workflow {self.workflow} {self.status or 'sends word'}{where}{why} (run {self.run})"

    def subject(self) -> str:
        """`nightly failed: fetch[3] http_503`"""
        what = f": {self.task} {self.code}".rstrip() if self.code else ""
        return f"{self.workflow} {self.status or 'sends word'}{what}"

    def fields(self) -> dict[str, str]:
        """For machines: what is known."""
        return {name: value for name, value in self._asdict().items() if value}
