"""`flow server`: the listening socket, the token, the worker and the application, and their end."""

import errno
import glob
import ipaddress
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import NamedTuple

import uvicorn
from flow_runtime.embedded import open_store
from flow_runtime.role_log import announce, set_up
from flow_runtime.state_folder import StateFolder
from flow_runtime.telemetry.address import Address
from starlette.types import ASGIApp

from flow_server.app import create_app
from flow_server.beside import notifier, scheduler, stop_all
from flow_server.http_protocol import BoundedProtocol
from flow_server.problem import ServerError
from flow_server.reloading import reloading
from flow_server.services import Services
from flow_server.supervisor import Supervisor, relay_command, worker_command
from flow_server.token import AdminToken, admin_token

LINGER = 1
"""Seconds that open connections are given when the server ends."""


class Options(NamedTuple):
    state: StateFolder
    host: str
    port: int
    slots: int | None = None
    schedules: bool = True
    """Whether it fires the schedules of the state."""
    workers: int = 1
    kafka: str = ""
    """Where a relay exports dead letters, `host:port,host:port`; empty: nowhere."""
    beside: tuple[int, ...] = ()
    """Processes that this one has started for itself, and that the server lets be."""
    name: str = "flow server"
    metrics: Address | None = None
    """Where the first worker shows its metrics; the other workers and the relay take the ports after it. The server has `/metrics`."""


def serve(options: Options) -> None:
    """Until SIGINT or SIGTERM. Raises ServerError or StoreError where it cannot start."""
    set_up(options.name.removeprefix("flow "))
    token = _prepare(options.state)
    listener = _listen(options.host, options.port)
    app = create_app(options.state, token.text)
    services: Services = app.state.services
    url = _url(options, listener)
    crew = _crew(options)
    watch, beside = reloading(services), [notifier(options.state, url, services.metrics.add)]
    if options.schedules:
        beside.append(scheduler(options.state, services.metrics.add))
    server = _Server(_config(app), services, crew, options.beside)
    # uvicorn takes the signals while it serves and raises them again when it is done: the rest of the end is ours
    before = [(number, signal.signal(number, server.handle_exit)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        for supervisor in crew:
            supervisor.start()
        _tell(options, listener, token, services)
        watch.start()
        for role in beside:
            role.start()
        server.run([listener])
    finally:
        watch.stop()
        stop_all(beside)
        _end(crew)
        listener.close()
        for number, handler in before:
            signal.signal(number, handler)


def _crew(options: Options) -> list[Supervisor]:
    """The processes beside the server."""
    state = options.state
    names = ["the worker"] if options.workers == 1 else [f"worker {number + 1}" for number in range(options.workers)]
    at = [None if options.metrics is None else options.metrics.next(steps) for steps in range(len(names) + 1)]
    crew = [
        Supervisor(state, name, worker_command(state, options.slots, metrics))
        for name, metrics in zip(names, at, strict=False)
    ]
    if options.kafka:
        crew.append(Supervisor(state, "the relay", relay_command(state, options.kafka, at[-1])))
    return crew


def _end(crew: list[Supervisor]) -> None:
    """All at once, since each may take its time."""
    threads = [threading.Thread(target=supervisor.stop) for supervisor in crew]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        log_config=None,  # it logs as all libraries do here (role_log.py)
        log_level="error",  # its warnings are about what strangers send, and advise on packages
        ws="none",
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=LINGER,
        timeout_keep_alive=30,
    )


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, services: Services, crew: list[Supervisor], beside: tuple[int, ...]
    ) -> None:
        super().__init__(config)
        self._services = services
        self._crew = crew
        self._beside = beside

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._services.closing = True
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Layouts of large graphs take seconds, and nobody waits for them any more."""
        kept = {*self._beside, *(supervisor.pid for supervisor in self._crew)}
        for child in _children():
            if child not in kept:
                with suppress(ProcessLookupError):  # it has just ended by itself
                    os.kill(child, signal.SIGKILL)
        await super().shutdown(sockets)


def _children() -> list[int]:
    """The processes that this one has started; none where there is no /proc, and then a layout may hold the end up for its time."""
    found: list[int] = []
    for path in glob.glob("/proc/self/task/*/children"):
        try:
            with open(path, encoding="ascii") as stream:
                found += [int(child) for child in stream.read().split()]
        except OSError:
            continue  # the thread has ended meanwhile
    return found


def _prepare(state: StateFolder) -> AdminToken:
    try:
        open_store(state).close()
        return admin_token(state)
    except OSError as error:
        raise ServerError(
            f"the state {state.root} cannot be written: {error.strerror or error}; give a folder that can be with FLOW_HOME"
        ) from None


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ServerError(f"there is no address {host}: {error.strerror or error}; try --host 127.0.0.1") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServerError(_not_bound(host, port, error)) from None
    return listener


def _not_bound(host: str, port: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; another flow server may run there, or take another: --port {port + 1}"
    if number == errno.EACCES:
        return f"port {port} may not be used by this user; take one above 1023: --port 8700"
    return f"{host}:{port} cannot be listened on: {getattr(error, 'strerror', None) or error}"


def _url(options: Options, listener: socket.socket) -> str:
    host = f"[{options.host}]" if ":" in options.host else options.host
    return f"http://{host}:{listener.getsockname()[1]}"


def _tell(options: Options, listener: socket.socket, token: AdminToken, services: Services) -> None:
    loopback = ipaddress.ip_address(listener.getsockname()[0]).is_loopback
    url = _url(options, listener)
    announce(f"{options.name}: {url}  (state: {options.state.root})")
    if token.fresh:
        announce(f"admin token: {token.text}  (kept in {options.state.token}; shown this once)")
    elif not os.environ.get("FLOW_TOKEN"):
        announce(f"admin token: in {options.state.token}")
    if sys.stderr.isatty():
        # for the eyes of a terminal only: a log must not hold a key, not even one that works once
        announce(f"open it:     {url}/login?once={services.sessions.once()}  (once, within 10 minutes)")
    if not loopback:
        announce(
            f"warning: {options.host} can be reached from other machines. Whoever has the token can run any command as this user, "
            "and the token travels unencrypted: put a proxy with TLS in front, or use --host 127.0.0.1",
        )
