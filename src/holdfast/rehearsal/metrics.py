"""What a canary tells Prometheus."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    start_http_server,
)

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.history import Op, Outcome
from holdfast.rehearsal.verdict import INVARIANTS
from holdfast.servers.ports import LOOPBACK

CAUSES = tuple(name for name, (heading, _) in INVARIANTS.items() if heading == "survival")

_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)
_ADDRESS = re.compile(r"(?:(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>[0-9]{1,5})")


class Metrics:
    """Counters of one watch, in a registry of their own. All names begin with ``holdfast_``.

    ``sessions_observed_total``, ``sessions_lost_total`` by ``cause`` (the invariant),
    ``logins_lost_total``, ``requests_total`` by ``outcome`` (see history.Outcome),
    ``request_seconds`` (a histogram of the answered ones), ``sessions_held``, ``up`` (whether the
    last request was answered as asked), ``last_success_timestamp_seconds`` (when one was, epoch).
    """

    def __init__(self) -> None:
        # A gauge beside each counter that nobody asked for.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library gives it no types
        self.registry = CollectorRegistry()
        self._observed = Counter(
            "holdfast_sessions_observed", "Sessions that were begun.", registry=self.registry
        )
        self._lost = Counter(
            "holdfast_sessions_lost",
            "Sessions that were found lost.",
            ["cause"],
            registry=self.registry,
        )
        self._logins_lost = Counter(
            "holdfast_logins_lost",
            "Logged-in sessions that were found lost or logged out.",
            registry=self.registry,
        )
        self._requests = Counter(
            "holdfast_requests", "Requests that are over.", ["outcome"], registry=self.registry
        )
        self._seconds = Histogram(
            "holdfast_request_seconds",
            "How long answered requests took.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._held = Gauge(
            "holdfast_sessions_held", "Sessions that are watched now.", registry=self.registry
        )
        self._up = Gauge(
            "holdfast_up", "Whether the last request was answered.", registry=self.registry
        )
        self._last_success = Gauge(
            "holdfast_last_success_timestamp_seconds",
            "When a request was last answered as asked.",
            registry=self.registry,
        )
        # A counter that appears with its first increment hides that increment from rate().
        for cause in CAUSES:
            self._lost.labels(cause)
        for outcome in get_args(Outcome):
            self._requests.labels(outcome)

    def answered(self, op: Op) -> None:
        """A request is over."""
        assert op.answer is not None
        self._requests.labels(op.answer.outcome).inc()
        if op.answer.outcome in ("ok", "refused"):
            self._seconds.observe(op.end - op.start)
        self._up.set(op.ok)
        if op.ok:
            self._last_success.set(time.time())

    def begun(self) -> None:
        """A session is watched from now on."""
        self._observed.inc()
        self._held.inc()

    def ended(self) -> None:
        """A session is watched no more."""
        self._held.dec()

    def lost(self, cause: str, *, login: bool) -> None:
        """A session is lost; ``login``: it was logged in."""
        self._lost.labels(cause).inc()
        if login:
            self._logins_lost.inc()

    def total(self, name: str, **labels: str) -> int:
        """What a counter has come to, ``sessions_observed``; 0 where it has none such."""
        return int(self.registry.get_sample_value(f"holdfast_{name}_total", labels) or 0)

    @property
    def sessions_lost(self) -> int:
        """All causes together."""
        return sum(self.total("sessions_lost", cause=cause) for cause in CAUSES)


def parse_address(text: str) -> tuple[str, int]:
    """Read ``PORT`` (on the loopback interface) or ``ADDRESS:PORT``.

    Raises:
        UsageError: it is neither.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise UsageError(
            f"--metrics {text!r} is not PORT or ADDRESS:PORT", hint="try --metrics 9187"
        )
    return (match["host"] or LOOPBACK).strip("[]"), int(match["port"])


@contextmanager
def served(metrics: Metrics, address: tuple[str, int]) -> Iterator[None]:
    """Serve them as Prometheus text at ``/metrics``, in a thread, until the context ends.

    Raises:
        EnvironmentLacking: the port is taken, or the address is not of this machine.
    """
    host, port = address
    try:
        server, thread = start_http_server(port, host, metrics.registry)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot serve metrics on {host}:{port}: {error.strerror}",
            hint="--metrics names a free port, and an address of this machine",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
