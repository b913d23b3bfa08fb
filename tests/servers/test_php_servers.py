"""php-fpm behind nginx and ``php -S``: the environment arrives whole, and nothing leaks outside."""

from __future__ import annotations

import http.client
import json
import shutil
import tempfile
from pathlib import Path

import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers import programs
from holdfast.servers.haproxy import haproxy
from holdfast.servers.nginx import nginx_fastcgi
from holdfast.servers.php import php_cli_server, php_fpm, php_program
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.programs import find_program

ENVIRONMENT = {"APP_KEY": 'base64:a+/b"$c;=', "EMPTY": "", "PATH": "/usr/bin:/bin"}

SCRIPT = """<?php
if ($_SERVER['REQUEST_URI'] === '/exit') {
    exit(posix_kill(getmypid(), 9));
}
header('X-Answered-By: php');
echo json_encode([
    'key' => getenv('APP_KEY'),
    'empty' => getenv('EMPTY'),
    'shell' => getenv('HOLDFAST_TEST_SHELL'),
    'param' => $_SERVER['FROM_NGINX'] ?? null,
    'uri' => $_SERVER['REQUEST_URI'],
    'post' => $_POST,
    'opcache' => opcache_get_status(false)['opcache_enabled'],
    'broken' => $undefined,
]);
"""


@pytest.fixture
def directory():
    """Short enough for a unix socket, whatever pytest's own directories are."""
    path = Path(tempfile.mkdtemp(prefix="hf-"))
    (path / "public").mkdir()
    (path / "public/index.php").write_text(SCRIPT)
    yield path
    shutil.rmtree(path)


def test_fpm_behind_nginx(directory, monkeypatch):
    monkeypatch.setenv("HOLDFAST_TEST_SHELL", "must not arrive")
    port, socket, public = free_port(), directory / "fpm.sock", directory / "public"
    with (
        php_fpm(directory, socket=socket, env=ENVIRONMENT, workers=2) as fpm,
        nginx_fastcgi(
            directory,
            port=port,
            docroot=public,
            socket=socket,
            params={"FROM_NGINX": "a b"},
            headers={"X-Answered-By": "nginx"},
        ) as nginx,
    ):
        fpm.wait_ready(socket.exists)
        nginx.wait_ready(port)
        status, headers, body = ask(port, "/some/page?x=1", b"field=v%C3%A4lue")
        assert status == 200
        assert headers.get_all("X-Answered-By") == ["nginx"]
        assert json.loads(body) == {
            "key": ENVIRONMENT["APP_KEY"],
            "empty": "",
            "shell": False,
            "param": "a b",
            "uri": "/some/page?x=1",
            "post": {"field": "välue"},
            "opcache": True,
            "broken": None,
        }
        status, headers, _ = ask(port, "/exit")
        assert (status, headers.get_all("X-Answered-By")) == (502, ["nginx"])
        assert ask(port, "/")[0] == 200
        assert "Undefined variable" in (directory / "php-fpm-errors.log").read_text()
    assert ENVIRONMENT["APP_KEY"] not in (directory / "fpm.conf").read_text()


def test_the_development_server(directory, monkeypatch):
    monkeypatch.setenv("HOLDFAST_TEST_SHELL", "must not arrive")
    port, public = free_port(), directory / "public"
    with php_cli_server(
        directory,
        port=port,
        docroot=public,
        router=public / "index.php",
        env=ENVIRONMENT,
        workers=2,
    ) as server:
        server.wait_ready(port)
        status, _, body = ask(port, "/some/page", b"field=1")
    assert status == 200
    assert json.loads(body) == {
        "key": ENVIRONMENT["APP_KEY"],
        "empty": "",
        "shell": False,
        "param": None,
        "uri": "/some/page",
        "post": {"field": "1"},
        "opcache": True,
        "broken": None,
    }


@pytest.mark.parametrize(
    ("start", "package"),
    [
        (lambda d: php_fpm(d, socket=d / "s", env={}), "php8.2-fpm"),
        (lambda d: nginx_fastcgi(d, port=1, docroot=d, socket=d / "s"), "nginx-light"),
        (lambda d: php_program(), "php8.2-cli"),
        (lambda d: haproxy(d, port=1, slots=1), "haproxy"),
    ],
)
def test_a_missing_program_names_its_package(start, package, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_ADMIN_DIRECTORIES", ())
    with pytest.raises(EnvironmentLacking, match="is not installed") as lacking:
        start(tmp_path)
    assert lacking.value.hint == f"as root: apt install {package}"


def test_of_several_versions_the_newest_is_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("php-fpm7.4", "php-fpm8.2", "php-fpm8.9.disabled"):
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / "php-fpm8.9.disabled").chmod(0o644)
    monkeypatch.setattr(programs, "_ADMIN_DIRECTORIES", ())
    assert find_program("php-fpm", "php-fpm[0-9]*") == str(tmp_path / "php-fpm8.2")
    monkeypatch.setenv("PATH", f"{tmp_path}/nowhere:{tmp_path}")
    assert find_program("php-fpm[0-9]*") == str(tmp_path / "php-fpm8.2")
    assert find_program("nothing", "nothing*") is None


def ask(port, path, body=None):
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        connection.request("POST" if body else "GET", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
