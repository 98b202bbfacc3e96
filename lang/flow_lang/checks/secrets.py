"""`secret token = env("ORDERS_TOKEN")`."""

import re

from flow_lang.checks.settings.fixed import FixedValues
from flow_lang.plan import Secret
from flow_lang.suggest import did_you_mean
from flow_lang.syntax import tree
from flow_lang.types import STR

_EXAMPLE = 'write for example secret {0} = env("{1}"), or file("/run/secrets/{0}")'
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read_secret(item: tree.SecretItem, fixed: FixedValues) -> Secret | None:
    """None where it is wrong (and reported)."""
    name, node = item.name.text, item.value
    hint = _EXAMPLE.format(name, name.upper())
    if not isinstance(node, tree.Call) or not isinstance(node.target, tree.Ref):
        what = "a secret is never in the file itself" if isinstance(node, tree.Text) else "a secret comes from outside"
        fixed.wrong(node, what, hint)
        return None
    source = node.target.name
    if source not in ("env", "file"):
        hint = did_you_mean(source, ("env", "file"), hint)
        fixed.report.error("FLOW204", f"a secret does not come from `{source}(...)`", node.target.span, "", hint)
        return None
    if len(node.args) != 1 or node.args[0].name is not None:
        fixed.report.error("FLOW304", f"`{source}` takes one text", node.span, "", hint)
        return None
    key = fixed.value(node.args[0].value, STR, "where a secret is", hint)
    if key is None:
        return None
    if source == "env" and not _VARIABLE.fullmatch(key):
        fixed.wrong(node.args[0].value, f'"{key}" is no name of an environment variable', hint)
        return None
    if source == "file" and not key.startswith("/"):
        fixed.wrong(node.args[0].value, "the file of a secret is named by its whole path", hint)
        return None
    return Secret(name, source, key)
