"""PHP as a server: php-fpm behind a web server, and the development server ``php -S``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from signal import SIGINT, SIGQUIT

from holdfast.servers.ports import LOOPBACK
from holdfast.servers.process import Process
from holdfast.servers.programs import find_program, require_program

FPM_NAMES = ("php-fpm", "php-fpm[0-9]*")
FPM_PACKAGE = "php8.2-fpm"
CLI_PACKAGE = "php8.2-cli"

STOP_SECONDS = 30
"""How long php-fpm lets its workers finish after SIGQUIT.

At its default of 0 the master follows up at once and cuts the requests in flight. Whoever stops the
server sets the real limit: a grace, and SIGKILL after it.
"""

_SETTINGS = {
    "display_errors": "0",
    "log_errors": "1",
    "opcache.enable": "1",
    "opcache.enable_cli": "1",
    # A replica's code never changes while it lives, as in an image.
    "opcache.validate_timestamps": "0",
    "opcache.memory_consumption": "64",
}


def fpm_program() -> str | None:
    """The path of php-fpm, the newest where there are several, or None."""
    return find_program(*FPM_NAMES)


def php_program() -> str:
    """The path of PHP's command line.

    Raises:
        EnvironmentLacking: it is not installed.
    """
    return require_program("php", "php[0-9]*", package=CLI_PACKAGE)


def fpm_config(*, socket: Path, error_log: Path, workers: int, settings: Mapping[str, str]) -> str:
    """A php-fpm configuration: one pool with a fixed number of workers on a unix socket.

    The pool hands its own environment on (``clear_env = no``), as official PHP images are usually
    set up: an APP_KEY then stands in no file, and its ``=`` needs no quoting (``env[APP_KEY] =
    base64:...=`` without quotes is a syntax error).
    """
    values = {**_SETTINGS, "error_log": str(error_log), **settings}
    lines = [
        "[global]",
        "daemonize = no",
        f"error_log = {error_log}",
        "log_level = warning",
        f"process_control_timeout = {STOP_SECONDS}s",
        "",
        "[app]",
        *(("user = root", "group = root") if os.geteuid() == 0 else ()),
        f"listen = {socket}",
        "listen.mode = 0600",
        "pm = static",
        f"pm.max_children = {workers}",
        "clear_env = no",
        "catch_workers_output = yes",
        "decorate_workers_output = no",
        *(f'php_admin_value[{name}] = "{value}"' for name, value in values.items()),
    ]
    return "\n".join(lines) + "\n"


def php_fpm(
    directory: Path,
    *,
    socket: Path,
    env: Mapping[str, str],
    workers: int = 4,
    settings: Mapping[str, str] | None = None,
) -> Process:
    """Start php-fpm; it is ready when ``socket`` accepts connections.

    Args:
        directory: an existing directory for its configuration and logs.
        socket: where it listens, at most 107 bytes long.
        env: its whole environment, and that of every worker.
        workers: requests that it serves at a time.
        settings: php.ini values beside ours (opcache on, no errors in the output).

    Raises:
        EnvironmentLacking: php-fpm is not installed.
    """
    program = require_program(*FPM_NAMES, package=FPM_PACKAGE)
    config = directory / "fpm.conf"
    error_log = directory / "php-fpm-errors.log"
    config.write_text(
        fpm_config(socket=socket, error_log=error_log, workers=workers, settings=settings or {})
    )
    return Process(
        # Root is what `make demo` runs as in a container; PHP gets the rights of its starter.
        [program, "--nodaemonize", "--allow-to-run-as-root", "--fpm-config", config],
        directory,
        name="php-fpm",
        env=env,
        package=FPM_PACKAGE,
        stop_signal=SIGQUIT,
    )


def php_cli_server(
    directory: Path,
    *,
    port: int,
    docroot: Path,
    router: Path,
    env: Mapping[str, str],
    workers: int = 4,
) -> Process:
    """Start ``php -S`` on a loopback port, where php-fpm or a web server for it is missing.

    Its workers outlive a master that is killed, and are not told of its stop signal: that goes to
    the whole group, and each worker then finishes what it does.

    Raises:
        EnvironmentLacking: PHP is not installed.
    """
    settings = [part for name, value in _SETTINGS.items() for part in ("-d", f"{name}={value}")]
    return Process(
        [php_program(), *settings, "-S", f"{LOOPBACK}:{port}", "-t", docroot, router],
        directory,
        name="php",
        env={**env, "PHP_CLI_SERVER_WORKERS": str(workers)},
        package=CLI_PACKAGE,
        stop_signal=SIGINT,
        stop_group=True,
    )
