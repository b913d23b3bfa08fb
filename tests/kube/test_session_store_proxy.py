"""The rendered HAProxy, running, before servers that call themselves what the test says."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import ExitStack

import pytest

from holdfast.kube.session_store import store
from tests.kube.conftest import application
from tests.kube.store_pods import cluster

PROXY = "shop-sessions-proxy-0"
SERVERS = [f"shop-sessions-{ordinal}" for ordinal in range(3)]


class Pretender(socketserver.ThreadingTCPServer):
    """Says of itself what a Redis says, and to everybody else its name."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address, name):
        super().__init__(address, Answers)
        self.name = name
        self.is_replica()

    def is_replica(self):
        self.says("role:slave", "master_link_status:up", "connected_slaves:0")

    def is_master(self, *, hears, connected=None):
        """As ``genRedisInfoString`` of Redis writes it, where ``min-replicas-to-write`` is 1.

        Args:
            hears: how many replicas have confirmed something lately.
            connected: and how many there are.
        """
        there = hears if connected is None else connected
        self.says(
            "role:master",
            f"connected_slaves:{there}",
            f"min_slaves_good_slaves:{hears}",
            *(f"slave{number}:ip=redis,port=6379,state=online" for number in range(there)),
            "master_failover_state:no-failover",
        )

    def is_alone(self):
        """Started as the only one, which refuses no write."""
        self.says("role:master", "connected_slaves:0", "master_failover_state:no-failover")

    def says(self, *lines):
        self.info = "".join(f"{line}\r\n" for line in ("# Replication", *lines))


class Answers(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            word = line.split()[0]
            if word == b"INFO":
                text = self.server.info
                answer = f"${len(text)}\r\n{text}\r\n"
            else:
                answer = "+OK\r\n" if word in (b"AUTH", b"QUIT") else f"+{self.server.name}\r\n"
            self.wfile.write(answer.encode())
            if word == b"QUIT":
                return


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """The servers, and how to connect to the proxy."""
    app = application(session={"store": {"sentinel": {}}})
    secret = {
        "kind": "Secret",
        "metadata": {"name": "shop-env"},
        "stringData": {"REDIS_PASSWORD": "secret"},
    }
    objects = list(store.objects(app))
    for one in objects:
        if "haproxy.cfg" in one.get("data", {}):
            slow = one["data"]["haproxy.cfg"]
            one["data"]["haproxy.cfg"] = slow.replace("inter 1s", "inter 50ms")
    directory = tmp_path_factory.mktemp("pods")
    with ExitStack() as stack, cluster(objects, secret, directory) as pods:
        port = pods.ports["6379"]
        servers = []
        for name in SERVERS:
            server = stack.enter_context(Pretender((pods.addresses[name], port), name))
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            servers.append(server)
        pods.start(PROXY)
        yield servers, lambda: socket.create_connection((pods.addresses[PROXY], port), timeout=5)


@pytest.fixture
def servers(proxied):
    for server in proxied[0]:
        server.is_replica()
    return proxied[0]


@pytest.fixture
def connect(proxied):
    return proxied[1]


def greeted(connection):
    """Who answers; empty where nobody does."""
    try:
        connection.sendall(b"PING\r\n")
        return connection.recv(100).decode().strip("+\r\n")
    except OSError:
        return ""


def asks(connect):
    try:
        with connect() as connection:
            return greeted(connection)
    except OSError:
        return ""


def happens(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("connected", [0, 1])
def test_of_two_that_call_themselves_master_the_one_with_replicas_is(servers, connect, connected):
    servers[0].is_master(hears=0, connected=connected)
    servers[1].is_master(hears=2)
    happens(lambda: asks(connect) == SERVERS[1])
    assert [asks(connect) for _ in range(10)] == [SERVERS[1]] * 10


def test_one_that_was_started_alone_is_the_master(servers, connect):
    servers[2].is_alone()
    happens(lambda: asks(connect) == SERVERS[2])


def test_nobody_is_let_in_while_it_is_not_clear_who_the_master_is(servers, connect):
    servers[0].is_master(hears=1)
    happens(lambda: asks(connect) == SERVERS[0])
    servers[1].is_master(hears=1)
    happens(lambda: asks(connect) == "")
    assert {asks(connect) for _ in range(10)} == {""}
    servers[0].is_replica()
    happens(lambda: asks(connect) == SERVERS[1])


def test_connections_to_a_server_that_is_the_master_no_more_are_cut(servers, connect):
    servers[0].is_master(hears=1)
    happens(lambda: asks(connect) == SERVERS[0])
    with connect() as connection:
        assert greeted(connection) == SERVERS[0]
        servers[0].is_replica()
        happens(lambda: greeted(connection) == "")
