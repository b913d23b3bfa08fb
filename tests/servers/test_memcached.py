"""A memcached of our own: it serves, is emptied when told to, and leaves nothing behind."""

from __future__ import annotations

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.memcached import PACKAGE, ask, memcached_server
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
