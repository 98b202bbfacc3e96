"""Which backend a command uses: a server's where a URL is given, else the local state."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flow_cli.backends.contract import Backend
    from flow_cli.backends.notify import Rules
    from flow_cli.backends.replayer import Replayer
    from flow_cli.backends.runner import Runner
    from flow_cli.backends.tokens import Tokens


def backend(url: str | None, make: bool = False) -> "Backend":
    """`make`: the local state is made where it is not there; raises StoreError where it cannot be."""
    if url:
        from flow_cli.backends.address import client_of
        from flow_cli.backends.server import ServerBackend

        return ServerBackend(client_of(url))
    from flow_cli.backends.local import LocalBackend

    return LocalBackend(make)


def runner(url: str | None) -> "Runner":
    if url:
        from flow_cli.backends.address import client_of
        from flow_cli.backends.server_runner import ServerRunner

        return ServerRunner(client_of(url))
    from flow_cli.backends.local_runner import LocalRunner

    return LocalRunner()


def replayer(url: str | None, slots: int | None) -> "Replayer":
    if url:
        from flow_cli.backends.address import client_of
        from flow_cli.backends.server_replayer import ServerReplayer

        return ServerReplayer(client_of(url))
    from flow_cli.backends.local_replayer import LocalReplayer

    return LocalReplayer(slots)


def rules(url: str | None) -> "Rules":
    from flow_cli.backends.notify import LocalRules, ServerRules

    if url:
        from flow_cli.backends.address import client_of

        return ServerRules(client_of(url))
    return LocalRules()


def tokens(url: str | None) -> "Tokens":
    """Raises StoreError where the local state cannot be made."""
    from flow_cli.backends.tokens import LocalTokens, ServerTokens

    if url:
        from flow_cli.backends.address import client_of

        return ServerTokens(client_of(url))
    return LocalTokens()
