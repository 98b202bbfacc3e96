"""Parts of the language that are read and formatted and cannot run yet: one coded error each, never a silent skip."""

from flow_lang.diagnostics import Report, Span


def not_built(report: Report, what: str, span: Span, hint: str = "") -> None:
    hint = hint or "the file is well formed up to here; leave this out to run it with this version"
    report.error(
        "FLOW450", f"{what} is not built yet" if not what.endswith("s") else f"{what} are not built yet", span, "", hint
    )
