"""A memcached of our own: it serves, is emptied when told to, and leaves nothing behind."""

from __future__ import annotations

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.memcached import PACKAGE, ask, memcached_server
from holdfast.servers.memcached_evict import evict
from holdfast.servers.ports import accepts


def test_it_serves_and_is_gone(tmp_path):
    with memcached_server(tmp_path) as server:
        assert ask(server.port, b"set a 0 0 1\r\n1") == b"STORED\r\n"
        assert ask(server.port, b"get a") == b"VALUE a 0 1\r\n1\r\nEND\r\n"
    assert not accepts(server.port)
    assert not server.process.running


def test_a_flush_takes_what_was_stored_in_the_same_second(tmp_path):
    with memcached_server(tmp_path) as server:
        ask(server.port, b"set a 0 0 1\r\n1")
        server.flush()
        assert ask(server.port, b"get a") == b"END\r\n"
        ask(server.port, b"set a 0 0 1\r\n2")
        assert ask(server.port, b"get a") == b"VALUE a 0 1\r\n2\r\nEND\r\n"
    with pytest.raises(EnvironmentLacking, match="does not answer"):
        server.flush()


def test_part_of_the_items_is_evicted_and_all_else_is_as_it_was(tmp_path):
    with memcached_server(tmp_path) as server:
        had = [b"laravel_cache:%d" % number for number in range(30)]
        for number, name in enumerate(had):
            value = b"x" * (300 + 20 * number)
            ask(server.port, b"set %s 0 600 %d\r\n%s" % (name, len(value), value))
        before = ask(server.port, b"stats settings")
        gone = evict(server.port)
        assert 15 <= gone <= 30
        left = [name for name in had if ask(server.port, b"get " + name) != b"END\r\n"]
        assert len(left) == 30 - gone
        assert b"STAT curr_items %d\r\n" % len(left) in ask(server.port, b"stats")
        assert ask(server.port, b"stats settings") == before


def test_where_nothing_is_nothing_is_evicted(tmp_path):
    with memcached_server(tmp_path) as server:
        assert evict(server.port) == 0
        assert b"STAT total_items 0\r\n" in ask(server.port, b"stats")
    with pytest.raises(EnvironmentLacking, match="did not answer"):
        evict(server.port)


def test_a_port_that_is_taken(tmp_path):
    with (
        memcached_server(tmp_path) as server,
        pytest.raises(EnvironmentLacking, match="ended before it was ready"),
        memcached_server(tmp_path, server.port),
    ):
        pass


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("holdfast.servers.programs._ADMIN_DIRECTORIES", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(EnvironmentLacking, match="not installed") as error,
        memcached_server(tmp_path),
    ):
        pass
    assert f"apt install {PACKAGE}" in error.value.hint
