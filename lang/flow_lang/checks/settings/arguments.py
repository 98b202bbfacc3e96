"""The arguments of the calls that settings are written with: `retry(...)`, `rate(...)`, `cron(...)`."""

from flow_lang.diagnostics import Report
from flow_lang.suggest import did_you_mean, listed
from flow_lang.syntax import tree


def arguments(
    report: Report, node: tree.Call, function: str, positional: tuple[str, ...], keys: tuple[str, ...]
) -> dict[str, tree.Expr] | None:
    """The values by name; None where there is one that the function does not take (and it is reported)."""
    found: dict[str, tree.Expr] = {}
    for at, argument in enumerate(node.args):
        name = argument.name.text if argument.name else positional[at] if at < len(positional) else ""
        if name not in (*positional, *keys) or name in found:
            span = argument.name.span if argument.name else argument.span
            names = [key for key in (*positional, *keys) if key not in found]
            hint = did_you_mean(name, names, f"it takes {listed(names, 'nothing more')}")
            what = f"`{name}`" if name and name not in found else "other argument" if not name else f"second `{name}`"
            report.error("FLOW211", f"`{function}` takes no {what}", span, "", hint)
            return None
        found[name] = argument.value
    return found


def word(node: tree.Expr) -> str | None:
    """What is written as one word, with quotes or without."""
    return node.name if isinstance(node, tree.Ref) else node.plain if isinstance(node, tree.Text) else None
