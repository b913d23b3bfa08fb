"""The proxy between a client and a real Redis: what comes through, and what the server has done."""

from __future__ import annotations

import gc
import socket
import threading
import time

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.redis import redis_server
from holdfast.servers.tcp_proxy import Blackhole, Cut, Latency, Pass, Refuse, tcp_proxy


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def proxy(redis):
    with Client(redis.port) as direct:
        direct.ask("FLUSHALL")
    with tcp_proxy(redis.port) as proxy:
        yield proxy


class Client:
    """Speaks Redis' inline commands; every answer in these tests is one line or one bulk."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.socket.close()

    def say(self, command):
        self.socket.sendall(command.encode() + b"\r\n")

    def hear(self):
        """The bytes that come next; empty where the connection has ended."""
        try:
            return self.socket.recv(65536)
        except ConnectionResetError:
            return b""

    def ask(self, command):
        self.say(command)
        return self.hear()


def happens(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def value(redis, key):
    with Client(redis.port) as direct:
        return direct.ask(f"GET {key}")


def test_it_forwards(proxy, redis):
    with Client(proxy.port) as client:
        assert client.ask("SET a 1") == b"+OK\r\n"
        assert client.ask("GET a") == b"$1\r\n1\r\n"
    assert value(redis, "a") == b"$1\r\n1\r\n"
    assert proxy.harmed == 0


def test_it_forwards_to_another_host():
    with (
        socket.create_server(("127.0.0.2", 0)) as listening,
        tcp_proxy(listening.getsockname()[1], host="127.0.0.2") as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as client,
    ):
        listening.settimeout(60)
        server, _ = listening.accept()
        with server:
            client.sendall(b"x")
            assert server.recv(1) == b"x"


def test_it_forwards_more_than_a_chunk(proxy):
    size = 1_000_000
    with Client(proxy.port) as client:
        assert client.ask(f"SETRANGE a {size - 1} x") == b":%d\r\n" % size
        client.say("GET a")
        whole = b"$%d\r\n" % size + bytes(size - 1) + b"x\r\n"
        heard = b""
        while len(heard) < len(whole):
            heard += client.hear()
        assert heard == whole


def test_a_cut_answer_is_lost_after_the_server_did_it(proxy, redis):
    with Client(proxy.port) as client, Client(proxy.port) as other:
        assert client.ask("PING") == b"+PONG\r\n"
        proxy.behave(Cut())
        assert client.ask("SET a 2") == b""
        assert value(redis, "a") == b"$1\r\n2\r\n"
        # One answer was to be cut.
        assert proxy.mode == Pass()
        assert other.ask("PING") == b"+PONG\r\n"
    assert proxy.harmed == 1


def test_half_an_answer_comes_through(proxy):
    with Client(proxy.port) as client:
        proxy.behave(Cut(after=3))
        assert client.ask("PING") == b"+PO"
        assert client.hear() == b""


def test_every_third_answer_is_cut_until_it_is_told_otherwise(proxy):
    proxy.behave(Cut(every=3, times=None))
    heard = []
    for _ in range(6):
        with Client(proxy.port) as client:
            heard.append(client.ask("PING"))
    assert heard == [b"", b"+PONG\r\n", b"+PONG\r\n"] * 2
    proxy.behave(Pass())
    with Client(proxy.port) as client:
        assert [client.ask("PING") for _ in range(4)] == [b"+PONG\r\n"] * 4


def test_latency_holds_a_request_back(proxy, redis):
    with Client(proxy.port) as client:
        proxy.behave(Latency(60))
        client.say("SET a 3")
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.hear()
        assert value(redis, "a") == b"$-1\r\n"


def test_what_is_late_arrives(proxy):
    proxy.behave(Latency(0.02))
    with Client(proxy.port) as client:
        assert [client.ask("INCR n") for _ in range(3)] == [b":1\r\n", b":2\r\n", b":3\r\n"]


def test_a_blackhole_swallows_and_resets_what_it_swallowed(proxy, redis):
    with Client(proxy.port) as used, Client(proxy.port) as idle:
        assert used.ask("PING") == idle.ask("PING") == b"+PONG\r\n"
        proxy.behave(Blackhole())
        with Client(proxy.port) as new:
            for client in (used, new):
                client.say("SET a 4")
                client.socket.settimeout(0.1)
                with pytest.raises(TimeoutError):
                    client.hear()
                client.socket.settimeout(60)
            # What it has not read yet would come through after all.
            happens(lambda: proxy.harmed == 2)
            proxy.behave(Pass())
            assert used.hear() == new.hear() == b""
        assert value(redis, "a") == b"$-1\r\n"
        assert idle.ask("PING") == b"+PONG\r\n"
    assert proxy.harmed == 2


def test_it_refuses_and_takes_connections_again(proxy):
    with Client(proxy.port) as client:
        assert client.ask("PING") == b"+PONG\r\n"
        proxy.behave(Refuse())
        assert client.hear() == b""
    with pytest.raises(ConnectionRefusedError):
        Client(proxy.port)
    proxy.behave(Pass())
    with Client(proxy.port) as client:
        assert client.ask("PING") == b"+PONG\r\n"


def test_a_server_that_is_not_there_ends_the_connection(proxy, tmp_path):
    with redis_server(tmp_path) as gone:
        target = gone.port
    with tcp_proxy(target) as proxy, Client(proxy.port) as client:
        assert client.hear() == b""


def test_a_port_that_is_taken(redis):
    with (
        pytest.raises(EnvironmentLacking, match=f"cannot listen on 127.0.0.1:{redis.port}"),
        tcp_proxy(redis.port, redis.port),
    ):
        pass


def test_it_leaves_no_thread_and_no_connection(redis):
    with tcp_proxy(redis.port) as proxy:
        client = Client(proxy.port)
        assert client.ask("PING") == b"+PONG\r\n"
    with client:
        assert client.hear() == b""
    assert not [thread for thread in threading.enumerate() if thread.name == "tcp-proxy"]


def test_it_closes_what_it_has_only_just_accepted(redis):
    for _ in range(20):
        with tcp_proxy(redis.port) as proxy:
            clients = [Client(proxy.port) for _ in range(20)]
        for client in clients:
            with client:
                assert client.hear() == b""
    gc.collect()  # what was left open is a ResourceWarning, and that an error
