"""What a project says of its checks, in ``holdfast.toml`` or ``pyproject.toml``."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from holdfast.check.catalogue import rule_named, rules_named
from holdfast.check.finding import Severity
from holdfast.core.errors import EnvironmentLacking, UsageError

FILE: Final = "holdfast.toml"
PYPROJECT: Final = "pyproject.toml"
MAX_BYTES: Final = 1024 * 1024

Level = Literal["critical", "high", "medium", "low"]
Threshold = Literal["critical", "high", "medium", "low", "never"]

_ENUM = re.compile(r"^Invalid enum value '(?P<value>.*)'$", re.DOTALL)
_PLACE = re.compile(r"^(?P<words>.*?) - at `(?:key in )?\$\.?(?P<path>[^`]*)`$", re.DOTALL)


class Configuration(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """The table ``check``, of ``pyproject.toml`` ``tool.holdfast.check``; the command line wins.

    Args:
        paths: what is checked where no path is named; from the file's directory.
        exclude: files that are left out: ``legacy``, ``deploy/old/*``; ``*`` stands for anything,
            ``/`` too.
        project: Laravel projects outside the paths.
        fail_on: from which severity on the exit status is 1.
        strict: whether findings are shown that could not be judged.
        baseline: a file of findings that are not shown again.
        disable: rules that are not run, each with the reason.
        severity: another severity for some rules.
    """

    paths: tuple[str, ...] = (".",)
    exclude: tuple[str, ...] = ()
    project: tuple[str, ...] = ()
    # Critical and high are what users feel: lost sessions, foreign sessions. The rest is advice,
    # and a check that fails on advice is soon switched off.
    fail_on: Threshold = "high"
    strict: bool = False
    baseline: str | None = None
    disable: dict[str, str] = {}
    severity: dict[str, Level] = {}

    def with_options(self, **options: Any) -> Configuration:
        """The same, with the options that are not None in the place of what the file says."""
        said = {name: value for name, value in options.items() if value is not None}
        return msgspec.structs.replace(self, **said)

    def severities(self) -> dict[str, Severity]:
        """The other severities, by the rules' ids."""
        return {rule_named(n).id: Severity[level.upper()] for n, level in self.severity.items()}


def find(directory: Path) -> Path | None:
    """The file of a directory that says something of checks; ``holdfast.toml`` comes first.

    Raises:
        UsageError, EnvironmentLacking: as ``read``.
    """
    if (own := directory / FILE).is_file():
        return own
    other = directory / PYPROJECT
    if other.is_file():
        text, document = _load(other)
        if "holdfast" in _table(other, text, document, "tool"):
            return other
    return None


def read(path: Path) -> Configuration:
    """Read a file; the paths in it become those from its directory.

    Raises:
        EnvironmentLacking: it cannot be opened.
        UsageError: it is not as it should be; the message has the line where that is known.
    """
    text, document = _load(path)
    root = document
    if path.name == PYPROJECT:
        root = _table(path, text, _table(path, text, document, "tool"), "holdfast")
    for name in root:
        if name != "check":
            raise _error(path, text, name, "no such table", "the settings stand under check")
    settings = _table(path, text, root, "check")
    names = Configuration.__struct_encode_fields__
    for name in settings:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise _error(path, text, name, f"there is no setting {name!r}", hint)
    try:
        found = msgspec.convert(settings, Configuration)
    except msgspec.ValidationError as error:
        place = _PLACE.match(str(error))
        words, where = (place["words"], place["path"]) if place else (str(error), "")
        key = re.split(r"[.\[]", where)[0]
        message, hint = f"{where or 'check'}: {words[0].lower()}{words[1:]}", ""
        if wrong := _ENUM.match(words):
            levels = get_args(Level if key == "severity" else Threshold)
            hint = f"one of {', '.join(levels)}"
            if key == "severity":  # of a table msgspec does not say which value it was
                values = settings[key].items()
                key = next((name for name, value in values if value == wrong["value"]), key)
        raise _error(path, text, key, message, hint) from error
    _require_rules(path, text, found)
    return _from(path.parent, found)


def _require_rules(path: Path, text: str, found: Configuration) -> None:
    for name, reason in found.disable.items():
        if not reason.strip():
            hint = f'{name} = "why it does not matter here"'
            raise _error(path, text, name, f"{name} is switched off without a reason", hint)
    for name in (*found.disable, *found.severity):
        try:
            rules_named([name])
        except UsageError as error:
            raise _error(path, text, name, str(error), error.hint) from error
    try:
        found.severities()
    except UsageError as error:
        raise _error(path, text, "severity", str(error), error.hint) from error


def _from(directory: Path, found: Configuration) -> Configuration:
    def beside(name: str) -> str:
        return str(directory / name)

    return msgspec.structs.replace(
        found,
        paths=tuple(map(beside, found.paths)),
        project=tuple(map(beside, found.project)),
        baseline=None if found.baseline is None else beside(found.baseline),
    )


def _load(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot read {path}: {error.strerror}", hint="name a file with --config"
        ) from error
    if len(content) > MAX_BYTES:
        raise UsageError(f"{path} is longer than {MAX_BYTES} bytes", hint="is it the right file?")
    import tomllib  # few projects have such a file

    try:
        text = content.decode()
        return text, tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {error}", hint="mend the file there") from error


def _table(path: Path, text: str, document: dict[str, Any], name: str) -> dict[str, Any]:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise _error(path, text, name, f"{name} is no table", f"[{name}]")
    return found


def _error(path: Path, text: str, key: str, message: str, hint: str = "") -> UsageError:
    """An error with the line on which a key stands first; TOML's parser keeps no lines."""
    word = re.escape(key)
    pattern = rf"""^\s*(?:\[.*\b)?["']?{word}["']?\s*(?:[=.]|\])"""
    found = re.search(pattern, text, re.MULTILINE) if key else None
    line = f":{text[: found.end()].count(chr(10)) + 1}" if found else ""
    return UsageError(f"{path}{line}: {message}", hint=hint)
