"""HAProxy's slots, set through its admin socket."""

from __future__ import annotations

import shutil
import socket
import tempfile
from pathlib import Path

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.haproxy import Server, haproxy
from holdfast.servers.ports import LOOPBACK, free_port


@pytest.fixture
def admin():
    directory = Path(tempfile.mkdtemp(prefix="hf-"))
    port = free_port()
    process, admin = haproxy(directory, port=port, slots=2)
    with process:
        process.wait_ready(admin.answers)
        yield admin
    shutil.rmtree(directory)


def test_slots_are_empty_at_first(admin):
    assert admin.servers() == [
        Server(1, "127.0.0.1", 1, up=False, maintained=True),
        Server(2, "127.0.0.1", 1, up=False, maintained=True),
    ]


def test_a_slot_is_filled_and_emptied(admin):
    # Somebody listens there: it is up until a check has found nobody.
    with socket.create_server((LOOPBACK, free_port())) as listening:
        port = listening.getsockname()[1]
        admin.set_address(2, port)
        admin.set_state(2, "ready")
        assert admin.servers()[1] == Server(2, LOOPBACK, port, up=True, maintained=False)
        admin.set_state(2, "maint")
        assert admin.servers()[1] == Server(2, LOOPBACK, port, up=False, maintained=True)


def test_what_haproxy_refuses_is_an_error(admin):
    with pytest.raises(EnvironmentLacking, match=r"refused «set server addr»: .*[Nn]o such server"):
        admin.set_address(3, 8003)
    with pytest.raises(EnvironmentLacking, match="refused «set server state ready»"):
        admin.set_state(3, "ready")


def test_a_socket_that_nobody_serves_is_an_error(admin, tmp_path):
    with pytest.raises(EnvironmentLacking, match="does not answer"):
        type(admin)(tmp_path / "none.sock").servers()
