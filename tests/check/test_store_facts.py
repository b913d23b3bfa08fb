"""What rules say of Redis, asked of Redis itself."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import redis

from holdfast.servers.ports import free_port
from holdfast.servers.redis import redis_server


@pytest.fixture
def asked(tmp_path):
    """Clients of servers that are started with some arguments."""

    with ExitStack() as stack:

        def start(*arguments):
            server = stack.enter_context(redis_server(tmp_path, arguments=arguments))
            return stack.enter_context(redis.Redis(port=server.port))

        yield start


def fill(client, keys=3000, **options):
    for number in range(keys):
        client.set(f"more:{number}", "x" * 1000, **options)


def test_volatile_policies_throw_sessions_away_and_keep_queues(asked):
    """HF502: of keys with and without a time to live, those with one go."""
    client = asked("--maxmemory", "4mb", "--maxmemory-policy", "volatile-lru")
    for number in range(100):
        client.set(f"session:{number}", "x" * 1000, ex=7200)
        client.rpush(f"queue:{number}", "x" * 1000)
    with pytest.raises(redis.OutOfMemoryError):
        fill(client)
    assert client.exists(*[f"session:{n}" for n in range(100)]) == 0
    assert client.exists(*[f"queue:{n}" for n in range(100)]) == 100


def test_allkeys_policies_throw_whatever_away(asked):
    """HF501."""
    client = asked("--maxmemory", "4mb", "--maxmemory-policy", "allkeys-lru")
    for number in range(100):
        client.set(f"session:{number}", "x" * 1000, ex=7200)
    fill(client)
    assert client.exists(*[f"session:{n}" for n in range(100)]) < 100


def test_a_full_one_refuses_sessions_whoever_filled_it(asked):
    """HF508: whatever the number of the database."""
    client = asked("--maxmemory", "4mb")
    client.execute_command("SELECT", "1")
    with pytest.raises(redis.OutOfMemoryError):
        fill(client)
    client.execute_command("SELECT", "0")
    with pytest.raises(redis.OutOfMemoryError):
        client.set("session:1", "x" * 1000, ex=7200)


def test_a_policy_without_a_limit_evicts_nothing(asked):
    """HF501 and HF502 are quiet there."""
    client = asked("--maxmemory-policy", "allkeys-lru")
    client.set("session:1", "x", ex=7200)
    fill(client)
    assert client.exists("session:1")


def test_a_replica_refuses_sessions(asked):
    """HF513."""
    client = asked("--replicaof", "127.0.0.1", "1")
    with pytest.raises(redis.ReadOnlyError):
        client.set("session:1", "x", ex=7200)


def test_a_cluster_has_one_database(asked):
    """HF507: no other database to put the cache in."""
    # Its bus would listen 10,000 above the port that we hold.
    client = asked("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with pytest.raises(redis.ResponseError, match="SELECT is not allowed in cluster mode"):
        client.execute_command("SELECT", "1")
