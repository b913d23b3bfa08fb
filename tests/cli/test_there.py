"""Deployments that are there already, as a command line finds them: behind HAProxy as an ingress.

The test starts each of them and is its cluster; the rehearsal knows no more of it than its URL. Only
«no loss» is asserted, and the loss of what a fault destroyed by construction.
"""

from __future__ import annotations

import base64
import shlex
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio.from_thread
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.courtesy import BURST
from holdfast.rehearsal.deployment import Pace, deploy
from holdfast.rehearsal.recorder import read_history
from holdfast.rehearsal.verdict import Verdict
from holdfast.servers.haproxy import haproxy_program
from holdfast.servers.ports import accepts, free_port
from holdfast.servers.process import Process

QUICK = ("--users", "4", "--seconds", "4", "--judge", "survival")
FAST = Pace(detection=0.2, restart=0.3, drain=0.1, peak=0.2)
NAME = "shop.test"


class Written(msgspec.Struct):
    verdicts: list[Verdict]


def verdict(path: Path) -> Verdict:
    [judged] = msgspec.json.decode(path.read_bytes(), type=Written).verdicts
    return judged


@dataclass(frozen=True)
class Standing:
    """A deployment: where it is, and a command that does something to it, as kubectl would."""

    address: str
    port: int
    command: Callable[[str], str]


@contextmanager
def cluster(choice: str, replicas: int) -> Iterator[Standing]:
    """Replicas behind a balancer, and a port where a command can have them rolled."""
    setup = parse_setup(choice, "laravel")
    with anyio.from_thread.start_blocking_portal() as portal:
        opened = deploy(setup, replicas=replicas, emit=lambda *_: None, pace=FAST)
        with portal.wrap_async_context_manager(opened) as deployment:

            class Keeper(socketserver.StreamRequestHandler):
                def handle(self) -> None:
                    asked = self.rfile.readline().decode().strip()
                    portal.call({"roll": deployment.roll}[asked])
                    self.wfile.write(b"done\n")

            with socketserver.TCPServer(("127.0.0.1", 0), Keeper) as keeper:
                threading.Thread(target=keeper.serve_forever).start()
                port = keeper.server_address[1]

                def command(what: str) -> str:
                    program = (
                        "import os, socket, sys; s = socket.create_connection(('127.0.0.1', "
                        f"{port})); s.sendall(b'{what}\\n'); sys.exit(s.recv(9) != b'done\\n')"
                    )
                    return shlex.join([sys.executable, "-c", program])

                try:
                    yield Standing(
                        deployment.address, int(deployment.address.rpartition(":")[2]), command
                    )
                finally:
                    keeper.shutdown()


@pytest.fixture
def standing() -> Iterator[Callable[..., Standing]]:
    with ExitStack() as stack:
        yield lambda choice, replicas=2: stack.enter_context(cluster(choice, replicas))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("choice", ["redis", "shop=redis"])
def test_sessions_on_redis_survive_the_users_command(holdfast, standing, tmp_path, choice):
    there = standing(choice)
    ended = holdfast(
        *("rehearse", "--url", there.address, *QUICK, "--faults", "first,second"),
        *("--on-fault", there.command("roll"), "--json", f"{tmp_path}/v.json"),
        *("--history", str(tmp_path)),
    )
    assert ended.status == 0, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.sessions_opened > 0
    assert judged.writes_acknowledged > 0
    assert (judged.sessions_lost, judged.writes_lost, judged.doubts) == (0, 0, [])
    assert judged.name == there.address.removeprefix("http://")
    [history] = tmp_path.glob("*.jsonl")
    _, events = read_history(history)
    done = [(event.what, event.fault, event.status) for event in events if event.replica]
    assert done == [
        ("start", "", None),
        ("command", "first", None),
        ("over", "first", 0),
        ("command", "second", None),
        ("over", "second", 0),
    ]


@pytest.mark.timeout(180)
def test_files_go_with_their_only_pod_after_the_users_command(holdfast, standing, tmp_path):
    there = standing("file", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, *QUICK, "--on-fault", there.command("roll")),
        *("--json", f"{tmp_path}/v.json", "--html", f"{tmp_path}/page.html"),
    )
    assert ended.status == 1, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.sessions_lost > 0
    assert judged.causes["after your command «fault»"] >= judged.sessions_lost
    assert "after your command «fault» at " in ended.out
    assert [lane.replica for lane in judged.lanes] == ["deployment"]
    assert "lost" in [mark.what for mark in judged.lanes[0].marks]
