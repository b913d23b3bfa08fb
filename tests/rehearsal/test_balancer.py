"""HAProxy and the built-in balancer keep the same promises."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import ExitStack
from functools import partial

import anyio
import httpx2
import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.balancer import open_balancer
from holdfast.rehearsal.builtin_balancer import MAX_BODY_BYTES, builtin_balancer
from holdfast.rehearsal.endpoint import AFFINITY_COOKIE, Endpoint
from holdfast.servers import programs
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import free_port
from holdfast.servers.process import Process

pytestmark = pytest.mark.anyio

REPLICA = """
import http.server, os, sys, threading

posts = 0
begun, released = threading.Event(), threading.Event()

class Replica(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *args): pass
    def answer(self, body):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(body), body))
        if self.path == "/cut":
            self.wfile.flush()
            os._exit(1)
        self.wfile.write(b"0\\r\\n\\r\\n")
    def do_GET(self):
        if self.path == "/slow":
            begun.set()
            released.wait()
        if self.path == "/begun":
            begun.wait()
        if self.path == "/release":
            released.set()
        if self.path == "/cookie":
            return self.answer((self.headers["Cookie"] or "").encode())
        if self.path == "/posts":
            return self.answer(b"%d" % posts)
        self.answer(sys.argv[2].encode())
    def do_POST(self):
        global posts
        posts += 1
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/die":
            os._exit(1)
        self.answer(body)

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Replica).serve_forever()
"""


@pytest.fixture
def replica(tmp_path):
    """Starts a small real replica: name -> its endpoint and process."""
    with ExitStack() as stack:

        def start(name, generation=1):
            directory = tmp_path / f"{name}.{generation}"
            directory.mkdir()
            port = free_port()
            process = stack.enter_context(
                Process(
                    [sys.executable, "-I", "-S", "-c", REPLICA, str(port), name],
                    directory,
                    name=name,
                )
            )
            process.wait_ready(port)
            return Endpoint(name, generation, port), process

        yield start


@pytest.fixture(params=["haproxy", "builtin"])
def opened(request, tmp_path):
    """Opens the balancer under test."""
    with Guardian() as guardian:
        yield partial(open_balancer, request.param, tmp_path, affinity=False, guardian=guardian)


def browser(balancer):
    return httpx2.AsyncClient(base_url=balancer.address, timeout=60)


async def test_each_request_goes_to_the_next_replica(opened, replica):
    async with opened() as balancer, browser(balancer) as client:
        for name in ("r1", "r2", "r3"):
            await balancer.add(replica(name)[0])
        seen = Counter([(await client.get("/")).text for _ in range(6)])
    assert seen == {"r1": 2, "r2": 2, "r3": 2}


async def test_a_body_arrives_whole(opened, replica):
    body = b"0123456789abcdef" * 5000
    async with opened() as balancer, browser(balancer) as client:
        await balancer.add(replica("r1")[0])
        assert (await client.post("/", content=body)).content == body


async def test_the_builtin_one_keeps_no_body_of_any_size(replica):
    endpoint, _ = replica("r1")
    async with builtin_balancer(affinity=False) as balancer:
        await balancer.add(endpoint)
        async with browser(balancer) as client:
            largest = await client.post("/", content=b"x" * MAX_BODY_BYTES)
            assert (largest.status_code, len(largest.content)) == (200, MAX_BODY_BYTES)
            for content in (b"x" * (MAX_BODY_BYTES + 1), chunks(2 * MAX_BODY_BYTES)):
                refused = await client.post("/", content=content)
                assert refused.status_code == 413
            assert (await client.get("/posts")).text == "1"


async def chunks(size):
    while size > 0:
        yield b"x" * min(size, 1 << 20)
        size -= 1 << 20


async def test_without_a_replica_it_says_503(opened):
    async with opened() as balancer, browser(balancer) as client:
        assert (await client.get("/")).status_code == 503


async def test_with_affinity_a_browser_stays_and_others_are_spread(opened, replica):
    async with opened(affinity=True) as balancer:
        for name in ("r1", "r2"):
            await balancer.add(replica(name)[0])
        firsts = []
        for _ in range(2):
            async with browser(balancer) as client:
                answers = [await client.get("/") for _ in range(4)]
                assert len({answer.text for answer in answers}) == 1
                assert ["set-cookie" in answer.headers for answer in answers] == [
                    True,
                    False,
                    False,
                    False,
                ]
                firsts.append(answers[0].text)
    assert sorted(firsts) == ["r1", "r2"]


async def test_the_application_does_not_see_the_affinity_cookie(opened, replica):
    async with opened(affinity=True) as balancer, browser(balancer) as client:
        await balancer.add(replica("r1")[0])
        await client.get("/")
        assert AFFINITY_COOKIE in client.cookies
        client.cookies.set("theme", "dark")
        assert (await client.get("/cookie")).text == "theme=dark"


async def test_a_removed_replica_gets_nothing_new_not_even_from_its_own_browsers(opened, replica):
    async with opened(affinity=True) as balancer, browser(balancer) as client:
        ends = {name: replica(name)[0] for name in ("r1", "r2")}
        for end in ends.values():
            await balancer.add(end)
        first = (await client.get("/")).text
        await balancer.remove(ends[first])
        moved = await client.get("/")
        assert moved.text != first
        assert AFFINITY_COOKIE in moved.headers["set-cookie"]
        assert (await client.get("/")).text == moved.text


async def test_whoever_takes_a_replicas_place_does_not_inherit_its_browsers(opened, replica):
    async with opened(affinity=True) as balancer, browser(balancer) as client:
        old, _ = replica("r1")
        await balancer.add(old)
        await client.get("/")
        await balancer.remove(old)
        await balancer.add(replica("r1", generation=2)[0])
        assert AFFINITY_COOKIE in (await client.get("/")).headers.get("set-cookie", "")


async def test_a_request_in_flight_finishes_after_the_removal(opened, replica):
    end, _ = replica("r1")
    past = httpx2.AsyncClient(base_url=f"http://127.0.0.1:{end.port}", timeout=60)
    async with opened() as balancer, browser(balancer) as client, past:
        await balancer.add(end)
        answers = []

        async def slow():
            answers.append(await client.get("/slow"))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(slow)
            await past.get("/begun")
            await balancer.remove(end)
            await past.get("/release")
        assert [answer.text for answer in answers] == ["r1"]


@pytest.mark.parametrize("affinity", [False, True])
async def test_the_requests_of_a_killed_replica_go_to_the_next(opened, replica, affinity):
    async with opened(affinity=affinity) as balancer, browser(balancer) as client:
        ends = {name: replica(name) for name in ("r1", "r2")}
        for end, _ in ends.values():
            await balancer.add(end)
        killed = (await client.get("/")).text
        ends[killed][1].kill()
        answers = [await client.get("/") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert killed not in {answer.text for answer in answers}


async def test_a_request_that_was_handed_over_is_never_sent_again(opened, replica):
    async with opened() as balancer, browser(balancer) as client:
        for name in ("r1", "r2"):
            await balancer.add(replica(name)[0])
        answer = await client.post("/die", content=b"x")
        assert answer.status_code == 502
        assert (await client.get("/posts")).text == "0"


async def test_an_answer_that_is_cut_does_not_look_whole(opened, replica):
    async with opened() as balancer, browser(balancer) as client:
        await balancer.add(replica("r1")[0])
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/cut")


async def test_auto_takes_haproxy_where_it_is_and_the_builtin_one_elsewhere(tmp_path, monkeypatch):
    with Guardian() as guardian:
        async with open_balancer("auto", tmp_path, affinity=False, guardian=guardian) as balancer:
            assert balancer.name == "haproxy"
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(programs, "_ADMIN_DIRECTORIES", ())
        async with open_balancer("auto", tmp_path, affinity=False, guardian=guardian) as balancer:
            assert balancer.name == "builtin"
        with pytest.raises(EnvironmentLacking, match="haproxy is not installed") as lacking:
            async with open_balancer("haproxy", tmp_path, affinity=False, guardian=guardian):
                pass
    assert "apt install haproxy" in lacking.value.hint
