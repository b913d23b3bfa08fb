"""A Laravel directory: its environment and its configuration, read without running it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from holdfast.core.errors import UsageError
from holdfast.project import framework
from holdfast.project.directory import Directory
from holdfast.project.environment import Environment, Process, environment
from holdfast.project.functions import Paths
from holdfast.project.scope import Scope
from holdfast.project.statements import returned
from holdfast.project.syntax import PhpFile, walk, word
from holdfast.project.values import Array, Known, Source, Unknown, Value, Variable
from holdfast.project.version import NEWEST, OLDEST, Release, release

FILES: Final = (
    "app", "auth", "broadcasting", "cache", "cors", "database", "filesystems", "logging", "queue",
    "session", "trustedproxy", "view",
)  # fmt: skip
"""The files of ``config/`` that are the application's and the framework's alone."""

PACKAGES: Final = (
    "debugbar", "horizon", "livewire", "media-library", "octane", "reverb", "sanctum", "telescope",
    "tenancy",
)  # fmt: skip
"""Those that belong to packages: what they do not say has a default in the package."""

_MOVES: Final = (
    "useStoragePath", "useDatabasePath", "useConfigPath", "useEnvironmentPath",
    "loadEnvironmentFrom", "dontMergeFrameworkConfiguration",
)  # fmt: skip
_BOOTSTRAP = "bootstrap/app.php"
_MADE = re.compile(rb"\bnew\s+\\?[\w\\]*Application\b")
_CACHE = "bootstrap/cache/config.php"


@dataclass(frozen=True)
class Project:
    """What a Laravel directory says.

    Args:
        directory: absolute.
        release: of the framework.
        environment: what its ``env()`` answers.
        files: what each configuration file returns, with the framework's own merged below.
        cached: the cached configuration that was read in place of the files; empty for none.
    """

    directory: Path
    release: Release
    environment: Environment
    files: Mapping[str, Value] = field(repr=False)
    cached: str = ""

    def get(self, name: str) -> Value:
        """A setting by its dotted name; null where it surely is not there."""
        first, *below = name.split(".")
        value = self.files.get(first)
        for step in below:
            if isinstance(value, Unknown):
                return value
            if value is None or not isinstance(value.value, Array):
                break
            found = value.value.get(step)
            if found is None and step.isdigit():
                found = value.value.get(int(step))
            value = found
        else:
            if value is not None:
                return value
        where = self.cached or f"config/{first}.php"
        return Known(None, Source((f"not in {where}",)))


def load(
    directory: Directory | Path,
    process: Process,
    *,
    laravel: int | None = None,
    dotenv: bool = True,
) -> Project:
    """Read a project.

    Args:
        directory: with ``composer.json`` and ``config/``. Whoever loads it in several environments
            makes a ``Directory`` once: its files are then parsed once.
        process: the environment of its process; wins over ``.env``, as in Laravel.
        laravel: the major version, where nothing in the directory says it.
        dotenv: whether the application will find the directory's ``.env`` where it runs; an image
            often has none.

    Raises:
        UsageError: no Laravel project, or it is not known of which version.
        FormatError: a file that Laravel itself would refuse; the message names file and line.
        EnvironmentLacking: a file cannot be read, or the extra ``project`` is not installed.
    """
    there = directory if isinstance(directory, Directory) else Directory(directory)
    found = release(there) if laravel is None else _told(laravel)
    if found is None:
        if not any(
            (there.root / name).is_file() for name in ("config/app.php", "config/session.php")
        ):
            raise UsageError(
                f"{there.given} is no Laravel project: it has neither composer.json with"
                " laravel/framework nor config/app.php",
                hint="name the directory that holds composer.json and config",
            )
        raise UsageError(
            f"nothing in {there.given} says which Laravel it runs on",
            hint="say it: --laravel 12",
        )
    if (cached := _cached(there, process)) is not None:
        return _from_cache(there, found, process, cached)
    return _from_files(
        there, found, environment(there, process) if dotenv else Environment(process)
    )


def _cached(there: Directory, process: Process) -> str | Unknown | None:
    """The cached configuration that Laravel would read; None where it has none."""
    named = Environment(process).env("APP_CONFIG_CACHE")
    if isinstance(named, Unknown):
        # What is cached elsewhere is made of the very files that are read instead.
        return named if there.php(_CACHE) else None
    name = str(named[0]) if named and named[0] else _CACHE
    if name.startswith("/") and isinstance(process.get("APP_CONFIG_CACHE"), Variable):
        # A path in a container, which is no path on this machine.
        return None
    return name if there.php(name) else None


def _from_cache(
    there: Directory, found: Release, process: Process, cached: str | Unknown
) -> Project:
    env = Environment(process)
    if isinstance(cached, Unknown):
        return Project(there.root, found, env, dict.fromkeys((*FILES, *PACKAGES), cached))
    whole = _evaluate(there, cached, env, _paths(there.root, found, env, {}))
    files = {name: _member(whole, name) for name in (*FILES, *PACKAGES)}
    present = {name: value for name, value in files.items() if value is not None}
    return Project(there.root, found, env, present, cached)


def _from_files(there: Directory, found: Release, env: Environment) -> Project:
    moves = _moves(there)
    paths = _paths(there.root, found, env, moves)
    tainted = moves.get("useEnvironmentPath") or moves.get("loadEnvironmentFrom")
    merged = found.major >= 11 and "dontMergeFrameworkConfiguration" not in moves
    files: dict[str, Value] = {}
    for name in FILES:
        value: Value | None = moves.get("useConfigPath") or _elsewhere(name, there, found)
        if value is None:
            value = _evaluate(there, f"config/{name}.php", env, paths, tainted=tainted)
        below = _framework(name, there, found, env, paths) if merged else None
        if below is not None:
            value = below if value is None else _merged(name, below, value)
        if value is not None:
            files[name] = value
    for name in PACKAGES:
        value = _evaluate(there, f"config/{name}.php", env, paths, tainted=tainted)
        files[name] = _of_package(name, value)
    return Project(there.root, found, env, files)


def _of_package(name: str, value: Value | None) -> Value:
    """What a package's file says; its service provider merges its own defaults below."""
    rest = Unknown(f"config/{name}.php", name, "what is not in it is up to the package")
    if value is None:
        return Known(Array({}, rest), Source((rest.place,)))
    if isinstance(value, Known) and isinstance(value.value, Array) and not value.value.rest:
        return Known(Array(value.value.items, rest), value.source)
    return value


def _told(laravel: int) -> Release:
    if not OLDEST <= laravel <= NEWEST:
        raise UsageError(f"no Laravel {laravel} is known", hint=f"{OLDEST} to {NEWEST}")
    return Release(laravel, None, None, "--laravel")


def _moves(there: Directory) -> dict[str, Unknown]:
    """The calls of ``bootstrap/app.php`` that move what is read here."""
    file = there.php(_BOOTSTRAP)
    if file is None:
        return {}
    return {
        word(node): Unknown(file.place(node), word(node), "the application moves it by code")
        for node in walk(file.root)
        if node.type == "name" and word(node) in _MOVES
    }


def _elsewhere(name: str, there: Directory, found: Release) -> Unknown | None:
    """What is said of a file of ``config/`` that surely exists somewhere, but not there.

    From 11 on an application may leave out all of them, unless it replaces Laravel's own class.
    """
    if found.major < 11:
        lacking = there.php("config/session.php") is None
        moved = name == "session" or (
            name != "trustedproxy" and there.php("config/app.php") is None
        )
    else:
        file = there.php(_BOOTSTRAP)
        lacking = file is not None and _own_application(file)
        moved = not any(there.php(f"config/{each}.php") for each in FILES)
    if not (lacking and moved):
        return None
    return Unknown(f"config/{name}.php", name, "it is not there; does the code change configPath?")


def _own_application(bootstrap: PhpFile) -> bool:
    """Whether the application is of a class of its own, which may say where anything is."""
    made = _MADE.search(bootstrap.data)
    return made is not None and rb"Illuminate\Foundation" not in bootstrap.data


def _paths(root: Path, found: Release, env: Environment, moves: Mapping[str, Unknown]) -> Paths:
    return Paths(
        base=str(root),
        storage=moves.get("useStoragePath") or _storage(root, found, env),
        database=moves.get("useDatabasePath") or f"{root}/database",
        major=found.major,
    )


def _storage(root: Path, found: Release, env: Environment) -> str | Unknown:
    moved = env.raw("LARAVEL_STORAGE_PATH") if found.major >= 9 else None
    if isinstance(moved, Unknown):
        return moved
    if not moved:
        return f"{root}/storage"
    path, use = moved
    if found.major <= 10 and env.process.get(use.name) is not None:
        # Up to 10 only $_ENV is looked at, and PHP's settings say whether the process's is there.
        return Unknown(use.place, use.name, "Laravel 9 and 10 see it only by PHP's variables_order")
    return path


def _evaluate(
    there: Directory,
    name: str,
    env: Environment,
    paths: Paths,
    *,
    tainted: Unknown | None = None,
) -> Value | None:
    file = there.php(name)
    return None if file is None else returned(Scope(file, env, paths, tainted=tainted))


def _framework(
    name: str, there: Directory, found: Release, env: Environment, paths: Paths
) -> Value | None:
    installed = _evaluate(there, f"vendor/laravel/framework/config/{name}.php", env, paths)
    if installed is not None:
        return installed
    return framework.defaults(name, found.major, env, paths)


def _merged(name: str, below: Value, above: Value) -> Value:
    """PHP's ``array_merge``, and one level deeper where Laravel does that."""
    both = _over(below, above)
    if not isinstance(both, Known) or not isinstance(both.value, Array):
        return both
    items = dict(both.value.items)
    for option in framework.MERGED_TWO_DEEP.get(name, ()):
        ours, theirs = _member(below, option), _member(above, option)
        if ours is not None and theirs is not None:
            items[option] = _over(ours, theirs)
    return Known(Array(items, both.value.rest), both.source)


def _over(below: Value, above: Value) -> Value:
    if isinstance(above, Unknown):
        return above
    if not (isinstance(below, Known) and isinstance(below.value, Array)):
        return above
    if not isinstance(above.value, Array):
        return above
    rest = above.value.rest
    kept = dict.fromkeys(below.value.items, rest) if rest else below.value.items
    items = {name: value for name, value in kept.items() if value is not None}
    return Known(Array({**items, **above.value.items}, rest or below.value.rest), above.source)


def _member(value: Value | None, name: str) -> Value | None:
    if isinstance(value, Known) and isinstance(value.value, Array):
        return value.value.get(name)
    return value if isinstance(value, Unknown) else None
