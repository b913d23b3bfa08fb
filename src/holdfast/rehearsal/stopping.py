"""What a stop costs: a pod is told to stop while requests run and others still come."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

import msgspec

from holdfast.rehearsal.application import Replica
from holdfast.rehearsal.protocol import State
from holdfast.servers.ports import LOOPBACK

_ANSWER_SECONDS = 60.0
_HEAD_START_SECONDS = 0.5
_BETWEEN_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of the requests.

    Args:
        running: requests that ran when the pod was told to stop.
        running_lost: of them, those that were not answered with 200.
        late: requests that came while edges had not heard of the stop yet.
        late_lost: of them, those that were not answered with 200.
        acknowledged: writes that were answered with 200.
        writes_lost: of them, those that no other replica finds.
        seconds: from being told to the end.
        in_time: whether all ended by themselves.
    """

    running: int
    running_lost: int
    late: int
    late_lost: int
    acknowledged: int
    writes_lost: int
    seconds: float
    in_time: bool


def stop_during_requests(
    old: Replica, new: Replica, *, users: int, hold_ms: int, lag: float, grace: float
) -> Stopped:
    """Stop ``old`` while ``users`` wait for slow requests and others come; read back at ``new``.

    Args:
        old, new: replicas on one store; ``new`` is started here.
        users: browsers, each with a session of its own and a request that writes to it.
        hold_ms: how long each of these takes.
        lag: seconds in which requests still come to a pod that stops.
        grace: seconds it has.
    """
    new.start()
    browsers = [_Browser(old) for _ in range(users)]
    for browser in browsers:
        browser.get()
    with ThreadPoolExecutor(2 * users + 1) as pool:
        slow = [pool.submit(one.add, f"buoy.{n}", hold_ms) for n, one in enumerate(browsers)]
        time.sleep(_HEAD_START_SECONDS)
        began = time.monotonic()
        stopping = pool.submit(old.stop, grace)
        late = _come(pool, old, until=began + lag)
        running_lost = sum(not future.result() for future in slow)
        late_lost = sum(not future.result() for future in late)
        in_time = stopping.result()
        seconds = time.monotonic() - began
    acknowledged = [n for n, future in enumerate(slow) if future.result()]
    lost = sum(f"buoy.{n}" not in browsers[n].at(new).get().cart for n in acknowledged)
    return Stopped(
        users, running_lost, len(late), late_lost, len(acknowledged), lost, seconds, in_time
    )


def _come(pool: ThreadPoolExecutor, replica: Replica, until: float) -> list[Future[bool]]:
    """New visitors, one after the other."""

    def visit() -> bool:
        try:
            _Browser(replica).get()
        except (OSError, HTTPException, ValueError):
            return False
        return True

    came = []
    while time.monotonic() < until:
        came.append(pool.submit(visit))
        time.sleep(_BETWEEN_SECONDS)
    return came


class _Browser:
    """Cookies and a token; each request over a connection of its own."""

    def __init__(self, replica: Replica, cookies: Mapping[str, str] | None = None) -> None:
        self._port = replica.endpoint.port
        self._cookies = dict(cookies or {})
        self._token = ""

    def at(self, replica: Replica) -> _Browser:
        """The same visitor, whom another replica answers."""
        return _Browser(replica, self._cookies)

    def get(self) -> State:
        """Load the page."""
        return self._send("GET", "/state", "")

    def add(self, item: str, hold_ms: int) -> bool:
        """Put something into the cart, slowly; whether it was acknowledged."""
        try:
            self._send("POST", "/cart", urlencode({"item": item, "ms": hold_ms}))
        except (OSError, HTTPException, ValueError):
            return False
        return True

    def _send(self, method: str, path: str, body: str) -> State:
        connection = HTTPConnection(LOOPBACK, self._port, timeout=_ANSWER_SECONDS)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies, "X-CSRF-TOKEN": self._token, "Connection": "close"}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise ValueError(f"HTTP {answer.status}")
            for line in answer.headers.get_all("Set-Cookie", []):
                name, _, value = line.partition(";")[0].partition("=")
                self._cookies[name] = value
        finally:
            connection.close()
        state = msgspec.json.decode(content, type=State)
        self._token = state.token
        return state
