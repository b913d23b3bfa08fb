"""The users' HTTP client: what comes back, what is told of what does not, how often it is sent."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from holdfast.core.errors import UsageError
from holdfast.rehearsal import client as client_module
from holdfast.rehearsal.client import NoAnswer, Response, http_client
from holdfast.rehearsal.in_process import InProcess
from holdfast.servers.ports import free_port

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SOON = 0.2
"""A timeout that is meant to pass; everything else has a minute."""


@dataclass
class Server:
    """What a server was sent: a list for each connection, with the bytes of each request."""

    port: int = 0
    connections: list[list[bytes]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[bytes]:
        return [request for connection in self.connections for request in connection]


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port where ``talk`` is had with each connection; all are closed at the end."""
    talks: set[asyncio.Task[None]] = set()

    async def held(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            await talk(reader, writer)
        writer.close()
        with contextlib.suppress(asyncio.CancelledError, OSError):
            await writer.wait_closed()

    listening = await asyncio.start_server(held, "127.0.0.1", 0, ssl=tls)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks)


@asynccontextmanager
async def scripted(
    *answers: bytes | None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    """Answers one request after the other with the given bytes; after the last, or at None, closes.

    A request has no body here, so that its end is a blank line.
    """
    server, left = Server(), list(answers)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections.append(mine := [])
        while left:
            mine.append(await reader.readuntil(b"\r\n\r\n"))
            reply = left.pop(0)
            if reply is None:
                return
            writer.write(reply)

    async with serving(talk, tls) as server.port:
        yield server


async def get(client, target: str = "/state", timeout: float = 60, **headers: str) -> Response:
    return await client.send("GET", target, headers, b"", timeout)


async def refused(client, timeout: float = 60, **headers: str) -> NoAnswer:
    with pytest.raises(NoAnswer) as caught:
        await get(client, timeout=timeout, **headers)
    return caught.value


async def test_a_connection_is_used_again_and_cookies_are_not_kept():
    first = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\n\r\n"
    async with scripted(first, OK, OK) as server, http_client(server.address) as client:
        response = await get(client)
        assert response.all("set-cookie") == ["a=1", "b=2"]
        assert response.first("location") is None
        assert (await get(client)).body == b"ok"
    assert [len(requests) for requests in server.connections] == [2]
    assert b"cookie" not in server.asked[1].lower()


async def test_what_a_request_looks_like():
    async with (
        scripted(OK) as server,
        http_client(f"{server.address}/shop/", headers={"authorization": "Basic eDp5"}) as client,
    ):
        await get(client, "/state?ms=5", cookie="a=b; c=ä")
    line, *headers = server.asked[0].decode("latin-1").strip().split("\r\n")
    assert line == "GET /shop/state?ms=5 HTTP/1.1"
    assert {header.lower() for header in headers} == {
        f"host: 127.0.0.1:{server.port}",
        "accept-encoding: identity",
        f"user-agent: {client_module.AGENT}",
        "authorization: basic edp5",
        "cookie: a=b; c=ä",
    }


async def test_a_body_has_its_length():
    got: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        got.append(head + await reader.readexactly(5))
        writer.write(OK)

    async with serving(talk) as port, http_client(f"http://127.0.0.1:{port}") as client:
        await client.send("POST", "/cart", {}, b"x=a+b", 60)
    assert b"content-length: 5\r\n" in got[0].lower()
    assert got[0].endswith(b"x=a+b")


@pytest.mark.parametrize(
    ("reply", "status", "body"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
         200, b"abc"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n", 302, b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.0 500 Sorry\r\n\r\n", 500, b""),
    ],
)  # fmt: skip
async def test_answers_of_every_framing(reply, status, body):
    async with scripted(reply) as server, http_client(server.address) as client:
        response = await get(client)
    assert (response.status, response.body) == (status, body)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (None, "closed before the answer"),
        (OK[:-1], "not HTTP: peer closed connection without sending complete message body"),
        (OK[:20], "closed before the answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "not HTTP: Receive buffer too long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 2000, "more than 1000 bytes"),
    ],
)
async def test_half_an_answer_is_none_and_the_request_is_not_sent_again(reply, words, monkeypatch):
    monkeypatch.setattr(client_module, "MAX_BODY_BYTES", 1000)
    async with scripted(OK, reply) as server, http_client(server.address) as client:
        await get(client)
        error = await refused(client)
        assert len(server.asked) == 2
    assert error.sent
    assert words in str(error)


async def test_an_answer_that_does_not_come_in_time():
    async with (
        scripted(OK, b"HTTP/1.1 200 OK\r\n", b"", b"") as server,
        http_client(server.address) as client,
    ):
        # Over a connection that is there: it is sent whatever else the machine does.
        await get(client)
        error = await refused(client, timeout=SOON)
    assert error.sent
    assert str(error) == "no whole answer in time"


async def test_what_was_never_sent():
    async with http_client(f"http://127.0.0.1:{free_port()}") as client:
        error = await refused(client)
        assert not error.sent
        assert "cannot connect" in str(error)
        error = await refused(client, cookie="a=\r\nx: y")
        assert not error.sent
        assert "cannot be sent" in str(error)


async def test_a_connection_that_was_closed_meanwhile_is_not_used():
    async with scripted(OK) as server, http_client(server.address) as client:
        await get(client)
        [connection] = client._open
        with anyio.fail_after(60):
            await connection.lost
    async with scripted(OK) as other:
        client._port = other.port
        assert (await get(client)).body == b"ok"
        await client.close()
    assert (len(server.asked), len(other.asked)) == (1, 1)


async def test_what_nobody_asked_for_is_no_answer():
    async with (
        scripted(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nof whom", OK, OK) as server,
        http_client(server.address) as client,
    ):
        assert [(await get(client)).body for _ in range(2)] == [b"ok", b"ok"]
    assert len(server.connections) == 2


async def test_a_cancelled_request_leaves_no_connection_behind():
    async with (
        scripted(b"HTTP/1.1 200 OK\r\n", OK, OK) as server,
        http_client(server.address) as client,
    ):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(get, client)
            with anyio.fail_after(60):
                while not server.asked:  # noqa: ASYNC110 - nobody sets an event for it
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert (await get(client)).body == b"ok"
    assert len(server.connections) == 2


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS with a certificate for 127.0.0.1, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_tls_checks_the_certificate_and_not_the_host_header(authority):
    tls, trusting = authority
    async with scripted(OK, OK, OK, tls=tls) as server:
        address = f"https://127.0.0.1:{server.port}"
        async with http_client(address) as client:
            error = await refused(client)
            assert not error.sent
            assert "certificate verify failed" in str(error)
        async with http_client(address, headers={"host": "shop.test"}, tls=trusting) as client:
            assert [(await get(client)).body for _ in range(2)] == [b"ok", b"ok"]
    assert all(b"host: shop.test\r\n" in request.lower() for request in server.asked)
    assert len(server.asked) == 2


async def test_tls_asks_for_the_name_that_it_is_told(authority):
    tls, trusting = authority
    asked = []
    tls.sni_callback = lambda _, name, __: asked.append(name)
    async with scripted(OK, tls=tls) as server:
        address = f"https://127.0.0.1:{server.port}"
        async with http_client(address, tls=trusting, server_name="shop.test") as client:
            error = await refused(client)
    assert "certificate is not valid for 'shop.test'" in str(error)
    assert asked == ["shop.test"]


async def test_a_handshake_that_does_not_come_was_never_sent():
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silent) as port, http_client(f"https://127.0.0.1:{port}") as client:
        error = await refused(client, timeout=SOON)
    assert not error.sent
    assert "no connection within" in str(error)


@pytest.mark.parametrize("address", ["127.0.0.1:80", "ftp://x", "http://", "http://x:port/"])
async def test_an_address_that_is_none(address):
    with pytest.raises(UsageError, match="is no address"):
        async with http_client(address):
            pass


async def test_an_application_in_this_process():
    asked = []

    async def app(scope, receive, send):
        if scope["path"] == "/broken":
            raise ValueError
        if scope["path"] == "/slow":
            await receive()
            await receive()
        asked.append((scope["method"], scope["query_string"], scope["headers"], await receive()))
        headers = [(b"x", b"1")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.body", "body": b"b"})

    client = InProcess(app)
    response = await client.send("POST", "/cart?ms=5", {"k": "ä"}, b"body", 60)
    assert response == Response(201, [("x", "1")], b"ab")
    message = {"type": "http.request", "body": b"body", "more_body": False}
    assert asked == [("POST", b"ms=5", [(b"k", b"\xe4")], message)]
    assert (await get(client, "/broken")).status == 500
    with pytest.raises(NoAnswer) as caught:
        await get(client, "/slow", timeout=SOON)
    assert caught.value.sent
