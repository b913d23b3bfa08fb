"""A Laravel application of somebody's own, which knows nothing of rehearsals.

Its replicas run copies, as pods run an image: each has a storage and a bootstrap/cache of its own.
Its ``.env`` counts, and everything that it says; only the sessions go to the store of the run.
"""

from __future__ import annotations

import base64
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.laravel.config import SessionConfig
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.keys import KEY_BYTES
from holdfast.project.effective import Effective, effective_session
from holdfast.project.project import Project, load
from holdfast.rehearsal.application import Container, Pod, Readiness
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.laravel import Server, php_containers, require_php
from holdfast.rehearsal.observation import Reader
from holdfast.rehearsal.session_settings import session_settings, write_settings
from holdfast.rehearsal.site import Login, Site
from holdfast.stores.database import DatabaseStore

BELOW = 500
"""The status below which an application serves; a login page or none at all is an answer too."""

_NO_CACHE = "bootstrap/cache/none.php"
"""A cached configuration would hide the environment, and ours: the copies have none."""

_LEFT_OUT = ("vendor", "node_modules", "storage", ".git")
_CACHES = Path("bootstrap/cache")
_STORAGE = ("app/public", "framework/sessions", "framework/views", "framework/cache/data", "logs")


@dataclass(frozen=True, slots=True)
class OwnApplication:
    """What was read of an application's directory.

    Args:
        directory: absolute; it has ``public/index.php`` and ``vendor/autoload.php``.
        site: for its visitors.
        ready: when a replica takes traffic.
        app_key: its own, or one for this rehearsal where it has none.
        redis_connection: the name of its Redis connection for sessions.
    """

    directory: Path
    site: Site
    ready: Readiness
    app_key: str = field(repr=False)
    redis_connection: str


def own_application(
    directory: Path,
    env: Mapping[str, str],
    *,
    path: str = "/",
    login: Login | None = None,
    ready: str | None = None,
) -> OwnApplication:
    """Read a Laravel directory.

    Args:
        directory: the application's.
        env: this process's environment, of which APP_KEY alone reaches the replicas.
        path: the page that visitors load.
        login: how they log in; None: they stay guests.
        ready: the path that answers once a replica serves; default: ``/up`` from Laravel 11 on,
            which its skeleton has, and ``path`` before.

    Raises:
        UsageError: no Laravel application, or nobody can tell how it names its session cookie.
        FormatError, EnvironmentLacking: a file of it cannot be read; nothing is installed in it.
    """
    root = directory.resolve()
    if not (root / "public/index.php").is_file():
        raise UsageError(
            f"{directory} is not a Laravel application: it has no public/index.php",
            hint="name the directory that holds composer.json",
        )
    if not (root / "vendor/autoload.php").is_file():
        raise EnvironmentLacking(
            f"{directory} has no vendor/autoload.php", hint="run `composer install` there"
        )
    project = _project(root, env)
    found = effective_session(project)
    config = _config(found, directory)
    key = config.key.reveal() or _fresh_key(config.cipher)
    return OwnApplication(
        directory=root,
        site=_site(config, key, path, login),
        ready=Readiness(ready or ("/up" if project.release.major >= 11 else path), BELOW),
        app_key=key,
        redis_connection=found.redis.name if found.redis else "default",
    )


def site_elsewhere(
    directory: Path, env: Mapping[str, str], *, path: str = "/", login: Login | None = None
) -> Site:
    """What visitors must know of an application that runs elsewhere, from its directory here.

    Raises:
        UsageError, FormatError: as for :func:`own_application`.
    """
    config = _config(effective_session(_project(directory.resolve(), env)), directory)
    return _site(config, config.key.reveal(), path, login)


def _project(root: Path, env: Mapping[str, str]) -> Project:
    process = {"APP_CONFIG_CACHE": _NO_CACHE}
    if env.get("APP_KEY"):
        process["APP_KEY"] = env["APP_KEY"]
    return load(root, process)


def _config(found: Effective, directory: Path) -> SessionConfig:
    if found.config is None:
        first = next(missing for missing in found.missing if missing.needed)
        raise UsageError(
            f"the setting {first.name} of {directory} cannot be told: {first.place}: {first.why}",
            hint=f"`holdfast config {directory}` shows all",
        )
    return found.config


def _site(config: SessionConfig, key: str, path: str, login: Login | None) -> Site:
    previous = [secret.reveal() for secret in config.previous_keys]
    return Site(
        Reader(
            config.cookie,
            Encrypter.from_app_key(key, config.cipher, previous) if key else None,
        ),
        path,
        login,
        encrypt=config.encrypt,
        serialization=config.serialization,
    )


@dataclass(frozen=True, slots=True)
class Copies:
    """The application as the replicas of one setup run it.

    Args:
        own: the application.
        setup: where its sessions go.
        server: as for :func:`holdfast.rehearsal.laravel.php_containers`.
    """

    own: OwnApplication
    setup: Setup
    server: Server = "auto"

    @property
    def ready(self) -> Readiness:
        """The application's."""
        return self.own.ready

    def require(self) -> None:
        """Raise EnvironmentLacking where PHP or an extension is missing.

        Raises:
            UsageError: its sessions cannot be kept so.
        """
        if self.setup.block and self.setup.driver == "database":
            raise UsageError(
                f"+block with the driver database needs tables for locks, in {self.setup.name!r}",
                hint="for an application of your own write redis+block or file:shared+block",
            )
        require_php(self.setup)

    def containers(self, pod: Pod) -> Sequence[Container]:
        """PHP on a fresh copy."""
        root = self._copy(pod.directory / "app")
        settings = session_settings(self.setup, pod.backing, root)
        write_settings(root, settings, self.own.redis_connection)
        return php_containers(pod, root / "public", pod.environment({}), self.server)

    def create_tables(self, store: DatabaseStore) -> None:
        """The session table, made by our own store; no other table of the application."""
        store.create_table()

    def _copy(self, root: Path) -> Path:
        project = self.own.directory
        try:
            shutil.copytree(project, root, symlinks=True, ignore=self._left_out)
        except shutil.Error as error:
            where, _, why = error.args[0][0]
            raise EnvironmentLacking(
                f"{project} cannot be copied: {where}: {why}",
                hint="each replica runs a copy; make it readable, or take it out of the directory",
            ) from error
        (root / "vendor").symlink_to((project / "vendor").resolve())
        for name in _STORAGE:
            (root / "storage" / name).mkdir(parents=True)
        (root / "bootstrap/cache").mkdir(parents=True, exist_ok=True)
        return root

    def _left_out(self, directory: str, names: list[str]) -> list[str]:
        here = Path(directory).relative_to(self.own.directory)
        if here == Path():
            return [name for name in names if name in _LEFT_OUT]
        # Caches of what the environment decides; each copy makes its own.
        return [name for name in names if here == _CACHES and name.endswith(".php")]


def _fresh_key(cipher: str) -> str:
    return "base64:" + base64.b64encode(secrets.token_bytes(KEY_BYTES[cipher])).decode()
