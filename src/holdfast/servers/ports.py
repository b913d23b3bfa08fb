"""Free loopback ports for the servers that are started here."""

from __future__ import annotations

import random
import socket
import threading
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking

LOOPBACK = "127.0.0.1"

_CANDIDATES = range(10_000, 32_000)
_BLOCK = 50
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")

_left: list[int] = []
_lock = threading.Lock()


def free_port() -> int:
    """A TCP port on which nothing listens, never given twice: neither to this process, nor to
    another one that asks here while this one lives.

    It lies outside the range from which the kernel takes the ports of outgoing connections, so that
    none of those can take it between this call and the server's start. A program that looks for
    ports in another way still can; a server that fails to bind says so in its log.

    Raises:
        EnvironmentLacking: no port was found.
    """
    with _lock:
        while True:
            while _left:
                port = _left.pop()
                if _bindable(port):
                    return port
            _left.extend(_claimed_block())


def _claimed_block() -> range:
    """Ports that are from now on this process's to give."""
    ephemeral = _ephemeral_range()
    everywhere = list(_CANDIDATES[::_BLOCK])
    outside = [
        start
        for start in everywhere
        if start not in ephemeral and start + _BLOCK - 1 not in ephemeral
    ]
    starts = outside or everywhere
    # Not seeded: two runs on one machine must not walk through the same ports.
    random.SystemRandom().shuffle(starts)
    for start in starts:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # A name of this kind is had by one socket of a network namespace, as a port is, and
            # ends with its process, however that ends (unix(7), abstract sockets).
            claim.bind(f"\0holdfast/ports/{start}")
        except OSError:
            claim.close()
            continue
        claim.detach()  # open, and claimed, until the process ends
        return range(start, start + _BLOCK)
    raise EnvironmentLacking(
        f"no free TCP port on {LOOPBACK} between {_CANDIDATES[0]} and {_CANDIDATES[-1]}",
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
