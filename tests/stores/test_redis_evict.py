"""A real Redis that runs out of memory for a moment."""

from __future__ import annotations

import pytest
import redis

from holdfast.core.errors import StoreUnavailable
from holdfast.servers.redis import redis_server
from holdfast.stores.drivers.redis_evict import evict
from holdfast.stores.redis import RedisStore


@pytest.fixture
def server(tmp_path):
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def client(server):
    with redis.Redis(port=server.port) as client:
        yield client


def test_part_of_the_keys_is_evicted_and_all_else_is_as_it_was(server, client):
    client.config_set("maxmemory-policy", "volatile-ttl")
    had = [f"session:{number}" for number in range(20)]
    for name in had:
        client.set(name, "x" * 500, ex=600)
    gone = evict(RedisStore(port=server.port))
    assert 10 <= gone <= 20
    assert client.exists(*had) == 20 - gone
    assert client.dbsize() == 20 - gone
    settings = client.config_get("maxmemory*")
    assert (settings["maxmemory"], settings["maxmemory-policy"]) == ("0", "volatile-ttl")


def test_where_nothing_is_nothing_is_done(server, client):
    assert evict(RedisStore(port=server.port)) == 0
    assert client.info("stats")["evicted_keys"] == 0


def test_a_server_that_is_gone(server):
    server.process.kill()
    with pytest.raises(StoreUnavailable):
        evict(RedisStore(port=server.port))
