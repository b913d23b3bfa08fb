"""A Laravel directory: its environment and its configuration, read without running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.project import framework
from holdfast.project.environment import Environment, environment
from holdfast.project.functions import Paths
from holdfast.project.reading import read
from holdfast.project.scope import Scope
from holdfast.project.statements import returned
from holdfast.project.syntax import parse, walk, word
from holdfast.project.values import Array, Known, Source, Unknown, Value
from holdfast.project.version import NEWEST, OLDEST, Release, release

FILES: Final = ("app", "cache", "database", "filesystems", "queue", "session")
"""The files of ``config/`` that are read, in Laravel's order."""

_MOVES: Final = (
    "useStoragePath", "useDatabasePath", "useConfigPath", "useEnvironmentPath",
    "loadEnvironmentFrom", "dontMergeFrameworkConfiguration",
)  # fmt: skip
_BOOTSTRAP = "bootstrap/app.php"
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


def load(directory: Path, process: Mapping[str, str], *, laravel: int | None = None) -> Project:
    """Read a project.

    Args:
        directory: with ``composer.json`` and ``config/``.
        process: the environment of its process; wins over ``.env``, as in Laravel.
        laravel: the major version, where nothing in the directory says it.

    Raises:
        UsageError: no Laravel project, or it is not known of which version.
        FormatError: a file that Laravel itself would refuse; the message names file and line.
        EnvironmentLacking: a file cannot be read, or the extra ``project`` is not installed.
    """
    root = _resolved(directory)
    found = release(root) if laravel is None else _told(laravel)
    if found is None:
        if not any((root / name).is_file() for name in ("config/app.php", "config/session.php")):
            raise UsageError(
                f"{directory} is no Laravel project: it has neither composer.json with"
                " laravel/framework nor config/app.php",
                hint="name the directory that holds composer.json and config",
            )
        raise UsageError(
            f"nothing in {directory} says which Laravel it runs on",
            hint="say it: --laravel 12",
        )
    return _load(root, found, process)


def _load(root: Path, found: Release, process: Mapping[str, str]) -> Project:
    cache = Environment(process).env("APP_CONFIG_CACHE")
    cached = str(cache[0]) if cache and cache[0] else _CACHE
    if (data := read(root / cached)) is not None:
        env = Environment(process)
        whole = _evaluate(data, cached, root, env, _paths(root, found, env, {}))
        files = {name: _member(whole, name) for name in FILES}
        return Project(
            root, found, env, {name: v for name, v in files.items() if v is not None}, cached
        )
    moves = _moves(root)
    env = environment(root, process)
    paths = _paths(root, found, env, moves)
    tainted = moves.get("useEnvironmentPath") or moves.get("loadEnvironmentFrom")
    merged = found.major >= 11 and "dontMergeFrameworkConfiguration" not in moves
    read_files: dict[str, Value] = {}
    for name in FILES:
        value: Value | None = moves.get("useConfigPath")
        if value is None:
            data = read(root / f"config/{name}.php")
            if data is not None:
                value = _evaluate(data, f"config/{name}.php", root, env, paths, tainted=tainted)
        below = _framework(name, root, found, env, paths) if merged else None
        if below is not None:
            value = below if value is None else _merged(name, below, value)
        if value is not None:
            read_files[name] = value
    return Project(root, found, env, read_files)


def _resolved(directory: Path) -> Path:
    try:
        root = directory.resolve(strict=True)
    except FileNotFoundError:
        raise UsageError(
            f"there is no directory {directory}", hint="name that of a Laravel project"
        ) from None
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or "its links go in a circle"
        raise EnvironmentLacking(
            f"cannot read {directory}: {why}", hint="name that of a Laravel project"
        ) from error
    if not root.is_dir():
        raise UsageError(
            f"{directory} is no directory", hint="name the directory that holds composer.json"
        )
    return root


def _told(laravel: int) -> Release:
    if not OLDEST <= laravel <= NEWEST:
        raise UsageError(f"no Laravel {laravel} is known", hint=f"{OLDEST} to {NEWEST}")
    return Release(laravel, None, None, "--laravel")


def _moves(root: Path) -> dict[str, Unknown]:
    """The calls of ``bootstrap/app.php`` that move what is read here."""
    data = read(root / _BOOTSTRAP)
    if data is None:
        return {}
    file = parse(data, _BOOTSTRAP, str(root / _BOOTSTRAP))
    return {
        word(node): Unknown(file.place(node), word(node), "the application moves it by code")
        for node in walk(file.root)
        if node.type == "name" and word(node) in _MOVES
    }


def _paths(root: Path, found: Release, env: Environment, moves: Mapping[str, Unknown]) -> Paths:
    storage: str | Unknown = moves.get("useStoragePath") or f"{root}/storage"
    moved = env.raw("LARAVEL_STORAGE_PATH") if found.major >= 9 else None
    if moved and "useStoragePath" not in moves:
        path, use = moved
        # Up to 10 only $_ENV is looked at, and PHP's settings say whether the process's is there.
        storage = (
            Unknown(use.place, use.name, "Laravel 9 and 10 see it only by PHP's variables_order")
            if found.major <= 10 and use.place == "environment"
            else path
        )
    return Paths(
        base=str(root),
        storage=storage,
        database=moves.get("useDatabasePath") or f"{root}/database",
        major=found.major,
    )


def _evaluate(
    data: bytes,
    name: str,
    root: Path,
    env: Environment,
    paths: Paths,
    *,
    tainted: Unknown | None = None,
) -> Value:
    file = parse(data, name, str((root / name).resolve()))
    return returned(Scope(file, env, paths, tainted=tainted))


def _framework(
    name: str, root: Path, found: Release, env: Environment, paths: Paths
) -> Value | None:
    there = f"vendor/laravel/framework/config/{name}.php"
    if (data := read(root / there)) is not None:
        return _evaluate(data, there, root, env, paths)
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
    return Known(Array({**items, **above.value.items}, rest), above.source)


def _member(value: Value | None, name: str) -> Value | None:
    if isinstance(value, Known) and isinstance(value.value, Array):
        return value.value.get(name)
    return value if isinstance(value, Unknown) else None
