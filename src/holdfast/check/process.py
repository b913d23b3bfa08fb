"""What runs Laravel: a container and what it is there for, with the settings that it computes."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from holdfast.check.finding import Finding
from holdfast.check.kubernetes.workload import Container, Workload
from holdfast.project.sessions import without_sessions
from holdfast.project.values import Unknown

if TYPE_CHECKING:
    from holdfast.check.settings import Settings
    from holdfast.check.target import App


class Role(enum.StrEnum):
    """What a process is there for."""

    WEB = "web"
    WORKER = "worker"
    SCHEDULER = "scheduler"
    WEBSOCKET = "websocket"
    TASK = "task"
    """It ends: a migration, a command of a CronJob."""


_COMMANDS: Final = (
    (Role.WORKER, re.compile(r"\bartisan\b.*\b(queue:work|queue:listen|horizon)\b", re.DOTALL)),
    (Role.SCHEDULER, re.compile(r"\bartisan\b.*\b(schedule:work|schedule:run)\b", re.DOTALL)),
    (Role.WEBSOCKET, re.compile(r"\bartisan\b.*\b(reverb:start|websockets:serve)\b", re.DOTALL)),
)
_NAMED: Final = (
    (Role.WORKER, re.compile(r"(?:^|[^a-z])(?:worker|workers|queue|queues|horizon)(?![a-z])")),
    (Role.SCHEDULER, re.compile(r"(?:^|[^a-z])(?:scheduler|schedule|cron)(?![a-z])")),
    (Role.WEBSOCKET, re.compile(r"(?:^|[^a-z])(?:reverb|websockets?|soketi)(?![a-z])")),
)
"""What an image that serves several ends is told to be, by a variable or by a name."""
_TOLD_BY: Final = ("CONTAINER_MODE", "CONTAINER_ROLE", "APP_ROLE", "PROCESS_TYPE", "ROLE")
_LARAVEL: Final = frozenset((
    "APP_ENV", "APP_URL", "APP_DEBUG", "APP_NAME", "CACHE_DRIVER", "CACHE_STORE",
    "QUEUE_CONNECTION", "DB_CONNECTION", "LOG_CHANNEL", "BROADCAST_DRIVER", "FILESYSTEM_DISK",
))  # fmt: skip
"""Variables that other programs may have too; two of them make it Laravel."""
_WORD: Final = re.compile(r"[a-z]+")
_OTHERS: Final = frozenset((
    "nginx", "caddy", "httpd", "proxy", "static", "assets", "frontend", "node", "vite", "mysql",
    "mariadb", "postgres", "postgresql", "database", "db", "redis", "memcached", "mailpit", "minio",
    "exporter", "codebase", "code", "init",
))  # fmt: skip
"""Words in the names of containers that stand beside Laravel."""
_LARAVEL_ALONE: Final = frozenset(("APP_KEY", "SESSION_DRIVER", "SESSION_LIFETIME"))


@dataclass(frozen=True, eq=False)
class Process:
    """Something that runs Laravel.

    Args:
        app: the application that it is a part of.
        role: what it is there for.
        container: that it runs in; None where no manifest says how it runs.
        settings: what Laravel computes there.
    """

    app: App = field(repr=False)
    role: Role
    container: Container | None
    settings: Settings = field(repr=False)

    @property
    def workload(self) -> Workload | None:
        """That it belongs to."""
        return self.container.workload if self.container else None

    @property
    def name(self) -> str:
        """As people call it in a sentence: the workload's name."""
        return self.workload.name if self.workload else "the application"

    @property
    def endless(self) -> bool:
        """Whether it is to run for ever."""
        return self.workload is not None and self.workload.endless

    @property
    def sessionless(self) -> bool:
        """Whether it surely opens no session, whatever its driver is: it answers an API alone."""
        directory = self.app.directory
        return directory is not None and directory.of(without_sessions)

    def unknown(self, name: str) -> Finding | None:
        """What a rule says of a setting that it needs and that cannot be told; None where it can.

        Args:
            name: of the setting, dotted.
        """
        found = self.settings.get(name)
        if not isinstance(found, Unknown):
            return None
        place = self.settings.spot(found.place)
        if not place.file and self.container is not None:
            place = self.container.at("name")
        return Finding(
            place,
            f"{name} of {self} cannot be told: {found.why}.",
            "name the Laravel project and its ConfigMaps too, or say it: --env NAME=VALUE",
            str(self),
            unknown=True,
        )

    def __str__(self) -> str:
        """Whom a finding befalls: ``Deployment shop/web``."""
        if self.workload is None:
            return self.app.name
        several = self.app.containers_of[id(self.workload)] > 1
        name = f" ({self.container.name})" if self.container and several else ""
        return f"{self.workload}{name}"


def runs_laravel(container: Container) -> bool:
    """Whether a container surely runs Laravel: by what it executes, its variables or its name."""
    if container.executes("artisan") or _is_called_laravel(container):
        return True
    names = container.env.keys()
    return bool(_LARAVEL_ALONE & names) or len(_LARAVEL & names) >= 2


def by_name_alone(container: Container) -> bool:
    """Whether nothing but its name says that a container runs Laravel: no variable, no command."""
    names = container.env.keys()
    return (
        _is_called_laravel(container)
        and not container.env.more
        and not (_LARAVEL | _LARAVEL_ALONE) & names
        and not container.executes("artisan")
    )


def _is_called_laravel(container: Container) -> bool:
    """Whether it, or its image, is called so, and no word of the names is another program's."""
    called = set(_WORD.findall(f"{container.name} {container.image.rpartition('/')[2]}".lower()))
    return not container.init and "laravel" in called and not called & _OTHERS


def role(container: Container) -> Role:
    """What a Laravel container is there for."""
    command = " ".join(container.command)
    for found, pattern in _COMMANDS:
        if pattern.search(command):
            return found
    workload = container.workload
    if not workload.endless or container.init:
        return Role.TASK
    told = (container.env.value(name) for name in _TOLD_BY)
    for words in (*filter(None, told), container.name, workload.name):
        for found, pattern in _NAMED:
            if pattern.search(words.lower()):
                return found
    return Role.WEB
