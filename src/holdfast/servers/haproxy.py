"""HAProxy with server slots that are filled and emptied while it runs, through its admin socket."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.process import Process
from holdfast.servers.programs import find_program, require_program

PACKAGE = "haproxy"
BACKEND = "replicas"
CHECK_MS = 500
"""How often HAProxy connects to each server. A server that was killed is used until a check fails,
as an endpoint stays in Kubernetes until the kubelet has noticed; requests that meet a refused
connection meanwhile go to another server."""

State = Literal["ready", "maint", "drain"]

_SOCKET_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """One slot as HAProxy sees it.

    Args:
        slot: its number, from 1.
        address, port: whom it stands for; port 1 while it is empty.
        up: whether requests are sent to it.
        maintained: whether it is in ``maint``.
    """

    slot: int
    address: str
    port: int
    up: bool
    maintained: bool


def haproxy_program() -> str | None:
    """The path of HAProxy, or None."""
    return find_program("haproxy")


def haproxy_config(
    *, port: int, admin: Path, slots: int, affinity: str | None, affinity_key: str
) -> str:
    """A configuration with ``slots`` disabled servers; see :func:`haproxy`.

    Every request is balanced on its own, round robin. A request whose connection is refused goes to
    another server; one that was sent is never sent again. Connections to servers are not kept: a
    server that stops would close one just as the next request is put on it, an error that says
    nothing about sessions.

    The affinity cookie is derived from address and port (``dynamic``), so whoever moves into a slot
    does not inherit the clients of the one before, as a new pod does not.
    """
    cookie = (
        f"  dynamic-cookie-key {affinity_key}",
        f"  cookie {affinity} insert indirect nocache dynamic",
    )
    lines = [
        "global",
        f"  stats socket {admin} mode 600 level admin",
        "  stats timeout 1m",
        "  maxconn 1000",
        "  nbthread 1",
        # Laravel's cookie driver sends two cookies of some kilobytes.
        "  tune.bufsize 65536",
        "defaults",
        "  mode http",
        "  timeout connect 1s",
        "  timeout client 60s",
        "  timeout server 60s",
        "  timeout http-keep-alive 30s",
        "  timeout queue 5s",
        "  timeout check 5s",
        "  retries 3",
        "  option redispatch 1",
        "  option http-server-close",
        "frontend browsers",
        f"  bind {LOOPBACK}:{port}",
        f"  default_backend {BACKEND}",
        f"backend {BACKEND}",
        "  balance roundrobin",
        *(cookie if affinity else ()),
        f"  default-server check inter {CHECK_MS}ms fall 1 rise 1 disabled",
        *(f"  server s{slot} {LOOPBACK}:1" for slot in range(1, slots + 1)),
    ]
    return "\n".join(lines) + "\n"


def haproxy(
    directory: Path,
    *,
    port: int,
    slots: int,
    affinity: str | None = None,
    affinity_key: str = "holdfast",
) -> tuple[Process, Admin]:
    """Start HAProxy on a loopback port; it is ready when ``Admin.answers``.

    Args:
        directory: an existing directory for configuration, log and admin socket, whose path is at
            most 90 bytes long (a unix socket's limit).
        port: where browsers connect.
        slots: how many servers there can be at a time.
        affinity: name of the cookie that brings a browser back to its server; None: no affinity.
        affinity_key: goes into the cookie's value; letters and digits.

    Raises:
        EnvironmentLacking: HAProxy is not installed.
    """
    program = require_program("haproxy", package=PACKAGE)
    admin = directory / "haproxy.sock"
    config = directory / "haproxy.cfg"
    config.write_text(
        haproxy_config(
            port=port, admin=admin, slots=slots, affinity=affinity, affinity_key=affinity_key
        )
    )
    process = Process([program, "-db", "-f", config], directory, name="haproxy", package=PACKAGE)
    return process, Admin(admin)


@dataclass(frozen=True, slots=True)
class Admin:
    """HAProxy's admin socket. Methods block for some milliseconds.

    All of them raise EnvironmentLacking where HAProxy does not answer or refuses.

    Args:
        path: where the socket is.
        backend: whose servers, named ``s1``, ``s2``..., it is about.
    """

    path: Path
    backend: str = BACKEND

    def answers(self) -> bool:
        """Whether it is there: true some time after its start, when its ports are bound too."""
        try:
            return bool(self.command("show info"))
        except EnvironmentLacking:
            return False

    def servers(self) -> list[Server]:
        """Every slot, in order (``show servers state``, format 1)."""
        lines = self.command(f"show servers state {self.backend}").splitlines()
        try:
            names = next(line for line in lines if line.startswith("# ")).split()[1:]
            rows = [dict(zip(names, line.split(), strict=False)) for line in lines[2:] if line]
            return [
                Server(
                    slot=int(row["srv_name"].removeprefix("s")),
                    address=row["srv_addr"],
                    port=int(row["srv_port"]),
                    up=row["srv_op_state"] == "2",
                    maintained=int(row["srv_admin_state"]) & 0x01 != 0,
                )
                for row in rows
            ]
        except (StopIteration, KeyError, ValueError) as error:
            raise self._refused("show servers state", lines[0] if lines else "") from error

    def set_address(self, slot: int, port: int) -> None:
        """Make a slot stand for another loopback port."""
        said = self.command(f"set server {self.backend}/s{slot} addr {LOOPBACK} port {port}")
        # It answers in words for a change and for none alike, so ask what became of it.
        if not any(server.slot == slot and server.port == port for server in self.servers()):
            raise self._refused("set server addr", said)

    def set_state(self, slot: int, state: State) -> None:
        """Let a slot take requests, or take it out.

        ``maint`` sends it nothing new, and clients with its affinity cookie are balanced anew;
        ``drain`` still serves those. Requests in flight finish in either.
        """
        if said := self.command(f"set server {self.backend}/s{slot} state {state}"):
            raise self._refused(f"set server state {state}", said)

    def command(self, line: str) -> str:
        """Send one command and return what HAProxy says, stripped."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_SOCKET_SECONDS)
                connection.connect(str(self.path))
                connection.sendall(line.encode() + b"\n")
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError as error:
            raise EnvironmentLacking(
                f"HAProxy does not answer on its admin socket: {error}",
                hint=f"read {self.path.with_suffix('.log')}",
            ) from error
        return answer.decode(errors="replace").strip()

    def _refused(self, what: str, said: str) -> EnvironmentLacking:
        return EnvironmentLacking(
            f"HAProxy refused «{what}»: {said or 'no answer'}",
            hint="Holdfast needs HAProxy 2.4 or newer; --balancer builtin works without it",
        )
