"""php-fpm's configuration: all of it, so that nothing depends on what the image brings."""

from __future__ import annotations

from holdfast.kube.app import App

RUN = "/run/php-fpm"
"""An emptyDir that php-fpm and nginx share: the socket, and who is still there."""

SOCKET = f"{RUN}/fpm.sock"
PID = f"{RUN}/fpm.pid"

PING = "/php-health"
STATUS = "/php-status"
"""Answered on the socket; nginx passes the first one on, the second to nobody."""

ASIDE_SINCE = 9
"""Laravel 9 needs PHP 8.0, which brought ``pm.status_listen`` (UPGRADING of PHP 8.0)."""


def status_socket(app: App) -> str:
    """Where the state is asked for: apart from requests, or nobody is told when all are busy."""
    return f"{RUN}/status.sock" if app.spec.laravel >= ASIDE_SINCE else SOCKET


def php_fpm_conf(app: App) -> str:
    """``php-fpm.conf``, whose one pool has always the same processes.

    A pool that grows and shrinks saves memory that is reserved for the pod anyway, and has
    visitors wait for forks; pods are what is scaled.
    """
    web, aside = app.spec.web, status_socket(app)
    lines = [
        "[global]",
        f"pid = {PID}",
        "error_log = /proc/self/fd/2",
        "; Longer lines of the application's log would be cut into pieces of 1 KiB.",
        "log_limit = 16384",
        "; 0 would cut off every request at the stop, whatever the signal (fpm_process_ctl.c).",
        f"process_control_timeout = {web.longest_request}s",
        "",
        "[www]",
        "; No port: nobody else in the cluster can speak FastCGI to it.",
        f"listen = {SOCKET}",
        "listen.mode = 0660",
        "pm = static",
        f"pm.max_children = {web.processes}",
        "; Memory that extensions leak is given back.",
        "pm.max_requests = 1000",
        f"pm.status_path = {STATUS}",
        *([f"pm.status_listen = {aside}"] if aside != SOCKET else []),
        f"ping.path = {PING}",
        "; A request that hangs frees its process; a stop never has to wait for longer.",
        f"request_terminate_timeout = {web.longest_request}s",
        "; Configuration is the pod's environment.",
        "clear_env = no",
        "catch_workers_output = yes",
        "decorate_workers_output = no",
    ]
    return "\n".join(lines) + "\n"
