"""The server of a store that was started for a run: it is ended and started again on request."""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.servers.guardian import Guardian
from holdfast.servers.process import Process

READY_SECONDS = 60.0
"""How long a server may take until it serves again; a database recovers first."""


@dataclass(frozen=True, slots=True)
class StoreServer:
    """A server that runs, and that its guardian knows of. Methods block.

    Args:
        process: the server; it has been waited for, and knows when it is ready.
        guardian: is told of each process that takes its place.
    """

    process: Process
    guardian: Guardian

    def stop(self) -> None:
        """Stop it as an operator does."""
        group = self.process.pid
        self.process.stop()
        self.guardian.forget_group(group)

    def kill(self) -> None:
        """SIGKILL every process of it."""
        group = self.process.pid
        self.process.kill()
        self.guardian.forget_group(group)

    def start(self) -> None:
        """Start it again, on the port and the data that it had; nothing where it runs.

        Raises:
            EnvironmentLacking: it did not come back.
        """
        self.process.start_again()
        self.guardian.watch_group(self.process.pid)
        self.process.wait_ready(seconds=READY_SECONDS)
