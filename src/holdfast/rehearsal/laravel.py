"""A Laravel replica: php-fpm behind nginx where both are installed, else ``php -S``."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.application import Container, Pod
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

_FRAMEWORK = "/usr/share/php/Illuminate/autoload.php"
_EXTENSIONS = {
    "redis": ("redis", "php-redis"),
    "sqlite": ("pdo_sqlite", "php8.2-sqlite3"),
    "postgresql": ("pdo_pgsql", "php8.2-pgsql"),
    "mariadb": ("pdo_mysql", "php8.2-mysql"),
}
"""The extension, and Debian's package of it, that a driver or an engine of database needs."""
_PROBE_SECONDS = 20
_LEFT_OUT = ("vendor", "node_modules", "storage", ".git")


@dataclass(frozen=True, slots=True)
class Laravel:
    """A Laravel application on real PHP.

    Args:
        driver, engine: the setup's, for the PHP extension that it needs.
        project: a directory with ``public/index.php``; our own fixture, or a whole Laravel project.
        server: ``fpm``, ``cli``, or ``auto``: php-fpm and nginx where both are installed.
    """

    driver: str
    project: Path = FIXTURE
    server: str = field(default="auto")
    engine: str | None = None

    def require(self) -> None:
        """Raise EnvironmentLacking where PHP, an extension or the framework is missing.

        Raises:
            UsageError: ``project`` is not a Laravel application.
        """
        if not (self.project / "public/index.php").is_file():
            raise UsageError(
                f"{self.project} is not a Laravel application: it has no public/index.php",
                hint="name the directory that holds composer.json",
            )
        if self.project != FIXTURE and not (self.project / "vendor/autoload.php").is_file():
            raise EnvironmentLacking(
                f"{self.project} has no vendor/autoload.php", hint="run `composer install` there"
            )
        framework = Path(os.environ.get("LARAVEL_AUTOLOAD") or _FRAMEWORK)
        if self.project == FIXTURE and not framework.is_file():
            raise EnvironmentLacking(
                f"Laravel is not installed: no {framework}", hint=f"as root: apt install {PACKAGES}"
            )
        php = php_program()
        kind = self.engine or "sqlite" if self.driver == "database" else self.driver
        if kind in _EXTENSIONS:
            extension, package = _EXTENSIONS[kind]
            probe = f"exit(extension_loaded('{extension}') ? 0 : 1);"
            if subprocess.run([php, "-r", probe], timeout=_PROBE_SECONDS, check=False).returncode:
                raise EnvironmentLacking(
                    f"PHP has no extension {extension}", hint=f"as root: apt install {package}"
                )

    def containers(self, pod: Pod) -> Sequence[Container]:
        """php-fpm and nginx, or one ``php -S``."""
        root = self.project if self.project == FIXTURE else self._copy(pod.directory / "app")
        public = root / "public"
        environment = pod.environment(
            {**pod.backing.laravel, "APP_NAME": "Laravel", "POD_STORAGE": str(pod.storage)}
        )
        port = pod.endpoint.port
        if self.server == "cli" or (self.server == "auto" and not _fpm_and_nginx()):
            return [
                lambda: php_cli_server(
                    pod.directory,
                    port=port,
                    docroot=public,
                    router=public / "index.php",
                    env=environment,
                    workers=WORKERS,
                )
            ]
        socket = pod.directory / "fpm.sock"
        headers = {
            "X-Holdfast-Replica": pod.endpoint.name,
            "X-Holdfast-Generation": str(pod.endpoint.generation),
        }
        return [
            lambda: php_fpm(pod.directory, socket=socket, env=environment, workers=WORKERS),
            lambda: nginx_fastcgi(
                pod.directory, port=port, docroot=public, socket=socket, headers=headers
            ),
        ]

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

    def _copy(self, root: Path) -> Path:
        """A copy of the project, as an image has one: its storage and caches are its own."""
        shutil.copytree(
            self.project,
            root,
            symlinks=True,
            ignore=lambda directory, names: [
                name
                for name in names
                if (name in _LEFT_OUT and Path(directory) == self.project)
                # A cached configuration would hide the environment.
                or (name.endswith(".php") and Path(directory) == self.project / "bootstrap/cache")
            ],
        )
        (root / "vendor").symlink_to((self.project / "vendor").resolve())
        for name in ("framework/sessions", "framework/views", "framework/cache/data", "logs"):
            (root / "storage" / name).mkdir(parents=True)
        (root / "bootstrap/cache").mkdir(parents=True, exist_ok=True)
        return root


def _fpm_and_nginx() -> bool:
    return fpm_program() is not None and nginx_program() is not None


def laravel(setup: Setup, project: Path | None = None) -> Laravel:
    """The application of a setup; ``project`` None is our own fixture."""
    project = FIXTURE if project is None else project.resolve()
    return Laravel(setup.driver, project, engine=setup.engine)
