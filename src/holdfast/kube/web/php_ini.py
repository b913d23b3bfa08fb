"""What PHP is told beside the settings of the image, whichever server runs it."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.quantity import whole

DIRECTORY = "/etc/holdfast"
"""Where the configuration of the web pods' servers is mounted."""

FILE = "holdfast.ini"

ENVIRONMENT = {"PHP_INI_SCAN_DIR": f":{DIRECTORY}"}
"""The empty first entry is the directory that PHP was compiled with, where images load their
extensions (PHP manual, «The configuration file», PHP_INI_SCAN_DIR)."""


def php_ini(app: App) -> str:
    """A file of PHP's configuration; ``memory_limit`` stays the image's."""
    body = whole(app.spec.web.max_body)
    lines = [
        "; nginx and PHP refuse the same bodies, so nobody sees a form that comes in empty.",
        f"post_max_size = {body}",
        f"upload_max_filesize = {body}",
        "; Code never changes under a running pod.",
        "opcache.enable = 1",
        "opcache.validate_timestamps = 0",
        "; Errors are for the log, not for visitors: without a php.ini PHP shows them.",
        "display_errors = Off",
        "log_errors = On",
        "expose_php = Off",
    ]
    if app.spec.web.runtime != "octane":  # whose workers are one long run of PHP
        lines.append(f"max_execution_time = {app.spec.web.longest_request}")
    return "\n".join(lines) + "\n"
