"""One address for the primary among several Redis nodes, as a Kubernetes Service of it gives.

HAProxy asks each node for its role and sends connections to those that say that they are the
primary. That is what people put before Sentinel for clients that know nothing of Sentinel, as
Laravel with phpredis is one. The check believes every node: while two call themselves primary, each
gets half of the connections.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.servers.guardian import Guardian
from holdfast.servers.haproxy import CHECK_MS, PACKAGE, Admin
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program

_BACKEND = "redis"


@dataclass(frozen=True, slots=True)
class RedisMaster:
    """A started HAProxy before Redis nodes.

    Args:
        port: where clients connect, on loopback.
        process: HAProxy; ended by its id.
        admin: its admin socket.
    """

    port: int
    process: Process
    admin: Admin

    def serving(self) -> tuple[int, ...]:
        """The ports of the nodes that get connections now, in their order.

        Raises:
            EnvironmentLacking: HAProxy does not answer.
        """
        return tuple(server.port for server in self.admin.servers() if server.up)


def redis_master_config(*, port: int, admin: Path, nodes: Sequence[int]) -> str:
    """HAProxy's configuration; see :func:`redis_master`.

    One failed check takes a node out and one good one takes it in, as with a readiness probe that
    is quick; connections to a node that is taken out are closed.
    """
    lines = [
        "global",
        f"  stats socket {admin} mode 600 level admin",
        "  maxconn 2000",
        "  nbthread 1",
        "defaults",
        "  mode tcp",
        "  timeout connect 1s",
        "  timeout client 60s",
        "  timeout server 60s",
        "  timeout check 5s",
        "frontend clients",
        f"  bind {LOOPBACK}:{port}",
        f"  default_backend {_BACKEND}",
        f"backend {_BACKEND}",
        "  balance roundrobin",
        "  option tcp-check",
        "  tcp-check connect",
        # With the QUIT the node closes; else a replica's answer would be waited on for more.
        r"  tcp-check send info\ replication\r\nquit\r\n",
        "  tcp-check expect string role:master",
        f"  default-server check inter {CHECK_MS}ms fall 1 rise 1 on-marked-down shutdown-sessions",
        *(f"  server s{slot} {LOOPBACK}:{node}" for slot, node in enumerate(nodes, start=1)),
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def redis_master(
    directory: Path, nodes: Sequence[int], guardian: Guardian
) -> Iterator[RedisMaster]:
    """Start HAProxy before Redis nodes, and wait until it has found exactly one primary. Blocks.

    Args:
        directory: an existing directory for configuration, log and admin socket, whose path is at
            most 90 bytes long (a unix socket's limit).
        nodes: the loopback ports of the nodes.
        guardian: is told of the process.

    Raises:
        EnvironmentLacking: HAProxy is not installed, or did not find one primary.
    """
    program = require_program("haproxy", package=PACKAGE)
    port = free_port()
    admin = Admin(directory / "haproxy.sock", _BACKEND)
    config = directory / "haproxy.cfg"
    config.write_text(redis_master_config(port=port, admin=admin.path, nodes=nodes))
    argv = (program, "-db", "-f", config)
    with Process(argv, directory, name="haproxy", package=PACKAGE) as process:
        guardian.watch_group(process.pid)
        master = RedisMaster(port, process, admin)
        # Before its first checks it takes every node for a primary.
        process.wait_ready(lambda: admin.answers() and len(master.serving()) == 1)
        yield master
    guardian.forget_group(process.pid)
