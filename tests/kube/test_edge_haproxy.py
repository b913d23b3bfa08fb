"""What HAProxy makes of the header that its controller is told to set.

The controller writes ``http-request set-header NAME "FORMAT"`` of the annotation
(pkg/haproxy/rules/setHdr.go, common.EnsureQuoted); that line is run here, in a real HAProxy.
"""

from __future__ import annotations

import socket
import subprocess
import time

import pytest

from holdfast.kube.edge.haproxy import FORWARDED_HOST
from holdfast.servers.haproxy import haproxy_program


def configuration(directory, lines):
    return "\n".join(
        [
            "defaults",
            "  mode http",
            "  timeout connect 5s",
            "  timeout client 5s",
            "  timeout server 5s",
            "frontend edge",
            f"  bind unix@{directory}/edge.sock",
            *(f"  {line}" for line in lines),
            "  default_backend pods",
            "backend pods",
            f"  server pod unix@{directory}/pod.sock",
            "frontend pod",
            f"  bind unix@{directory}/pod.sock",
            '  http-request return status 200 content-type text/plain lf-string "%[req.hdrs]"',
            "",
        ]
    )


def asked(directory, request):
    """What the pod got."""
    deadline = time.monotonic() + 10
    while True:
        with socket.socket(socket.AF_UNIX) as connection:
            try:
                connection.connect(f"{directory}/edge.sock")
            except OSError:
                assert time.monotonic() < deadline
                continue
            connection.sendall(request)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
            return b"".join(parts).decode()


@pytest.mark.parametrize(
    ("told", "forged"),
    [(True, False), (False, True)],
)
def test_a_host_that_a_client_invents_does_not_come_in(tmp_path, told, forged):
    program = haproxy_program()
    assert program is not None
    name, _, written = FORWARDED_HOST.partition(" ")
    lines = [f'http-request set-header {name} "{written}"'] if told else []
    file = tmp_path / "haproxy.cfg"
    file.write_text(configuration(tmp_path, lines))
    with subprocess.Popen([program, "-db", "-q", "-f", str(file)]) as process:
        try:
            got = asked(
                tmp_path,
                b"GET / HTTP/1.1\r\nHost: shop.example.com\r\nX-Forwarded-Host: evil.example\r\n"
                b"Connection: close\r\n\r\n",
            )
        finally:
            process.terminate()
    assert ("evil.example" in got) is forged
    assert ("x-forwarded-host: shop.example.com" in got) is told
