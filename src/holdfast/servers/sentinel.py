"""A Redis primary, two replicas and three Sentinels, to be failed over, killed and partitioned, and
one address for whichever node is primary.

A proxy stands before each node, and the node announces the proxy's port (``replica-announce-port``)
to replicas and Sentinels: a partition takes the proxy's connections away, while clients that know
the node's own port still reach it. So it needs no root and no network namespace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.redis import PACKAGE, answers, ask
from holdfast.servers.redis_master import RedisMaster, redis_master
from holdfast.servers.redis_node import RedisNode
from holdfast.servers.tcp_proxy import Blackhole, Pass

T = TypeVar("T")

NODES = 3
SENTINELS = 3
QUORUM = 2

DOWN_AFTER_MS = 1500
"""How long a node does not answer until a Sentinel takes it for dead (Redis' default: 30 s)."""

FAILOVER_TIMEOUT_MS = 5000
"""A failover that got nowhere is tried again after twice this time (Redis' default: 180 s)."""

PERIODS_MS = {
    "publish-period": 250,
    "info-period": 1000,
    "ping-period": 500,
    "tilt-trigger": 1000,
    "tilt-period": 1000,
}
"""What Sentinels do more often than by default, by ``SENTINEL DEBUG`` (Redis 7.0).

After a failover a Sentinel demotes a node that still calls itself primary once it has seen it do so
for four publish periods: after 1 s here, after 8 s by default. It connects anew once a ping period
(1 s by default), and a failover cuts connections: that must be well below the time after which a
node is dead, or the new primary is taken for dead in its turn. A Sentinel that was itself held up,
as on a busy machine or disk, for more than the tilt trigger (2 s by default), knows that it cannot
tell who is dead, and does nothing for the tilt period (30 s by default).
"""

WAIT_SECONDS = 60.0
"""How long anything may take that takes a few seconds as a rule."""

NAME = "holdfast"
"""By which name the Sentinels know the primary."""

_POLL_SECONDS = 0.05


class SentinelRedis:
    """Nodes and Sentinels that run; opened by :func:`sentinel_redis`.

    Ports are those of the nodes themselves, which clients use; proxies are between the nodes and
    before the Sentinels' view of them. Methods block; they may be called from any thread, one at a
    time. Those that wait raise EnvironmentLacking when it took :data:`WAIT_SECONDS` in vain.

    Args:
        service: the address for clients that know nothing of Sentinel.
    """

    def __init__(
        self,
        nodes: list[RedisNode],
        sentinels: list[Process],
        ports: list[int],
        service: RedisMaster,
    ) -> None:
        self.service = service
        self._nodes = nodes
        self._sentinels = sentinels
        self._sentinel_ports = ports
        self._given_up = threading.Event()

    @property
    def ports(self) -> tuple[int, ...]:
        """Where clients reach the nodes."""
        return tuple(node.port for node in self._nodes)

    @property
    def sentinel_ports(self) -> tuple[int, ...]:
        """Where the Sentinels answer. They name nodes by the ports of the proxies before them."""
        return tuple(self._sentinel_ports)

    @property
    def primary(self) -> int:
        """The port of the node that all Sentinels take for the primary; waits until they agree."""
        return self._primary().port

    def primaries(self) -> tuple[int, ...]:
        """The ports of the nodes that call themselves primary: two, while a failover goes on."""
        return tuple(node.port for node in self._nodes if node.info().get("role") == "master")

    def failover(self) -> int:
        """Order a planned failover, and wait until a replica is primary; its port.

        The old primary goes on as one until Sentinels demote it: see :meth:`settle`.
        """
        old = self._primary()
        # Refused while a replica's state is not known yet, which mends itself.
        self._until(self._ordered, "no Sentinel took the order to fail over")
        return self._promoted(old)

    def kill_primary(self) -> int:
        """SIGKILL the primary, and wait until a replica is primary; its port."""
        old = self._primary()
        old.kill()
        return self._promoted(old)

    def partition_primary(self) -> int:
        """Cut the primary off from the others, and wait until a replica is primary; its port.

        Replicas and Sentinels reach it no more; clients reach all nodes.
        """
        old = self._primary()
        old.proxy.behave(Blackhole())
        return self._promoted(old)

    def heal(self) -> None:
        """Let everything through again; returns at once."""
        for node in self._nodes:
            node.proxy.behave(Pass())

    def settle(self) -> int:
        """Wait until there is one primary again; its port.

        That is when the replicas are linked to it, every Sentinel knows that, and the service sends
        clients to it alone. A node that was killed is started again for that, without data.
        """
        primary = self._primary()
        for node in self._nodes:
            if not node.running:
                node.start(replica_of=primary)
        self._until(self._whole, "there is no primary with two replicas known to all Sentinels")
        return self.primary

    def give_up(self) -> None:
        """Have a method that waits in another thread, and all that come, raise at once."""
        self._given_up.set()

    def _primary(self) -> RedisNode:
        return self._until(self._agreed, "Sentinels do not agree on a primary")

    def _agreed(self) -> RedisNode | None:
        """The node that all Sentinels name, if they agree on one that lives."""
        named = {self._view(port).get("port") for port in self._sentinel_ports}
        living = (node for node in self._nodes if node.running)
        return next((node for node in living if named == {str(node.proxy.port)}), None)

    def _promoted(self, old: RedisNode) -> int:
        def new() -> int | None:
            return next((port for port in self.primaries() if port != old.port), None)

        return self._until(new, "no replica became primary")

    def _ordered(self) -> bool:
        return ask(self._sentinel_ports[0], f"SENTINEL FAILOVER {NAME}").startswith("+OK")

    def _whole(self) -> bool:
        primaries = [node for node in self._nodes if node.info().get("role") == "master"]
        if len(primaries) != 1:
            return False
        [primary] = primaries
        linked = {
            "role": "slave",
            "master_port": str(primary.proxy.port),
            "master_link_status": "up",
        }
        known = {
            "port": str(primary.proxy.port),
            # Neither down for this Sentinel, nor about to be failed over by it.
            "flags": "master",
            "num-slaves": str(NODES - 1),
            "num-other-sentinels": str(SENTINELS - 1),
        }
        return (
            all(known.items() <= self._view(port).items() for port in self._sentinel_ports)
            and all(linked.items() <= n.info().items() for n in self._nodes if n is not primary)
            and self.service.serving() == (primary.port,)
        )

    def _view(self, port: int) -> dict[str, str]:
        """What a Sentinel says of the primary (``SENTINEL MASTER``, an array of names and values);
        empty where it does not answer.
        """
        # Each element has a line of its length before it.
        words = ask(port, f"SENTINEL MASTER {NAME}").split("\r\n")[2::2]
        return dict(zip(words[::2], words[1::2], strict=False))

    def _until(self, look: Callable[[], T | None], otherwise: str) -> T:
        """Wait until it finds something."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (found := look()):
            if self._given_up.wait(_POLL_SECONDS):
                raise EnvironmentLacking(f"{otherwise}; given up", hint="")
            if time.monotonic() > deadline:
                last = self._sentinels[0].last_line()
                raise EnvironmentLacking(
                    f"{otherwise} after {WAIT_SECONDS:g} s; a Sentinel's log ends with: {last}",
                    hint="try again: on a machine that is too busy Sentinels act late",
                )
        return found


@contextmanager
def sentinel_redis(directory: Path, guardian: Guardian) -> Iterator[SentinelRedis]:
    """Start three nodes, three Sentinels and HAProxy, and wait until all know each other.

    Each has a directory of its own. Blocks for some seconds.

    Args:
        directory: an existing directory, whose path is at most 80 bytes long.
        guardian: is told of every process.

    Raises:
        EnvironmentLacking: Redis or HAProxy is not installed, Redis is older than 7.0, or something
            did not start.
    """
    with ExitStack() as stack:
        nodes = [
            RedisNode(_made(directory / f"redis-{number}"), stack, guardian)
            for number in range(1, NODES + 1)
        ]
        nodes[0].start(replica_of=None)
        for replica in nodes[1:]:
            replica.start(replica_of=nodes[0])
        ports = [free_port() for _ in range(SENTINELS)]
        sentinels = [
            _sentinel(_made(directory / f"sentinel-{number}"), port, nodes[0], stack, guardian)
            for number, port in enumerate(ports, start=1)
        ]
        service = stack.enter_context(
            redis_master(_made(directory / "service"), [node.port for node in nodes], guardian)
        )
        redis = SentinelRedis(nodes, sentinels, ports, service)
        redis.settle()
        yield redis


def _sentinel(
    directory: Path, port: int, primary: RedisNode, stack: ExitStack, guardian: Guardian
) -> Process:
    config = directory / "sentinel.conf"
    # Sentinel rewrites this file and keeps in it what it has learnt.
    config.write_text(
        f"port {port}\nbind {LOOPBACK}\ndir {directory}\n"
        f"sentinel monitor {NAME} {LOOPBACK} {primary.proxy.port} {QUORUM}\n"
        f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\n"
        f"sentinel failover-timeout {NAME} {FAILOVER_TIMEOUT_MS}\n"
        f"sentinel parallel-syncs {NAME} {NODES - 1}\n"
    )
    argv = (PACKAGE, config, "--sentinel")
    process = stack.enter_context(Process(argv, directory, name="sentinel", package=PACKAGE))
    guardian.watch_group(process.pid)
    stack.callback(guardian.forget_group, process.pid)
    process.wait_ready(lambda: answers(port, process.pid))
    for name, milliseconds in PERIODS_MS.items():
        # It may be writing its file, on a disk that is slow.
        said = ask(port, f"SENTINEL DEBUG {name} {milliseconds}", seconds=WAIT_SECONDS)
        if not said.startswith("+OK"):
            raise EnvironmentLacking(
                f"Sentinel refused «SENTINEL DEBUG {name}»: {said.strip() or 'no answer'}",
                hint="it came with Redis 7.0; install that or a newer one",
            )
    return process


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory
