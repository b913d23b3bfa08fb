"""FrankenPHP's configuration."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.quantity import whole

ALIVE = "/caddy-health"
"""Answered by Caddy itself."""


def caddyfile(app: App) -> str:
    """A ``Caddyfile``: plain HTTP, as TLS ends at the edge, and nothing that can be administered.

    php_server passes X-Forwarded headers on as they come: whom to believe is Laravel's matter.
    """
    web = app.spec.web
    lines = [
        "{",
        "\tadmin off",
        "\tauto_https off",
        "\tpersist_config off",
        "\t# No shutdown_delay: PHP would be gone by then (php/frankenphp issue 2644).",
        f"\tgrace_period {web.longest_request}s",
        "\tfrankenphp {",
        f"\t\tnum_threads {web.processes}",
        "\t}",
        "}",
        "",
        f":{web.port} {{",
        f"\tlog_skip {ALIVE}",
        "\tlog {",
        "\t\toutput stdout",
        "\t\t# Caddy redacts cookies itself; a query holds what resets a password.",
        "\t\tformat filter {",
        "\t\t\twrap json",
        "\t\t\tfields {",
        '\t\t\t\trequest>uri regexp "[?].*" ""',
        "\t\t\t}",
        "\t\t}",
        "\t}",
        "\trequest_body {",
        f"\t\tmax_size {whole(web.max_body)}",
        "\t}",
        f"\troot * {app.spec.root}/public",
        f"\trespond {ALIVE} 204",
        "\t# The front controller is all that is run; what else ends in .php is not even shown.",
        "\t@other {",
        "\t\tpath *.php *.php/*",
        "\t\tnot path /index.php",
        "\t}",
        "\terror @other 404",
        "\t@hidden {",
        "\t\tpath */.*",
        "\t\tnot path /.well-known/*",
        "\t}",
        "\terror @hidden 404",
        "\t# Vite puts a hash of the content into these names; what is not there is not kept.",
        "\t@built {",
        "\t\tpath /build/assets/*",
        "\t\tfile",
        "\t}",
        '\theader @built Cache-Control "public, max-age=31536000, immutable"',
        "\t@gone {",
        "\t\tpath /build/assets/*",
        "\t\tnot file",
        "\t}",
        "\terror @gone 404",
        "\t# Files alone: the size of a compressed page tells whether a guess is right (BREACH).",
        "\t@files path *.css *.js *.mjs *.svg",
        "\tencode @files zstd gzip",
        "\tphp_server",
        "}",
    ]
    return "\n".join(lines) + "\n"
