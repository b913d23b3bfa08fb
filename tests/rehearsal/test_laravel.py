"""A real Laravel replica: it speaks the protocol, and it dies and stops as a pod does."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGSTOP

import httpx2
import msgspec
import pytest

from holdfast.core.digest import handle
from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Replica, healthy
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.laravel import Laravel
from holdfast.rehearsal.protocol import MAX_HOLD_MS, PRODUCTS, State
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK, accepts

KEY = fresh_app_key()


@contextmanager
def started(choice="file", *, server="auto"):
    """One replica of a choice of the compare grammar, with its backing."""
    setup = parse_setup(choice, "laravel")
    application = Laravel(setup, server)
    application.require()
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
        stack.callback(shutil.rmtree, directory)
        guardian = stack.enter_context(Guardian())
        store = stack.enter_context(
            backing(
                setup,
                directory,
                guardian,
                app_key=KEY,
                create_tables=application.create_tables,
            )
        )
        replica = Replica(
            application, "r1", 3, directory, app_key=KEY, backing=store, guardian=guardian
        )
        stack.callback(replica.kill)
        replica.start()
        yield replica


class Browser:
    """A cookie jar, and the token of the last page it saw."""

    def __init__(self, replica):
        self.client = httpx2.Client(
            base_url=f"http://{LOOPBACK}:{replica.endpoint.port}", timeout=60
        )
        self.token = ""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.client.close()

    def state(self):
        return self._read(self.client.get("/state"))

    def send(self, path, **fields):
        return self.client.post(path, data=fields, headers={"X-CSRF-TOKEN": self.token})

    def post(self, path, **fields):
        return self._read(self.send(path, **fields))

    def _read(self, answer):
        assert answer.status_code == 200, answer.text
        state = msgspec.json.decode(answer.content, type=State)
        self.token = state.token
        return state


@pytest.mark.parametrize("server", ["fpm", "cli"])
def test_the_fixture_speaks_the_protocol(server):
    with started(server=server) as replica, Browser(replica) as browser:
        healthz = browser.client.get("/healthz")
        assert (healthz.text, "set-cookie" in healthz.headers) == ("ok", False)

        catalogue = browser.client.get("/catalogue")
        assert catalogue.json() == list(PRODUCTS)
        assert "laravel_session" in catalogue.headers["set-cookie"]

        empty = browser.state()
        assert empty == State("r1", 3, empty.session, None, None, empty.token, [], [], 0, {})

        assert browser.post("/open", lineage="u1.1").lineage == "u1.1"
        assert browser.post("/open", lineage="u1.2").lineage == "u1.1"
        browser.post("/cart", item="buoy.1")
        assert browser.post("/cart", item="buoy.2", ms="10").cart == ["buoy.1", "buoy.2"]
        bought = browser.post("/checkout")
        assert (bought.cart, bought.orders) == ([], ["buoy.1", "buoy.2"])
        browser.post("/cart", item="cleat.3")
        assert browser.post("/checkout").orders == ["buoy.1", "buoy.2", "cleat.3"]
        assert [browser.post("/count").count for _ in range(2)] == [1, 2]
        browser.post("/mark", key="7", value="a")
        assert browser.post("/mark", key="ü", value="«b»").marks == {"7": "a", "ü": "«b»"}

        in_ = browser.post("/login", user="1000000")
        assert in_.user == 1_000_000
        assert in_.session != empty.session
        assert in_.token != empty.token
        assert in_.orders == ["buoy.1", "buoy.2", "cleat.3"]

        out = browser.post("/logout")
        assert out == State("r1", 3, out.session, None, None, out.token, [], [], 0, {})
        assert out.session not in (empty.session, in_.session)
        assert out.token != in_.token
        assert browser.state() == out


def test_the_handle_is_that_of_the_id_in_the_store_and_the_login_destroys_the_old_record():
    with started() as replica, Browser(replica) as browser:
        sessions = replica.directory / "storage/framework/sessions"
        browser.state()
        guest = browser.state().session
        assert [handle(path.name, KEY.encode()) for path in sessions.iterdir()] == [guest]
        user = browser.post("/login", user="7").session
        assert [handle(path.name, KEY.encode()) for path in sessions.iterdir()] == [user]


def test_what_is_not_right_is_refused_and_says_who_refused_it():
    with started() as replica, Browser(replica) as browser:
        browser.state()
        answers = {
            404: browser.client.get("/nothing"),
            405: browser.client.post("/state"),
            419: browser.client.post(
                "/cart", data={"item": "x"}, headers={"X-CSRF-TOKEN": "wrong"}
            ),
            422: browser.send("/login", user="1000001"),
        }
        for status, answer in answers.items():
            assert answer.status_code == status
            assert answer.headers.get_list("x-holdfast-replica") == ["r1"]
            assert answer.headers.get_list("x-holdfast-generation") == ["3"]
        assert browser.send("/login", user="0").status_code == 422
        assert browser.send("/cart").status_code == 422
        assert browser.state().cart == []


@pytest.mark.parametrize("choice", ["file", "redis", "database"])
def test_blocking_keeps_parallel_counts_apart(choice):
    """That they get in each other's way without it is shown (docs/guarantees.md), not asserted."""
    with started(f"{choice}+block") as replica, Browser(replica) as browser:
        browser.state()
        with ThreadPoolExecutor(3) as pool:
            counts = [
                answer.json()["count"]
                for answer in pool.map(lambda _: browser.send("/count", ms="200"), range(3))
            ]
        assert sorted(counts) == [1, 2, 3]


@pytest.mark.parametrize("server", ["fpm", "cli"])
def test_a_killed_replica_refuses_and_leaves_no_process(server):
    with started(server=server) as replica:
        groups = replica.groups
        assert len(members(groups)) > len(groups), "there are workers beside the masters"
        replica.kill()
        assert not accepts(replica.endpoint.port)
        assert members(groups) == []
        replica.kill()


def test_a_kill_cuts_a_graceful_stop_short():
    with started() as replica, Browser(replica) as browser, ThreadPoolExecutor(2) as pool:
        browser.state()
        slow = in_flight(pool, browser, replica.groups, for_ever=True)
        stop = pool.submit(replica.stop, 30)
        poll_until(lambda: not healthy(replica.endpoint.port))
        replica.kill()
        assert members(replica.groups) == []
        assert not stop.result()
        assert isinstance(slow.exception(), httpx2.TransportError)


@pytest.mark.parametrize("server", ["fpm", "cli"])
def test_a_graceful_stop_lets_the_request_in_flight_finish(server):
    with started(server=server) as replica, Browser(replica) as browser:
        groups = replica.groups
        browser.state()
        with ThreadPoolExecutor(1) as pool:
            slow = in_flight(pool, browser, groups)
            assert replica.stop(grace_seconds=60)
            assert slow.result().json()["count"] >= 1
        assert not healthy(replica.endpoint.port)
        assert members(groups) == []


def test_a_replica_that_overstays_its_grace_is_killed():
    with started() as replica, Browser(replica) as browser:
        groups = replica.groups
        browser.state()
        with ThreadPoolExecutor(1) as pool:
            slow = in_flight(pool, browser, groups, for_ever=True)
            assert not replica.stop(grace_seconds=0.2)
            with pytest.raises(httpx2.TransportError):
                slow.result()
        assert members(groups) == []


def test_what_is_missing_is_said_before_anything_starts(tmp_path, monkeypatch):
    setup = parse_setup("redis", "laravel")
    monkeypatch.setenv("LARAVEL_AUTOLOAD", str(tmp_path / "autoload.php"))
    with pytest.raises(EnvironmentLacking, match="Laravel is not installed") as lacking:
        Laravel(setup).require()
    assert "apt install php-laravel-framework" in lacking.value.hint


def poll_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def in_flight(pool, browser, groups, *, for_ever=False):
    """A request that a worker is at: held as long as the fixture holds one, or until it is killed.

    One that was over before it was seen to be in flight is followed by another.
    """
    while True:
        slow = pool.submit(browser.send, "/count", ms=str(MAX_HOLD_MS))
        while not slow.done():
            workers = busy(groups)
            if for_ever:
                for worker in workers:
                    os.kill(worker, SIGSTOP)
            if workers and not slow.done():
                return slow


def members(groups):
    """The living processes of these groups."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) in groups and state != "Z":
            found.append(int(stat.parent.name))
    return found


def busy(groups):
    """The PHP workers that hold a request, in usleep()."""
    found = []
    for pid in members(groups):
        try:
            waits = Path(f"/proc/{pid}/wchan").read_text()
        except OSError:
            continue
        if "nanosleep" in waits:
            found.append(pid)
    return found
