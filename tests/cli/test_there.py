"""Deployments that are there already, as a command line finds them: behind HAProxy as an ingress.

The test starts each of them and is its cluster; the rehearsal knows no more of it than its URL.
Only «no loss» is asserted, and the loss of what a fault destroyed by construction.
"""

from __future__ import annotations

import base64
import os
import shlex
import signal
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
from typing import IO

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


@dataclass(frozen=True)
class Ingress:
    """HAProxy in front of a deployment, with TLS and rules of its own."""

    port: int
    authority: Path


@pytest.fixture
def ingress(tmp_path) -> Iterator[Callable[..., Ingress]]:
    """Opens one before a port, with these rules for requests."""
    with ExitStack() as stack:

        def opened(behind: int, *rules: str) -> Ingress:
            authority, pair = certificate(tmp_path)
            port = free_port()
            config = tmp_path / "ingress.cfg"
            lines = [
                "defaults",
                "  mode http",
                *(f"  timeout {what} 30s" for what in ("connect", "client", "server")),
                "userlist staff",
                "  user ann insecure-password s3cret:",
                "frontend ingress",
                f"  bind 127.0.0.1:{port} ssl crt {pair}",
                *(f"  http-request {rule}" for rule in rules),
                "  default_backend shop",
                "backend shop",
                f"  server shop 127.0.0.1:{behind}",
            ]
            config.write_text("\n".join(lines) + "\n")
            program = haproxy_program()
            assert program
            process = Process([program, "-db", "-f", config], tmp_path, name="ingress")
            stack.callback(process.kill)
            process.wait_ready(partial(accepts, port))
            return Ingress(port, authority)

        yield opened


def certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for NAME that vouches for itself; and it with its key, for HAProxy."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    authority, pair = directory / "ca.pem", directory / "pair.pem"
    authority.write_bytes(signed)
    pair.write_bytes(signed + private)
    return authority, pair


ASKS = (
    "deny deny_status 403 unless { req.hdr(user-agent) -m beg holdfast/ }",
    f"deny deny_status 403 unless {{ ssl_fc_sni {NAME} }}",
    f"deny deny_status 403 unless {{ req.hdr(host) -m str {NAME} }}",
    "auth realm staging unless { http_auth(staff) }",
    "deny deny_status 403 unless { path_beg /shop/ }",
    "replace-path /shop(/.*) \\1",
)
"""An ingress that lets in who keeps to all of what a target says."""


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


@pytest.mark.timeout(180)
def test_an_ingress_with_tls_a_name_a_password_a_path_and_a_rate(
    holdfast, standing, ingress, tmp_path, monkeypatch
):
    there = ingress(standing("shop=redis", 1).port, *ASKS)
    monkeypatch.setenv("STAGING", "s3cret:")
    rate = 6
    ended = holdfast(
        *("rehearse", "--url", f"https://127.0.0.1:{there.port}/shop/", "--host", NAME),
        *("--ca-file", str(there.authority), "--basic", "ann:env:STAGING"),
        *("--rate", str(rate), *QUICK, "--json", f"{tmp_path}/v.json"),
    )
    assert ended.status == 0, ended.out + ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.name == NAME
    assert judged.sessions_opened > 0
    assert (judged.sessions_lost, judged.errors, judged.unknown) == (0, 0, 0)
    assert judged.requests <= rate * judged.seconds + BURST


@pytest.mark.timeout(180)
def test_a_password_in_the_url_is_in_no_report(holdfast, standing, ingress, tmp_path):
    there = ingress(standing("shop=redis", 1).port, "auth realm x unless { http_auth(staff) }")
    ended = holdfast(
        *("rehearse", "--url", f"https://ann:s3cret%3A@localhost:{there.port}", "--insecure"),
        *("--users", "2", "--seconds", "1", "--json", f"{tmp_path}/v.json"),
        *("--html", f"{tmp_path}/page.html", "--junit", f"{tmp_path}/junit.xml"),
        *("--history", str(tmp_path / "history")),
    )
    assert ended.status == 0, ended.out + ended.err
    assert verdict(tmp_path / "v.json").sessions_opened > 0
    files = [file for file in tmp_path.rglob("*") if file.suffix in (".json", ".html", ".jsonl")]
    assert len(files) == 3
    for text in (ended.out, ended.err, *(file.read_text() for file in files)):
        assert "s3cret" not in text
        assert base64.b64encode(b"ann:s3cret:").decode() not in text


@pytest.mark.parametrize(
    ("url", "options", "words", "hint"),
    [
        ("https://localhost:{port}", (), "certificate verify failed", "--ca-file FILE"),
        ("https://localhost:{port}", ("--ca-file", "{ca}"), "not valid for", "--host NAME"),
        ("http://localhost:{port}", (), "", "write https://"),
        ("https://localhost:{port}", ("--insecure",), "asks for a password", "--basic USER"),
        ("https://localhost:{other}", (), "cannot connect", "can it be reached"),
        ("https://localhost:{port}", ("--insecure", "--host", "old"), "sends users on", "new.test"),
    ],
)
def test_what_is_wrong_with_the_way_there(holdfast, ingress, tmp_path, url, options, words, hint):
    there = ingress(
        free_port(),
        "redirect prefix https://new.test if { req.hdr(host) -m beg old }",
        "auth realm staging unless { http_auth(staff) }",
    )
    fields = {"port": there.port, "ca": there.authority, "other": free_port()}
    ended = holdfast(
        *("rehearse", "--url", url.format(**fields)),
        *(option.format(**fields) for option in options),
    )
    assert ended.status == 3, ended.err
    assert words in ended.err
    assert "hint: " in ended.err
    assert hint in ended.err.partition("hint: ")[2]


@pytest.mark.timeout(180)
def test_a_deployment_in_distress_is_left_alone(holdfast, standing, ingress):
    there = ingress(
        standing("shop=redis", 1).port, "return status 503 if { req.hdr(cookie) -m found }"
    )
    ended = holdfast(
        *("rehearse", "--url", f"https://localhost:{there.port}", "--insecure"),
        *("--users", "4", "--seconds", "86400"),
    )
    assert ended.status == 3
    assert "nothing was proved: stopped, so that nobody is hurt" in ended.err
    assert "were 5xx, 429 or none at all" in ended.err


@pytest.mark.timeout(180)
def test_a_command_that_fails_proves_nothing(holdfast, standing, tmp_path):
    there = standing("shop=redis", 1)
    ended = holdfast(
        *("rehearse", "--url", there.address, "--users", "2", "--seconds", "2"),
        *("--on-fault", "sh -c 'echo not allowed; exit 7'", "--faults", "rollout"),
        *("--json", f"{tmp_path}/v.json", "--judge", "survival"),
    )
    assert ended.status == 3, ended.out + ended.err
    assert "nothing was proved: your command for «rollout» ended with status 7" in ended.err
    assert "not allowed" in ended.err
    judged = verdict(tmp_path / "v.json")
    assert judged.doubts == ["your command for «rollout» ended with status 7"]
    assert "not allowed" not in (tmp_path / "v.json").read_text()


@pytest.mark.timeout(180)
def test_what_is_done_by_hand_is_marked_by_a_key(standing, tmp_path):
    there = standing("shop=redis", 1)
    ours, theirs = os.openpty()
    words = ["rehearse", "--url", there.address, "--users", "2", "--seconds", "600"]
    with subprocess.Popen(
        [sys.executable, "-m", "holdfast", *words, "--history", str(tmp_path)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        wait_for(process.stderr, "press Enter")
        wait_for(process.stderr, "users play")
        os.write(ours, b"\n")
        wait_for(process.stderr, "fault: begun by hand")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 130, err
    assert "fault" in out  # its phase is on the scale
    [history] = tmp_path.glob("*.jsonl")
    _, events = read_history(history)
    assert [event.what for event in events if event.fault == "fault"] == ["key", "phase"]


def wait_for(stream: IO[str], words: str) -> None:
    for line in stream:
        if words in line:
            return
    pytest.fail(f"it ended without {words!r}")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--on-fault", "true"), "--on-fault without --url"),
        (("--insecure",), "--insecure without --url"),
        (("--url", "http://h", "--compare", "redis"), "--url and --compare"),
        (("--url", "http://h", "--driver", "redis"), "--url and --driver"),
        (("--url", "http://h", "--store", "redis:///0"), "--url and --store"),
        (("--url", "http://h", "--replicas", "3"), "--url and --replicas"),
        (("--url", "http://h", "--balancer", "haproxy"), "--url and --balancer"),
        (("shop", "--url", "http://h"), "--url and the application 'shop'"),
        (("--url", "http://h", "--users", "51"), "not between 1 and 50 at --rate 20"),
        (("--url", "http://h", "--users", "101", "--rate", "50"), "between 1 and 100 at --rate 50"),
        (("--url", "http://h", "--users", "0"), "--users 0"),
        (("--url", "http://h", "--seconds", "0"), "--seconds 0"),
        (("--url", "http://h", "--faults", "roll"), "nobody who does them"),
        (("--url", "http://h", "--on-fault", "true", "--faults", "a b"), "no name"),
        (("--url", "http://h", "--on-fault", "true", "--faults", "end"), "no name"),
        (("--url", "http://h", "--on-fault", ""), "--on-fault is empty"),
        (("--url", ""), "no address"),
    ],
)
def test_wrong_usage(holdfast, words, message):
    ended = holdfast("rehearse", *words)
    assert ended.status == 2, ended.err
    assert message in ended.err
    assert "hint: " in ended.err
