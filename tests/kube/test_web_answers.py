"""The rendered nginx and php-fpm, running: who is answered what, and what is written down of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from holdfast.kube.web import fpm_nginx
from holdfast.servers.nginx import PACKAGE as NGINX_PACKAGE
from holdfast.servers.php import FPM_NAMES, FPM_PACKAGE
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program

from .conftest import application

INDEX = """\
<?php
parse_str($_SERVER['QUERY_STRING'], $query);
header('Set-Cookie: session=' . str_repeat('x', (int) ($query['cookie'] ?? 1)));
header('X-Accel-Redirect: /secret.txt');
header('X-Proxy-Of-PHP: ' . (getenv()['HTTP_PROXY'] ?? ''));
if (isset($query['says'])) {
    file_put_contents('php://stderr', $query['says'] . "\n");
}
if (isset($query['late'])) {
    touch($query['late'] . '-begun');
    usleep(300000);
    echo 'to nobody';
    flush();
    touch($query['late']);
}
echo $_SERVER['REQUEST_URI'], ' ', $_SERVER['HTTP_X_FORWARDED_PROTO'] ?? '', ' ',
    strlen(file_get_contents('php://input')), ' ', getenv('COLOUR');
"""


@dataclass(frozen=True)
class Web:
    """A web pod's two processes."""

    port: int
    log: Path

    def asks(
        self, path: str, *, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=10)
        try:
            connection.request("POST" if body else "GET", path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


def happens(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def listens(path: Path) -> bool:
    """php-fpm makes its socket before it listens on it."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    directory = tmp_path_factory.mktemp("web")
    for name in ("run", "tmp", "etc", "html/public/build/assets"):
        (directory / name).mkdir(parents=True)
    public = directory / "html/public"
    (public / "index.php").write_text(INDEX)
    (public / "other.php").write_text("<?php echo 'other';")
    (public / ".env").write_text("APP_KEY=secret")
    (public / "secret.txt").write_text("secret")
    (public / "logo.svg").write_text("<svg/>" * 400)
    (public / "build/assets/app.js").write_text("script")
    port = free_port()
    places = {
        "/etc/holdfast": "etc",
        "/run/php-fpm": "run",
        "/tmp/nginx": "tmp",
        "/var/www/html": "html",
    }
    for name, rendered in fpm_nginx.files(
        application(web={"port": port, "maxBody": "64Ki"})
    ).items():
        text = rendered
        for path, place in places.items():
            text = text.replace(path, str(directory / place))
        text = text.replace(f"listen {port}", f"listen {LOOPBACK}:{port}")
        if os.geteuid() == 0:  # nginx's workers would not get below the directory
            text = f"user root;\n{text}" if name == "nginx.conf" else text
            text = text.replace("[www]", "[www]\nuser = root\ngroup = root")
        (directory / "etc" / name).write_text(text)
    nginx, fpm = (
        require_program("nginx", package=NGINX_PACKAGE),
        require_program(*FPM_NAMES, package=FPM_PACKAGE),
    )
    conf = directory / "etc"
    with (
        Process(
            [fpm, "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", conf / "php-fpm.conf"],
            directory,
            name="php-fpm",
            env={"COLOUR": "red", "PHP_INI_SCAN_DIR": f":{conf}"},
            stop_signal=signal.SIGQUIT,
        ) as php,
        Process(
            [nginx, "-e", "stderr", "-c", conf / "nginx.conf", "-g", "daemon off;"],
            directory,
            name="nginx",
            stop_signal=signal.SIGQUIT,
        ) as front,
    ):
        php.wait_ready(lambda: listens(directory / "run/fpm.sock"))
        front.wait_ready(port)
        yield Web(port, directory / "nginx.log")


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, "/  0 red"),
        ("/orders/7?page=2", 200, "/orders/7?page=2  0 red"),
        ("/index.php", 200, "/index.php  0 red"),
        ("/.well-known/change-password", 200, "/.well-known/change-password  0 red"),
        ("/missing.png", 200, "/missing.png  0 red"),
        ("/build/assets/app.js", 200, "script"),
        ("/build/assets/gone.js", 404, None),
        ("/other.php", 404, None),
        ("/other.php/x", 404, None),
        ("/index.php/x", 404, None),
        ("/.env", 404, None),
        ("/build/.git/config", 404, None),
        ("/php-status", 200, "/php-status  0 red"),
        ("/php-health", 200, "pong"),
        ("/nginx-health", 204, ""),
    ],
)
def test_who_is_answered_what(web: Web, path: str, status: int, text: str | None) -> None:
    found, _, said = web.asks(path)
    assert found == status
    if text is not None:
        assert said == text
    assert "secret" not in said


def test_how_a_request_came_is_passed_on(web: Web) -> None:
    assert web.asks("/", headers={"X-Forwarded-Proto": "https"})[2] == "/ https 0 red"


def test_no_visitor_chooses_the_proxy_of_phps_own_requests(web: Web) -> None:
    # PHP hides it in $_SERVER and getenv(NAME) alone.
    assert web.asks("/", headers={"Proxy": "http://192.0.2.7:3128"})[1]["X-Proxy-Of-PHP"] == ""


def test_what_a_visitor_has_left_goes_on_to_its_end(web: Web) -> None:
    end = web.log.with_name("end")
    with socket.create_connection((LOOPBACK, web.port), timeout=10) as connection:
        connection.sendall(f"GET /?late={end} HTTP/1.1\r\nHost: shop\r\n\r\n".encode())
        happens(web.log.with_name("end-begun").exists)
    happens(end.exists)


def test_nobody_else_may_connect_to_php(web: Web) -> None:
    assert stat.S_IMODE((web.log.parent / "run/fpm.sock").stat().st_mode) == 0o660


def test_lines_of_the_applications_log_stay_as_they_are(web: Web) -> None:
    line = '{"message":"paid"}'
    web.asks(f"/?says={quote(line)}")
    happens(lambda: line in (web.log.parent / "php-fpm.log").read_text().splitlines())


def test_cookies_of_laravels_cookie_driver_come_through_both_ways(web: Web) -> None:
    status, headers, _ = web.asks("/?cookie=28000", headers={"Cookie": "a=" + "y" * 28_000})
    assert status == 200
    assert len(headers["Set-Cookie"]) > 28_000


@pytest.mark.parametrize(("size", "status"), [(65_536, 200), (65_537, 413)])
def test_bodies_have_a_limit(web: Web, size: int, status: int) -> None:
    found, _, text = web.asks("/", body=b"x" * size)
    assert found == status
    if status == 200:
        assert f" {size} " in text


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/build/assets/app.js", "public, max-age=31536000, immutable"),
        ("/build/assets/gone.js", None),
        ("/logo.svg", "public, max-age=3600"),
        ("/", None),
        ("/missing.png", None),
    ],
)
def test_browsers_keep_files_and_no_pages(web: Web, path: str, kept: str | None) -> None:
    assert web.asks(path)[1]["Cache-Control"] == kept


def test_files_are_compressed_and_pages_are_not(web: Web) -> None:
    accepts = {"Accept-Encoding": "gzip"}
    connection = http.client.HTTPConnection(LOOPBACK, web.port, timeout=10)
    connection.request("GET", "/logo.svg", headers=accepts)
    assert connection.getresponse().getheader("Content-Encoding") == "gzip"
    connection.close()
    assert web.asks(f"/{'p' * 2000}", headers=accepts)[1]["Content-Encoding"] is None


def test_nobody_is_told_what_runs_here(web: Web) -> None:
    _, headers, _ = web.asks("/")
    assert headers["Server"] == "nginx"
    assert headers["X-Powered-By"] is None


def test_the_log_has_requests_without_what_makes_somebody_another_user(web: Web) -> None:
    web.asks("/nginx-health")
    web.asks(
        "/reset?token=t0ken",
        headers={
            "Cookie": "laravel_session=s3ssion",
            "User-Agent": 'a "quoted" agent',
            "X-Forwarded-For": "192.0.2.7",
        },
    )
    # nginx answers first, and writes then.
    happens(lambda: '"/reset"' in web.log.read_text())
    text = web.log.read_text()
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    [one] = [line for line in found if line["path"] == "/reset"]
    assert (one["status"], one["method"], one["forwarded"]) == (200, "GET", "192.0.2.7")
    assert one["agent"] == 'a "quoted" agent'
    assert "t0ken" not in text
    assert "s3ssion" not in text
    assert "health" not in text
