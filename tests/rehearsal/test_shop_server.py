"""The shop as a program: its environment, its signals, its exit status."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from signal import SIGINT, SIGTERM

import httpx2
import pytest

from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import healthy
from holdfast.rehearsal.shop import COOKIE
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process

ARGV = [sys.executable, "-m", "holdfast.rehearsal.shop_server"]


def environment(**changes):
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.environ.get("PYTHONPATH"),
        "HOLDFAST_STORE": "memory:",
        "HOLDFAST_REPLICA": "r1",
        "HOLDFAST_GENERATION": "2",
        "APP_KEY": fresh_app_key(),
        "PORT": str(free_port()),
    }
    env.update(changes)
    return {name: value for name, value in env.items() if value is not None}


@contextmanager
def running(directory, **changes):
    env = environment(**changes)
    port = int(env["PORT"])
    with Process(ARGV, directory, name="shop", env=env) as process:
        process.wait_ready(lambda: healthy(port), seconds=60)
        yield process, f"http://{LOOPBACK}:{port}"


@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_it_serves_until_a_signal_and_finishes_what_it_has_begun(tmp_path, number):
    with (
        running(tmp_path) as (process, address),
        httpx2.Client(base_url=address, timeout=60) as client,
    ):
        state = client.get("/state").json()
        assert (state["replica"], state["generation"]) == ("r1", 2)
        cookie = f"{COOKIE}={client.cookies[COOKIE]}"
        with begun(address, "/count?ms=700", state["token"], cookie) as slow:
            # Whoever is answered on a later connection knows that the earlier request was read.
            assert client.get("/healthz").text == "ok"
            process.send(number)
            answer = slow.read()
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"count":1' in answer
        wait_until(lambda: not process.running)
        assert not healthy(int(address.rpartition(":")[2]))
        process.kill()
        assert process.exit_status == 0
        assert process.last_line() == ""


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"HOLDFAST_STORE": None}, 3, "HOLDFAST_STORE is not set"),
        ({"HOLDFAST_STORE": "redi://x/0"}, 2, "unknown scheme redi"),
        ({"HOLDFAST_STORE": "file:///nowhere/at/all"}, 3, "is not a directory"),
        ({"HOLDFAST_REPLICA": None}, 3, "HOLDFAST_REPLICA is not set"),
        ({"HOLDFAST_GENERATION": "first"}, 2, "HOLDFAST_GENERATION=first is not a whole number"),
        ({"APP_KEY": None}, 3, "APP_KEY is not set"),
        ({"APP_KEY": "base64:c2hvcnQ="}, 2, "APP_KEY has 5 bytes"),
        ({"SESSION_ENCRYPT": "yes"}, 2, "SESSION_ENCRYPT=yes is neither true nor false"),
        ({"PORT": "http"}, 2, "PORT=http is not a whole number"),
        ({"PORT": "0"}, 2, "PORT=0 is not a whole number between 1 and 65535"),
    ],
)
def test_a_wrong_environment_is_one_line(tmp_path, changes, status, says):
    refused(tmp_path, status, says, environment(**changes))


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        says = f"cannot listen on 127.0.0.1:{port}: Address already in use"
        refused(tmp_path, 3, says, environment(PORT=str(port)))


def test_a_store_that_is_not_there_yet_hinders_nobody(tmp_path):
    store = f"redis://{LOOPBACK}:{free_port()}/0"
    with running(tmp_path, HOLDFAST_STORE=store) as (process, address):
        answer = httpx2.get(f"{address}/state", timeout=60)
        assert answer.status_code == 503
        assert answer.headers["x-holdfast-generation"] == "2"
        assert process.running


@pytest.mark.parametrize(
    ("url", "encrypt", "begins"),
    [
        ("", None, b"a:"),
        ("", "false", b"a:"),
        ("", "true", b"eyJpdiI6"),
        ("?encrypt=1&key=env:APP_KEY", None, b"eyJpdiI6"),
        ("?encrypt=1&key=env:APP_KEY", "true", b"eyJpdiI6"),
        ("?encrypt=1&key=env:APP_KEY", "false", b"a:"),
    ],
)
def test_what_encrypts_a_session(tmp_path, url, encrypt, begins):
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    store = f"file://{sessions}{url}"
    with running(tmp_path, HOLDFAST_STORE=store, SESSION_ENCRYPT=encrypt) as (_, address):
        assert httpx2.get(f"{address}/state", timeout=60).status_code == 200
    (written,) = sessions.glob("[!.]*")
    assert written.read_bytes().startswith(begins)


def test_what_a_previous_key_sealed_is_opened_and_its_handle_is_the_same(tmp_path):
    sessions = tmp_path / "sessions"
    sessions.mkdir()
    old, new = fresh_app_key(), fresh_app_key()
    common = {"HOLDFAST_STORE": f"file://{sessions}?encrypt=1&key=env:APP_KEY"}
    with running(tmp_path, **common, APP_KEY=old) as (_, address):
        first = httpx2.get(f"{address}/state", timeout=60)
    told = {"cookie": f"{COOKIE}={first.cookies[COOKIE]}"}
    changed = {**common, "APP_KEY": new, "HOLDFAST_HANDLE_KEY": old}
    with running(tmp_path, **changed, APP_PREVIOUS_KEYS=f"{new},{old}") as (_, address):
        assert httpx2.get(f"{address}/state", headers=told, timeout=60).json() == first.json()
    with running(tmp_path, **changed) as (_, address):
        other = httpx2.get(f"{address}/state", headers=told, timeout=60).json()
        assert other["token"] != first.json()["token"]


def refused(directory, status, says, env):
    done = subprocess.run(
        ARGV, env=env, cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == status, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("shop: ")
    assert says in line


def wait_until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def begun(address, target, token, cookie):
    """A POST that has been sent; its whole answer can be read."""
    port = int(address.rpartition(":")[2])
    lines = [
        f"POST {target} HTTP/1.1",
        "Host: shop",
        f"X-CSRF-TOKEN: {token}",
        f"Cookie: {cookie}",
        "Content-Length: 0",
        "Connection: close",
    ]
    with socket.create_connection((LOOPBACK, port), timeout=60) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as answer:
            yield answer
