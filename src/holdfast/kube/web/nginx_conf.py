"""nginx's configuration: static files, and everything else to php-fpm in the same pod."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.quantity import whole
from holdfast.kube.web.php_fpm_conf import PING, RUN, SOCKET

PID = f"{RUN}/nginx.pid"
"""Where php-fpm's stop sees it: nginx removes the file when its last request has ended."""

TEMPORARY = "/tmp/nginx"  # noqa: S108 - the container's
"""An emptyDir."""

ALIVE = "/nginx-health"
"""Answered by nginx itself."""

_COMPRESSED = [
    "gzip on;",
    "gzip_proxied any;",
    "gzip_min_length 1024;",
    "gzip_types application/javascript image/svg+xml text/css;",
]
"""Files alone: the size of a compressed page tells what secret of it a guess matches (BREACH)."""

_PARAMETERS = {
    "CONTENT_LENGTH": "$content_length",
    "CONTENT_TYPE": "$content_type",
    "DOCUMENT_ROOT": "$document_root",
    "DOCUMENT_URI": "$document_uri",
    "GATEWAY_INTERFACE": "CGI/1.1",
    "QUERY_STRING": "$query_string",
    "REMOTE_ADDR": "$remote_addr",
    "REMOTE_PORT": "$remote_port",
    "REQUEST_METHOD": "$request_method",
    "REQUEST_SCHEME": "$scheme",
    "REQUEST_URI": "$request_uri",
    "SCRIPT_FILENAME": "$document_root/index.php",
    "SCRIPT_NAME": "/index.php",
    "SERVER_ADDR": "$server_addr",
    "SERVER_NAME": "$host",
    "SERVER_PORT": "$server_port",
    "SERVER_PROTOCOL": "$server_protocol",
    "SERVER_SOFTWARE": "nginx",
}
"""RFC 3875. X-Forwarded headers are passed on as they come: whom to believe is Laravel's matter."""


def nginx_conf(app: App) -> str:
    """``nginx.conf``, whole: nothing of the image's configuration is read but its mime types."""
    web = app.spec.web
    lines = [
        "worker_processes 2;",
        f"pid {PID};",
        "error_log stderr warn;",
        "# A stop waits for requests, and no longer than for the longest.",
        f"worker_shutdown_timeout {web.longest_request}s;",
        "events {",
        "  # Edges keep connections open, most of them idle.",
        "  worker_connections 4096;",
        "}",
        "http {",
        *_indented(_http(app)),
        "  server {",
        *_indented(_indented(_server(app))),
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _http(app: App) -> list[str]:
    web = app.spec.web
    return [
        "include /etc/nginx/mime.types;",
        "default_type application/octet-stream;",
        *(
            f"{name}_temp_path {TEMPORARY}/{name};"
            for name in ("client_body", "fastcgi", "proxy", "scgi", "uwsgi")
        ),
        "server_tokens off;",
        "# The port in here is not the one that browsers know.",
        "absolute_redirect off;",
        "sendfile on;",
        "tcp_nopush on;",
        "# Longer than edges keep a connection, so that it is they who close it.",
        "keepalive_timeout 620s;",
        f"client_max_body_size {whole(web.max_body)};",
        "# Laravel's cookies: the session's, the token's, and those of packages.",
        "large_client_header_buffers 8 32k;",
        "fastcgi_buffer_size 32k;",
        "# No more: slow visitors' pages are kept in memory, however many they are.",
        "fastcgi_buffers 8 16k;",
        "fastcgi_busy_buffers_size 48k;",
        "# A slow visitor's download must not fill the disk of the node.",
        "fastcgi_max_temp_file_size 16m;",
        "# No cookies and no query: both hold what makes somebody another user.",
        "map $request_uri $path {",
        '  "~^(?<before>[^?]*)" $before;',
        "}",
        "log_format requests escape=json",
        """  '{"time":"$time_iso8601","remote":"$remote_addr",'""",
        """  '"forwarded":"$http_x_forwarded_for","method":"$request_method",'""",
        """  '"host":"$host","path":"$path","status":$status,"bytes":$body_bytes_sent,'""",
        """  '"seconds":$request_time,"upstream":"$upstream_response_time",'""",
        """  '"request_id":"$http_x_request_id","agent":"$http_user_agent"}';""",
        "access_log /dev/stdout requests;",
    ]


def _server(app: App) -> list[str]:
    return [
        f"listen {app.spec.web.port};",
        f"root {app.spec.root}/public;",
        "index index.php;",
        "charset utf-8;",
        f"location = {ALIVE} {{",
        "  access_log off;",
        "  return 204;",
        "}",
        f"location = {PING} {{",
        "  access_log off;",
        *_indented(_fastcgi(app, {"SCRIPT_FILENAME": PING, "SCRIPT_NAME": PING})),
        "}",
        "location / {",
        "  try_files $uri /index.php$is_args$args;",
        "}",
        "# Vite puts a hash of the content into these names.",
        "location ^~ /build/assets/ {",
        "  try_files $uri =404;",
        "  access_log off;",
        '  add_header Cache-Control "public, max-age=31536000, immutable";',
        *_indented(_COMPRESSED),
        "}",
        r"location ~* \.(?:avif|css|gif|ico|jpe?g|js|mjs|png|svg|webp|woff2?)$ {",
        "  try_files $uri /index.php$is_args$args;",
        '  add_header Cache-Control "public, max-age=3600";',
        *_indented(_COMPRESSED),
        "}",
        "location = /index.php {",
        *_indented(_fastcgi(app, {})),
        "}",
        "# The front controller is all that is run; what else ends in .php is not even shown.",
        r"location ~ \.php(?:$|/) {",
        "  return 404;",
        "}",
        r"location ~ /\.(?!well-known(?:/|$)) {",
        "  return 404;",
        "}",
    ]


def _fastcgi(app: App, changed: dict[str, str]) -> list[str]:
    return [
        *(f"fastcgi_param {name} {value};" for name, value in (_PARAMETERS | changed).items()),
        "# A header of this name would become the proxy of PHP's own requests (httpoxy).",
        'fastcgi_param HTTP_PROXY "";',
        f"fastcgi_pass unix:{SOCKET};",
        "# php-fpm ends what takes too long, and answers first.",
        f"fastcgi_read_timeout {app.spec.web.longest_request + 2}s;",
        "# What a visitor has left goes on to its end, and nginx waits for it when it stops.",
        "fastcgi_ignore_client_abort on;",
        "# Headers of the application make nginx serve no other file.",
        "fastcgi_ignore_headers X-Accel-Redirect;",
    ]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
