"""One of several Redis nodes that replicate, with a proxy before it by which the others know it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.redis import ask, redis_server
from holdfast.servers.tcp_proxy import TcpProxy, tcp_proxy


class RedisNode:
    """One Redis that may be started again after its death, and the proxy before it.

    Args:
        directory: an existing directory for its log.
        stack: what is started goes into it, and ends with it.
        guardian: is told of each process.
    """

    def __init__(self, directory: Path, stack: ExitStack, guardian: Guardian) -> None:
        self.port = free_port()
        """Where clients reach it, past the proxy."""
        self._directory = directory
        self._stack = stack
        self._guardian = guardian
        self._process: Process | None = None
        self.proxy: TcpProxy = stack.enter_context(tcp_proxy(self.port))

    @property
    def running(self) -> bool:
        """Whether it was started and lives."""
        return self._process is not None and self._process.running

    def start(self, replica_of: RedisNode | None) -> None:
        """Start it, without data, and wait until it answers; None: as a primary.

        Raises:
            EnvironmentLacking: Redis is not installed, or did not start.
        """
        arguments = [
            *("--replica-announce-ip", LOOPBACK),
            *("--replica-announce-port", str(self.proxy.port)),
            # A replica waits 5 s by default, for others that may want the same data.
            *("--repl-diskless-sync-delay", "0"),
        ]
        if replica_of is not None:
            arguments += ["--replicaof", LOOPBACK, str(replica_of.proxy.port)]
        server = self._stack.enter_context(
            redis_server(self._directory, self.port, arguments=arguments)
        )
        self._process = server.process
        self._guardian.watch_group(server.process.pid)
        self._stack.callback(self._guardian.forget_group, server.process.pid)

    def kill(self) -> None:
        """SIGKILL; returns when it runs no more."""
        assert self._process is not None
        self._process.kill()
        self._guardian.forget_group(self._process.pid)

    def info(self) -> dict[str, str]:
        """``INFO replication``; empty where it does not answer."""
        lines = ask(self.port, "INFO replication").splitlines()
        pairs = (line.partition(":") for line in lines if ":" in line)
        return {name: value for name, _, value in pairs}
