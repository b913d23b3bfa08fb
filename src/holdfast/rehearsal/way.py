"""The way from replicas to a store: straight, or through a proxy that can do harm."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from holdfast.servers.ports import LOOPBACK
from holdfast.servers.tcp_proxy import TcpProxy, tcp_proxy
from holdfast.stores.contract import Store
from holdfast.stores.database import DatabaseStore
from holdfast.stores.redis import RedisStore
from holdfast.stores.sql.place import Server


@contextmanager
def way_to(store: Store, url: str, proxied: bool) -> Iterator[tuple[Store, str, TcpProxy | None]]:
    """What replicas are told of a store: the store, its URL, and the proxy that is before it.

    None stands there where none is wanted, and where none can: the store is on no server, or its
    server's certificate is verified, which is not one for the proxy.

    Args:
        store: of the URL.
        url: where it is.
        proxied: whether a proxy is wanted.
    """
    match store:
        case RedisStore(tls=False, sentinels=()) | DatabaseStore(at=Server(tls=False)) if proxied:
            at = store.at if isinstance(store, DatabaseStore) else store
            assert isinstance(at, RedisStore | Server)
            with tcp_proxy(at.port, host=at.host) as proxy:
                yield _moved(store, proxy.port), _at_port(url, proxy.port), proxy
        case _:
            yield store, url, None


@contextmanager
def way_to_port(port: int, proxied: bool) -> Iterator[tuple[int, TcpProxy | None]]:
    """The loopback port that replicas are told in place of another one, and the proxy there."""
    if not proxied:
        yield port, None
        return
    with tcp_proxy(port) as proxy:
        yield proxy.port, proxy


def _moved(store: RedisStore | DatabaseStore, port: int) -> Store:
    if isinstance(store, RedisStore):
        return replace(store, host=LOOPBACK, port=port)
    assert isinstance(store.at, Server)
    return replace(store, at=replace(store.at, host=LOOPBACK, port=port))


def _at_port(url: str, port: int) -> str:
    """The URL with a loopback port for host and port, and everything else as it is."""
    parts = urlsplit(url)
    login, at_sign, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at_sign}{LOOPBACK}:{port}").geturl()
