"""Free loopback ports for the servers that are started here."""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking

LOOPBACK = "127.0.0.1"

_CANDIDATES = range(10_000, 32_000)
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_ATTEMPTS = 200

_given: set[int] = set()
_lock = threading.Lock()


def free_port() -> int:
    """A TCP port on which nothing listens, never given twice to this process.

    It lies outside the range from which the kernel takes the ports of outgoing connections, so that
    none of those can take it between this call and the server's start. Another program that looks
    for ports the same way still can; a server that fails to bind says so in its log.

    Raises:
        EnvironmentLacking: no port was found.
    """
    ephemeral = _ephemeral_range()
    candidates = [port for port in _CANDIDATES if port not in ephemeral] or list(_CANDIDATES)
    # Not seeded: two runs on one machine must not walk through the same ports.
    chooser = random.SystemRandom()
    with _lock:
        for _ in range(_ATTEMPTS):
            port = chooser.choice(candidates)
            if port not in _given and _bindable(port):
                _given.add(port)
                return port
    raise EnvironmentLacking(
        f"no free TCP port on {LOOPBACK} between {candidates[0]} and {candidates[-1]}",
        hint="end what listens there; `ss -ltn` lists it",
    )


def accepts(port: int) -> bool:
    """Whether something accepts connections on this loopback port now."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def _ephemeral_range() -> range:
    try:
        low, high = _EPHEMERAL.read_text().split()
    except (OSError, ValueError):
        return range(32_768, 61_000)
    return range(int(low), int(high) + 1)


def _bindable(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
