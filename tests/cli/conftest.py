from __future__ import annotations

import shlex
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import anyio.from_thread
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from holdfast.cli import main, screen
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import Pace, deploy
from holdfast.rehearsal.own_application import OwnApplication
from holdfast.servers.haproxy import haproxy_program
from holdfast.servers.ports import accepts, free_port
from holdfast.servers.process import Process

FAST = Pace(detection=0.2, restart=0.3, drain=0.1, peak=0.2)
NAME = "shop.test"
"""What the certificate of an ingress is for."""


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


Holdfast = Callable[..., Ended]


@pytest.fixture
def holdfast(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Holdfast:
    """The command line in this process: its exit status and what it printed."""
    for console in (screen.stdout, screen.stderr):
        monkeypatch.setattr(console, "width", 200)

    def run(*words: str) -> Ended:
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_:
            main(words)
        out, err = capfd.readouterr()
        status = exit_.value.code
        assert isinstance(status, int)
        return Ended(status, out, err)

    return run


@dataclass(frozen=True)
class Standing:
    """A deployment: where it is, and a command that does something to it, as kubectl would."""

    address: str
    port: int
    command: Callable[[str], str]


@contextmanager
def cluster(choice: str, replicas: int, own: OwnApplication | None = None) -> Iterator[Standing]:
    """Replicas behind a balancer, and a port where a command can have them rolled."""
    setup = parse_setup(choice, "laravel")
    with anyio.from_thread.start_blocking_portal() as portal:
        opened = deploy(
            setup,
            replicas=replicas,
            emit=lambda *_: None,
            pace=FAST,
            own=own,
            app_key=own and own.app_key,
        )
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
        yield lambda choice, replicas=2, own=None: stack.enter_context(
            cluster(choice, replicas, own)
        )


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
