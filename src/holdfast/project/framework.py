"""The framework's own configuration, which Laravel 11 and later merge below the application's.

From data of our own (``defaults.py``): only what has to do with sessions, and the defaults of what
replicas must share. What is left out of a file is unknown. Where the files themselves are there, in
``vendor/laravel/framework/config``, those are read instead of this.
"""

from __future__ import annotations

from typing import Final

from holdfast.laravel.names import snake
from holdfast.project.defaults import Below, Cast, Env, Named, Part, Tree, Words, trees
from holdfast.project.environment import Environment
from holdfast.project.functions import METHODS, Paths
from holdfast.project.operators import Plain, text, truth
from holdfast.project.values import Array, Key, Known, Source, Undecidable, Unknown, Value

VERSIONS: Final = {11: "11.56", 12: "12.67", 13: "13.26"}
"""From which release the defaults of each version are."""

MERGED_TWO_DEEP: Final = {
    "auth": ("guards", "providers", "passwords"),
    "broadcasting": ("connections",),
    "cache": ("stores",),
    "database": ("connections",),
    "filesystems": ("disks",),
    "logging": ("channels",),
    "queue": ("connections",),
}
"""Whose elements are merged too, not only the file's (Foundation/Bootstrap/LoadConfiguration)."""


def defaults(file: str, major: int, environment: Environment, paths: Paths) -> Value | None:
    """What the framework itself has for a configuration file; None where it has none here.

    Args:
        file: ``session``, ``cache``, ...
        major: 11 or later.
        environment, paths: what its values are made of.
    """
    tree = trees(major).get(file)
    if tree is None:
        return None
    place = f"Laravel {VERSIONS[major]}'s default"
    return _Reader(place, environment, paths).value(tree)


class _Reader:
    def __init__(self, place: str, environment: Environment, paths: Paths) -> None:
        self._place = place
        self._environment = environment
        self._paths = paths

    def value(self, tree: Tree) -> Value:
        source = Source((self._place,))
        match tree:
            case dict():
                return Known(Array({key: self.value(below) for key, below in tree.items()}), source)
            case list():
                return Known(Array(dict(enumerate(map(self.value, tree)))), source)
            case Part(items):
                why = "Holdfast does not keep this default of the framework's"
                known: dict[Key, Value] = {key: self.value(tree) for key, tree in items.items()}
                return Known(Array(known, Unknown(self._place, "", why)), source)
            case Env(name, default):
                return self._variable(name) or self.value(default)
            case Cast(function, variable):
                found = self.value(variable)
                if isinstance(found, Unknown):
                    return found
                try:
                    return Known(function(found.value), source.made_with([found.source]))
                except Undecidable as reason:
                    return Unknown(self._place, variable.name, str(reason))
            case Below(root, path):
                where = self._paths.storage if root == "storage" else self._paths.database
                if isinstance(where, Unknown):
                    return where
                return Known(self._paths.joined(where, path), source)
            case Named(name, style, suffix):
                return self._variable(name) or self._of_the_name(style, suffix)
            case Words(name):
                return self._words(name)
        return Known(tree, source)

    def _variable(self, name: str) -> Value | None:
        found = self._environment.env(name)
        if found is None or isinstance(found, Unknown):
            return found
        return Known(found[0], Source((self._place,), (found[1],), direct=True))

    def _of_the_name(self, style: str, suffix: str) -> Value:
        app_name = self._variable("APP_NAME") or self.value("laravel")
        if isinstance(app_name, Unknown):
            return app_name
        source = Source((self._place,)).made_with([app_name.source])
        try:
            stem: Plain = (
                snake(text(app_name.value))
                if style == "snake"
                else METHODS["illuminate\\support\\str::slug"](app_name.value, style)
            )
        except Undecidable as reason:
            return Unknown(self._place, "APP_NAME", str(reason))
        return Known(f"{text(stem)}{suffix}", source)

    def _words(self, name: str) -> Value:
        found = self._variable(name)
        if isinstance(found, Unknown):
            return found
        source = found.source if found else Source((self._place,))
        words = text(found.value).split(",") if found else []
        kept: dict[Key, Value] = {
            index: Known(word, source) for index, word in enumerate(words) if truth(word)
        }
        return Known(Array(kept), source)
