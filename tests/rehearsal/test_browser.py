"""What a browser keeps, sends and makes of an answer; against a server that follows a script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import h11
import msgspec
import pytest

from holdfast.rehearsal.browser import Browser
from holdfast.rehearsal.client import http_client
from holdfast.rehearsal.jar import Jar
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recorder
from holdfast.servers.ports import free_port

pytestmark = pytest.mark.anyio

Asked = list[tuple[str, str, dict[str, str], bytes]]
Scripted = Callable[..., AbstractAsyncContextManager[tuple[str, Asked]]]


def state(lineage: str | None = None, user: int | None = None, token: str = "T") -> bytes:
    return msgspec.json.encode(
        State("r1", 1, "handle", lineage, user, token, cart=[], orders=[], count=0, marks={})
    )


def answer(body: bytes = b"", status: int = 200, *cookies: str) -> bytes:
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "X-Holdfast-Replica: r9"]
    head += ["X-Holdfast-Generation: 4", *(f"Set-Cookie: {cookie}" for cookie in cookies)]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


CUT = b""


@pytest.fixture
def scripted() -> Scripted:
    """A server that answers its requests with the given bytes, one after the other."""

    @asynccontextmanager
    async def serve(*answers: bytes) -> AsyncIterator[tuple[str, Asked]]:
        asked: Asked = []
        left = list(answers)

        async def talk(stream) -> None:
            async with stream:
                while True:
                    connection = h11.Connection(h11.SERVER)
                    body = b""
                    while True:
                        event = connection.next_event()
                        if event is h11.NEED_DATA:
                            try:
                                connection.receive_data(await stream.receive())
                            except (anyio.EndOfStream, anyio.BrokenResourceError):
                                return
                        elif isinstance(event, h11.Request):
                            request = event
                        elif isinstance(event, h11.Data):
                            body += bytes(event.data)
                        else:
                            break
                    headers = {k.decode(): v.decode() for k, v in request.headers}
                    asked.append((request.method.decode(), request.target.decode(), headers, body))
                    reply = left.pop(0)
                    if reply == CUT:
                        return
                    await stream.send(reply)

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, talk)
            yield f"http://127.0.0.1:{port}", asked
            tasks.cancel_scope.cancel()
        await listener.aclose()

    return serve


async def test_each_browser_has_its_own_cookies(scripted):
    answers = [
        answer(state(), 200, "laravel_session=mine; path=/; httponly"),
        *[answer(state())] * 3,
    ]
    async with scripted(*answers) as (address, asked), http_client(address) as client:
        recorder = Recorder()
        one, other = Browser("u1", client, recorder), Browser("u2", client, recorder)
        await one.send("state")
        await other.send("state")
        first = await one.send("state")
        assert first.sent.cookie_from == 1
    assert [headers.get("cookie") for _, _, headers, _ in asked] == [
        None, None, "laravel_session=mine",
    ]  # fmt: skip


async def test_a_post_carries_the_token_of_the_last_page_and_its_fields(scripted):
    async with (
        scripted(answer(state(token="T1")), answer(state())) as (address, asked),
        http_client(address) as client,
    ):
        browser = Browser("u1", client, Recorder())
        await browser.send("state", ms="5")
        await browser.send("mark", key="a b", value="ü")
    get, post = asked
    assert get[:2] == ("GET", "/state?ms=5")
    assert post[:2] == ("POST", "/mark")
    assert post[2]["x-csrf-token"] == "T1"
    assert post[3] == b"key=a+b&value=%C3%BC"


@pytest.mark.parametrize(
    ("reply", "outcome", "status"),
    [
        (answer(state()), "ok", 200),
        (answer(b"", 409), "refused", 409),
        (answer(b"", 419), "refused", 419),
        (answer(b"", 500), "fail", 500),
        (answer(b"", 502), "fail", 502),
        (answer(b"{}"), "fail", 200),
        (CUT, "unknown", None),
        (answer(state())[:-9], "unknown", None),
    ],
)
async def test_outcomes(scripted, reply, outcome, status):
    async with scripted(reply) as (address, _), http_client(address) as client:
        recorder = Recorder()
        browser = Browser("u1", client, recorder)
        with anyio.fail_after(60):
            if reply and outcome == "unknown":
                op = await _while_cut(browser, reply)
            else:
                op = await browser.send("state")
    assert op.answer is not None
    assert (op.answer.outcome, op.answer.status) == (outcome, status)
    if status and status != 200:
        assert (op.answer.replica, op.answer.generation) == ("r9", 4)
    assert list(recorder.ops()) == [op]


async def _while_cut(browser, reply):
    """Half an answer: the connection closes before the rest comes."""
    async with anyio.create_task_group() as tasks:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)

        async def once(stream) -> None:
            async with stream:
                await stream.receive()
                await stream.send(reply)

        tasks.start_soon(listener.serve, once)
        async with http_client(f"http://127.0.0.1:{port}") as client:
            browser._client = client
            op = await browser.send("state")
        tasks.cancel_scope.cancel()
    await listener.aclose()
    return op


async def test_a_refused_connection_was_never_sent():
    async with http_client(f"http://127.0.0.1:{free_port()}") as client:
        op = await Browser("u1", client, Recorder()).send("cart", item="anchor.1")
    assert op.answer is not None
    assert op.answer.outcome == "fail"


async def test_what_a_browser_believes(scripted):
    answers = [
        answer(state(), 200, "laravel_session=a"),
        answer(state("u1.1")),
        answer(state("u1.1", user=7), 200, "laravel_session=b"),
        answer(state()),
        answer(state("u1.2")),
        answer(state(), 200, "laravel_session=c"),
    ]
    async with scripted(*answers) as (address, _), http_client(address) as client:
        browser = Browser("u1", client, Recorder())
        await browser.send("state")
        assert not browser.opened
        await browser.send("open", lineage=browser.lineage)
        assert (browser.opened, browser.lineage, browser.user) == (True, "u1.1", None)
        await browser.send("login", user="7")
        assert browser.user == 7
        await browser.send("state")  # shows it gone
        assert (browser.opened, browser.lineage, browser.user) == (False, "u1.2", None)
        await browser.send("open", lineage=browser.lineage)
        await browser.send("logout")
        assert (browser.opened, browser.lineage) == (False, "u1.3")


async def test_a_refused_opening_was_a_session_of_its_own(scripted):
    async with scripted(answer(b"", 419)) as (address, _), http_client(address) as client:
        browser = Browser("u1", client, Recorder())
        await browser.send("open", lineage="u1.1")
    assert browser.lineage == "u1.2"


async def test_a_probe_changes_nothing(scripted):
    async with (
        scripted(answer(state("u1.1", user=7), 200, "laravel_session=z")) as (address, asked),
        http_client(address) as client,
    ):
        browser = Browser("u1", client, Recorder())
        browser.jar.take(["laravel_session=new"], 5)
        op = await browser.probe(Jar({"laravel_session": "old"}, 1), old_of=3)
    assert asked[0][2]["cookie"] == "laravel_session=old"
    assert (op.sent.jar, op.sent.old_of, op.sent.cookie_from) == ("old", 3, 1)
    assert browser.jar.cookies == {"laravel_session": "new"}
    assert (browser.token, browser.opened) == ("", False)


@pytest.mark.parametrize(
    ("headers", "kept", "session"),
    [
        (["laravel_session=a%3D; Max-Age=7200; path=/"], {"laravel_session": "a%3D"}, True),
        (["XSRF-TOKEN=x; path=/"], {"old": "1", "XSRF-TOKEN": "x"}, False),
        (["old=; Max-Age=0"], {}, False),
        (["laravel_session=a", "laravel_session=b"], {"laravel_session": "b"}, True),
    ],
)  # fmt: skip
async def test_a_jar(headers, kept, session):
    jar = Jar({"old": "1"})
    assert jar.take(headers, 9) is session
    assert jar.cookies == ({"old": "1"} | kept if "old=" not in headers[0] else kept)
    assert jar.session_from == (9 if session else None)
