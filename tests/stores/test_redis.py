"""What only a Redis store does: its keys, its expiry, and its errors."""

from __future__ import annotations

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import anyio
import pytest
import redis as redis_py
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from holdfast.core.errors import StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.servers.ports import free_port
from holdfast.servers.redis import redis_server
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Find,
    Found,
    Missing,
    Page,
    Saved,
    Scan,
    Touch,
    Touched,
    Unknown,
)
from holdfast.stores.drivers import redis_errors
from holdfast.stores.redis import RedisStore, glob_escape
from holdfast.testing.harness import connected, new_sid

DATA = b's:3:"abc";'
OTHER = b's:3:"xyz";'
SECRET = "correct-horse"


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture
def store(redis):
    return RedisStore(port=redis.port, prefix=f"p-{new_sid()}-", lifetime=600)


@pytest.fixture
def sid():
    return new_sid()


@pytest.fixture
def soon():
    return int(time.time()) + 300


@pytest.fixture
def own_redis(tmp_path):
    """A server that a test may break."""
    with redis_server(tmp_path) as server:
        yield server


def test_key_value_and_expiry_are_laravel_s(store, redis_client, sid, soon):
    with store.connect() as perform:
        perform(Commit(sid, None, DATA, soon))
    assert redis_client.get(store.prefix + sid) == DATA
    assert redis_client.execute_command("EXPIRETIME", store.prefix + sid) == soon


def test_reads_what_laravel_set(store, redis_client, sid):
    before = time.time()
    redis_client.execute_command("SETEX", store.prefix + sid, 300, DATA)
    with store.connect() as perform:
        found = perform(Find(sid))
    assert found.data == DATA
    assert round(before + 300) <= found.expires_at <= round(time.time() + 300)


@pytest.mark.parametrize(("milliseconds", "later"), [(-400, 0), (0, 0), (400, 0), (600, 1)])
def test_expiry_is_read_to_the_nearest_second(store, redis_client, sid, soon, milliseconds, later):
    at = soon * 1000 + milliseconds
    redis_client.execute_command("SET", store.prefix + sid, DATA, "PXAT", at)
    with store.connect() as perform:
        assert perform(Find(sid)) == Found(DATA, soon + later)


def test_a_key_without_expiry_lives_for_a_lifetime(store, redis_client, sid, mode, soon):
    redis_client.set(store.prefix + sid, DATA)
    with connected(store, mode) as client:
        found = client.perform(Find(sid))
        assert abs(found.expires_at - time.time() - store.lifetime) < 60
        conflict = client.perform(Commit(sid, None, OTHER, soon))
        assert conflict.found.data == DATA
        assert client.perform(Commit(sid, found, OTHER, soon)) == Saved()
    assert redis_client.execute_command("EXPIRETIME", store.prefix + sid) == soon


@pytest.mark.parametrize("prefix", ["h[ae]llo-", "star*", "what?", "back\\", "{tag}^-]", "plain"])
def test_scan_lists_sessions_and_nothing_else(redis, redis_client, prefix, soon):
    prefix = f"{new_sid()}-{prefix}"
    store = RedisStore(port=redis.port, prefix=prefix)
    live = [new_sid() for _ in range(5)]
    others = {
        prefix + new_sid(): 7,  # a rate limiter's counter
        prefix + new_sid() + ":timer": 1_700_000_000,
        prefix + "short": DATA,
        prefix + new_sid()[:39] + "-": DATA,
        prefix[:-1] + "Q" + new_sid(): DATA,
        prefix.replace("[ae]", "a") + "x" + new_sid(): DATA,
        prefix + new_sid(): b"",
        "other" + prefix + new_sid(): DATA,
    }
    with store.connect() as perform:
        for sid in live:
            perform(Commit(sid, None, DATA, soon))
        redis_client.mset(others)
        redis_client.rpush(prefix + new_sid(), "a list")
        page, seen = Page((), "0"), []
        while page.cursor is not None:
            page = perform(Scan(page.cursor, 10))
            seen += page.sids
    assert sorted(set(seen)) == sorted(live)


def test_glob_escape_leaves_plain_text_readable():
    assert glob_escape(b"laravel_database:") == b"laravel_database:"
    assert glob_escape(b"a*[b]?\\") == b"a\\*\\[b\\]\\?\\\\"


def test_scripts_that_the_server_forgot_are_sent_again(store, redis_client, sid, mode, soon):
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        redis_client.script_flush()
        assert client.perform(Find(sid)) == Found(DATA, soon)
        redis_client.script_flush()
        assert client.perform(Commit(sid, Found(DATA, soon), OTHER, soon)) == Saved()


def test_more_effects_than_connections(store, sid, mode, soon):
    count = 3 * redis_errors.CONNECTIONS
    with connected(store, mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        assert client.race([Find(sid)] * count) == [Found(DATA, soon)] * count


def test_nobody_listens(mode):
    store = RedisStore(port=free_port())
    with pytest.raises(StoreUnavailable) as error, connected(store, mode):
        pass
    assert str(store.port) in str(error.value)
    assert error.value.hint


def test_a_killed_server_and_its_successor(own_redis, tmp_path, sid, mode, soon):
    store = RedisStore(port=own_redis.port)
    with connected(store, mode) as client:
        found = Found(DATA, soon)
        assert client.perform(Commit(sid, None, DATA, soon)) == Saved()
        own_redis.process.kill()
        for operation in (Find(sid), Commit(sid, found, OTHER, soon), Delete(sid), Scan()):
            with pytest.raises(StoreUnavailable):
                client.perform(operation)
        with redis_server(tmp_path, own_redis.port):
            assert client.perform(Find(sid)) is None
            assert client.perform(Commit(sid, None, DATA, soon)) == Saved()


@pytest.mark.parametrize(
    ("write", "after"),
    [
        (lambda sid, base, at: Commit(sid, base, OTHER, at), OTHER),
        (lambda sid, base, at: Touch(sid, base, at + 1), DATA),
        (lambda sid, base, at: Delete(sid), None),
    ],
    ids=["commit", "touch", "delete"],
)
def test_a_lost_answer_is_unknown_and_never_sent_again(redis, proxy, sid, mode, soon, write, after):
    behind = RedisStore(port=proxy.port, prefix=f"{sid}-")
    direct = RedisStore(port=redis.port, prefix=f"{sid}-")
    with connected(behind, mode) as client, direct.connect() as look:
        client.perform(Commit(sid, None, DATA, soon))
        base = client.perform(Find(sid))
        proxy.cut(1)
        result = client.perform(write(sid, base, soon))
        assert isinstance(result, Unknown)
        assert result.reason
        found = look(Find(sid))
        assert (found.data if found else None) == after
        # The connection was closed, the next effect gets a new one and its own answer.
        assert client.perform(Find(sid)) == found


def test_a_lost_create_is_unknown(proxy, sid, mode, soon):
    with connected(RedisStore(port=proxy.port, prefix=f"{sid}-"), mode) as client:
        proxy.cut(1)
        assert isinstance(client.perform(Commit(sid, None, DATA, soon)), Unknown)
        again = client.perform(Commit(sid, None, DATA, soon))
        assert again == Conflict(Found(DATA, soon))


def test_a_lost_read_is_read_again_once(proxy, sid, mode, soon):
    with connected(RedisStore(port=proxy.port, prefix=f"{sid}-"), mode) as client:
        client.perform(Commit(sid, None, DATA, soon))
        proxy.cut(1)
        assert client.perform(Find(sid)) == Found(DATA, soon)
        proxy.cut(100)
        with pytest.raises(StoreUnavailable):
            client.perform(Find(sid))
        with pytest.raises(StoreUnavailable):
            client.perform(Commit(sid, None, DATA, soon))


def test_no_answer_in_time(proxy, sid, mode, soon, monkeypatch):
    store = RedisStore(port=proxy.port, prefix=f"{sid}-")
    with connected(store, mode) as client:
        # The server knows the script then: what is held is the answer of the write itself.
        assert client.perform(Find(sid)) is None
    # Long enough to connect on a busy machine.
    monkeypatch.setattr(redis_errors, "ANSWER_SECONDS", 2.0)
    with connected(store, mode) as client:
        proxy.hold()
        result = client.perform(Commit(sid, None, DATA, soon))
        assert isinstance(result, Unknown)
        assert "2 s" in result.reason
        proxy.held.wait()
        proxy.hold(False)
    monkeypatch.undo()
    with connected(store, mode) as client:
        assert client.perform(Find(sid)) == Found(DATA, soon)


@pytest.mark.anyio
async def test_a_cancelled_effect_leaves_no_answer_behind(redis, proxy, sid, soon):
    store = RedisStore(port=proxy.port, prefix=f"{sid}-")
    other = new_sid()
    async with store.aconnect() as perform:
        await perform(Commit(sid, None, DATA, soon))
        await perform(Commit(other, None, OTHER, soon))
        proxy.hold()
        async with anyio.create_task_group() as group:
            group.start_soon(perform, Find(sid))
            await anyio.to_thread.run_sync(proxy.held.wait)
            group.cancel_scope.cancel()
        proxy.hold(False)
        assert await perform(Find(other)) == Found(OTHER, soon)
        assert await perform(Find(sid)) == Found(DATA, soon)


def test_wrong_password(tmp_path, mode):
    with redis_server(tmp_path, password=SECRET) as server:
        for user, password in ((None, None), (None, "wrong-" + SECRET), ("bob", SECRET)):
            store = RedisStore(port=server.port, username=user, password=password)
            with pytest.raises(StoreMisconfigured) as error, connected(store, mode):
                pass
            assert SECRET not in f"{error.value} {error.value.hint} {store!r} {store.where}"
        right = RedisStore(port=server.port, password=SECRET)
        with connected(right, mode) as client:
            assert client.perform(Find(new_sid())) is None


def certificate(directory):
    """A key and a certificate for 127.0.0.1 that nobody signed but itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "holdfast test")])
    now = datetime.now(UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    (directory / "cert.pem").write_bytes(signed.public_bytes(encoding))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    (directory / "key.pem").write_bytes(key.private_bytes(encoding, form, plain))
    return directory / "cert.pem", directory / "key.pem"


def test_tls(tmp_path, mode, sid, soon, monkeypatch):
    cert, key = certificate(tmp_path)
    port = free_port()
    files = ("--tls-cert-file", str(cert), "--tls-key-file", str(key))
    options = ("--tls-port", str(port), *files, "--tls-auth-clients", "no")
    store = RedisStore(port=port, tls=True)
    with redis_server(tmp_path, arguments=options) as server:
        with pytest.raises(StoreMisconfigured, match="certificate"), connected(store, mode):
            pass
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        with connected(store, mode) as client:
            assert client.perform(Commit(sid, None, DATA, soon)) == Saved()
            server.process.kill()
            with pytest.raises(StoreUnavailable):
                client.perform(Find(sid))


def test_tls_where_plain_is_spoken(redis, mode, monkeypatch):
    monkeypatch.setattr(redis_errors, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(redis_errors, "ANSWER_SECONDS", 0.2)
    with (
        pytest.raises(StoreUnavailable),
        connected(RedisStore(port=redis.port, tls=True), mode),
    ):
        pass


def test_no_such_database(redis, mode):
    with (
        pytest.raises(StoreMisconfigured, match="number"),
        connected(RedisStore(port=redis.port, database=99), mode),
    ):
        pass


def test_another_type_at_the_key(store, redis_client, sid, mode, soon):
    redis_client.rpush(store.prefix + sid, "a list")
    with connected(store, mode) as client:
        for operation in (Find(sid), Commit(sid, None, DATA, soon)):
            with pytest.raises(StoreMisconfigured, match="something else than a string") as error:
                client.perform(operation)
            assert sid not in str(error.value)


def test_a_server_that_takes_no_writes(own_redis, sid, mode, soon):
    store = RedisStore(port=own_redis.port)
    with connected(store, mode) as client, redis_py.Redis(port=own_redis.port) as admin:
        client.perform(Commit(sid, None, DATA, soon))
        base = client.perform(Find(sid))
        admin.config_set("maxmemory", 1)
        with pytest.raises(StoreReadOnly, match="memory"):
            client.perform(Commit(sid, base, OTHER, soon))
        admin.config_set("maxmemory", 0)
        assert client.perform(Find(sid)) == base

        admin.replicaof("127.0.0.1", str(free_port()))
        assert client.perform(Find(sid)) == base
        for write in (Commit(sid, base, OTHER, soon), Touch(sid, base, soon + 9), Delete(sid)):
            with pytest.raises(StoreReadOnly, match="replica"):
                client.perform(write)
        admin.replicaof("NO", "ONE")
        assert client.perform(Touch(sid, base, soon + 9)) == Touched()
        assert client.perform(Delete(sid)) == Deleted()
        assert client.perform(Delete(sid)) == Missing()


def test_a_user_without_the_right(own_redis, sid, mode, soon):
    with redis_py.Redis(port=own_redis.port) as admin:
        admin.acl_setuser(
            "reader", enabled=True, nopass=True, keys=["*"], commands=["+get", "+ping"]
        )
    store = RedisStore(port=own_redis.port, username="reader", password="any")
    with (
        connected(store, mode) as client,
        pytest.raises(StoreMisconfigured, match="permit"),
    ):
        client.perform(Commit(sid, None, DATA, soon))


def test_something_that_hangs_up_is_no_redis(mode):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                peer.recv(1024)
                peer.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        store = RedisStore(port=listener.getsockname()[1])
        with pytest.raises(StoreUnavailable), connected(store, mode):
            pytest.fail("connected to nothing")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
