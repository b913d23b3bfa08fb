"""A Laravel replica: php-fpm behind nginx where both are installed, else ``php -S``."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.application import Container, Pod, Readiness
from holdfast.rehearsal.backing import database_settings
from holdfast.rehearsal.compare import Setup
from holdfast.servers.nginx import nginx_fastcgi, nginx_program
from holdfast.servers.php import fpm_program, php_cli_server, php_fpm, php_program
from holdfast.stores.database import DatabaseStore

FIXTURE = Path(__file__).with_name("laravel_fixture")
"""Our own minimal application, on Debian's framework or that of LARAVEL_AUTOLOAD."""

PACKAGES = (
    "php-laravel-framework php8.2-cli php8.2-fpm php-redis php8.2-sqlite3 nginx-light haproxy"
)
WORKERS = 4

FRAMEWORK = "/usr/share/php/Illuminate/autoload.php"
_EXTENSIONS = {
    "redis": ("redis", "php-redis"),
    "memcached": ("memcached", "php-memcached"),
    "sqlite": ("pdo_sqlite", "php8.2-sqlite3"),
    "postgresql": ("pdo_pgsql", "php8.2-pgsql"),
    "mariadb": ("pdo_mysql", "php8.2-mysql"),
}
"""The extension, and Debian's package of it, that a driver or an engine of database needs."""
_PROBE_SECONDS = 20

Server = Literal["auto", "fpm", "cli"]


@dataclass(frozen=True, slots=True)
class Laravel:
    """Our own Laravel application on real PHP.

    Args:
        setup: where its sessions go.
        server: as for :func:`php_containers`.
    """

    setup: Setup
    server: Server = "auto"

    @property
    def ready(self) -> Readiness:
        """``GET /healthz`` opens no session."""
        return Readiness()

    def require(self) -> None:
        """Raise EnvironmentLacking where PHP, an extension or the framework is missing."""
        framework = Path(os.environ.get("LARAVEL_AUTOLOAD") or FRAMEWORK)
        if not framework.is_file():
            raise EnvironmentLacking(
                f"Laravel is not installed: no {framework}", hint=f"as root: apt install {PACKAGES}"
            )
        require_php(self.setup)

    def containers(self, pod: Pod) -> Sequence[Container]:
        """php-fpm and nginx, or one ``php -S``."""
        environment = pod.environment(
            {**pod.backing.laravel, "APP_NAME": "Laravel", "POD_STORAGE": str(pod.storage)}
        )
        return php_containers(pod, FIXTURE / "public", environment, self.server)

    def create_tables(self, store: DatabaseStore) -> None:
        """Make Laravel's session, cache and lock tables in an empty database. Blocks.

        Raises:
            EnvironmentLacking: PHP or its extension for the database is missing, or it failed.
        """
        if isinstance(store.at, Path):
            store.at.touch()
        with tempfile.TemporaryDirectory(prefix="holdfast-") as storage:
            environment = {
                "PATH": os.environ.get("PATH", os.defpath),
                "POD_STORAGE": storage,
                **database_settings(store),
            }
            if framework := os.environ.get("LARAVEL_AUTOLOAD"):
                environment["LARAVEL_AUTOLOAD"] = framework
            done = subprocess.run(
                [php_program(), FIXTURE / "bin/migrate.php"],
                env=environment,
                capture_output=True,
                text=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise EnvironmentLacking(
                f"the tables could not be made: {said[0] if said else 'php said nothing'}",
                hint=f"as root: apt install {PACKAGES}",
            )


def require_php(setup: Setup) -> None:
    """Raise EnvironmentLacking where PHP is missing, or its extension for the store. Blocks."""
    php = php_program()
    kind = setup.engine or "sqlite" if setup.driver == "database" else setup.driver
    if kind in _EXTENSIONS:
        extension, package = _EXTENSIONS[kind]
        probe = f"exit(extension_loaded('{extension}') ? 0 : 1);"
        if subprocess.run([php, "-r", probe], timeout=_PROBE_SECONDS, check=False).returncode:
            raise EnvironmentLacking(
                f"PHP has no extension {extension}", hint=f"as root: apt install {package}"
            )


def php_containers(
    pod: Pod, public: Path, environment: Mapping[str, str], server: Server
) -> Sequence[Container]:
    """What serves a Laravel application in a pod, each answer with the replica's name.

    Args:
        pod: whose port it is.
        public: the directory of the application's index.php.
        environment: all of it.
        server: ``fpm`` and nginx, ``cli`` for ``php -S``, or ``auto``: the first where both are
            installed.
    """
    headers = {
        "X-Holdfast-Replica": pod.endpoint.name,
        "X-Holdfast-Generation": str(pod.endpoint.generation),
    }
    port = pod.endpoint.port
    if server == "cli" or (server == "auto" and not _fpm_and_nginx()):
        router = pod.directory / "router.php"
        lines = [f"header('{name}: {value}');" for name, value in headers.items()]
        router.write_text("\n".join(["<?php", *lines, f"require '{public}/index.php';", ""]))
        return [
            lambda: php_cli_server(
                pod.directory,
                port=port,
                docroot=public,
                router=router,
                env=environment,
                workers=WORKERS,
            )
        ]
    socket = pod.directory / "fpm.sock"
    return [
        lambda: php_fpm(pod.directory, socket=socket, env=environment, workers=WORKERS),
        lambda: nginx_fastcgi(
            pod.directory, port=port, docroot=public, socket=socket, headers=headers
        ),
    ]


def _fpm_and_nginx() -> bool:
    return fpm_program() is not None and nginx_program() is not None
