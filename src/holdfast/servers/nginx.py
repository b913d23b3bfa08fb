"""nginx in front of a FastCGI server, everything that it writes below one directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from signal import SIGQUIT

from holdfast.servers.ports import LOOPBACK
from holdfast.servers.process import Process
from holdfast.servers.programs import find_program, require_program

PACKAGE = "nginx-light"

_PARAMS = {
    "QUERY_STRING": "$query_string",
    "REQUEST_METHOD": "$request_method",
    "CONTENT_TYPE": "$content_type",
    "CONTENT_LENGTH": "$content_length",
    "SCRIPT_NAME": "/index.php",
    "REQUEST_URI": "$request_uri",
    "DOCUMENT_URI": "$document_uri",
    "DOCUMENT_ROOT": "$document_root",
    "SERVER_PROTOCOL": "$server_protocol",
    "REQUEST_SCHEME": "$scheme",
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SERVER_SOFTWARE": "nginx",
    "REMOTE_ADDR": "$remote_addr",
    "REMOTE_PORT": "$remote_port",
    "SERVER_ADDR": "$server_addr",
    "SERVER_PORT": "$server_port",
    "SERVER_NAME": "$host",
}


def nginx_program() -> str | None:
    """The path of nginx, or None."""
    return find_program("nginx")


def nginx_config(
    directory: Path,
    *,
    port: int,
    docroot: Path,
    socket: Path,
    params: Mapping[str, str],
    headers: Mapping[str, str],
) -> str:
    """A configuration that sends every request to ``docroot/index.php``; see :func:`nginx_fastcgi`.

    No keepalive to FastCGI: idle kept connections own php-fpm's static workers, and everybody else
    hangs. Buffers are wide enough for the two large cookies of Laravel's cookie driver.
    """
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    values = {**_PARAMS, "SCRIPT_FILENAME": str(docroot / "index.php"), **params}
    lines = [
        # The workers must reach a socket in a directory that only the starter may enter.
        *(("user root;",) if os.geteuid() == 0 else ()),
        "worker_processes 1;",
        f"pid {directory}/nginx.pid;",
        "error_log stderr warn;",
        "events { worker_connections 512; }",
        "http {",
        "  access_log off;",
        *(f"  {name}_temp_path {directory}/{name};" for name in temporary),
        "  client_header_buffer_size 16k;",
        "  large_client_header_buffers 8 32k;",
        "  fastcgi_buffer_size 64k;",
        "  fastcgi_buffers 8 64k;",
        "  fastcgi_busy_buffers_size 128k;",
        "  fastcgi_read_timeout 60s;",
        "  server {",
        f"    listen {LOOPBACK}:{port};",
        f"    root {docroot};",
        *(f'    add_header {name} "{value}" always;' for name, value in headers.items()),
        *(f"    fastcgi_hide_header {name};" for name in headers),
        "    location / {",
        *(f'      fastcgi_param {name} "{value}";' for name, value in values.items()),
        f"      fastcgi_pass unix:{socket};",
        "    }",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def nginx_fastcgi(
    directory: Path,
    *,
    port: int,
    docroot: Path,
    socket: Path,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Process:
    """Start nginx on a loopback port; it is ready when the port accepts connections.

    Args:
        directory: an existing directory for its configuration, log and temporary files.
        port: where it listens.
        docroot: holds ``index.php``, the front controller of every request.
        socket: where the FastCGI server listens.
        params: more FastCGI parameters; Laravel's ``env()`` sees them before the environment.
        headers: set on every answer, nginx's own errors included, in place of the application's.

    Raises:
        EnvironmentLacking: nginx is not installed.
    """
    program = require_program("nginx", package=PACKAGE)
    config = directory / "nginx.conf"
    config.write_text(
        nginx_config(
            directory,
            port=port,
            docroot=docroot,
            socket=socket,
            params=params or {},
            headers=headers or {},
        )
    )
    return Process(
        # -e: before it has read its configuration it would open a log below /var.
        [program, "-p", directory, "-e", "stderr", "-c", config, "-g", "daemon off;"],
        directory,
        name="nginx",
        package=PACKAGE,
        stop_signal=SIGQUIT,
    )
