"""``php.ini``, php-fpm pools, supervisord: sections of settings.

PHP's own syntax is Zend/zend_ini_scanner.l (PHP 8.3), supervisord's is Python's configparser as
supervisor 4.2 sets it up (supervisor/options.py, UnhosedConfigParser).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.manifests.place import Place
from holdfast.manifests.text import Text
from holdfast.manifests.unreadable import Unreadable

MAX_SETTINGS: Final = 20_000

_SECTION = re.compile(r"\s*\[([^\]]*)\]")
_SETTING = re.compile(r"\s*([^=;\s\[][^=]*?)\s*=\s*(.*)")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'([^']*)'")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_YES: Final = {"1", "on", "yes", "true"}
_NO: Final = {"0", "off", "no", "false", "none", ""}


@dataclass(frozen=True, slots=True)
class Setting:
    """One line ``name = value``.

    Args:
        section: that it stands under; empty before the first.
        name: as it is written: ``php_admin_value[memory_limit]``.
        value: without quotes and comment; None where a variable is in it.
        place: of the line.
    """

    section: str
    name: str
    value: str | None = field(repr=False)
    place: Place

    @property
    def truth(self) -> bool | None:
        """What PHP makes of it as a switch; None where it is none."""
        value = (self.value or "").lower()
        return None if self.value is None or value not in _YES | _NO else value in _YES

    @property
    def seconds(self) -> int | None:
        """A span of time as php-fpm writes it: ``90``, ``30s``, ``2m``."""
        span = re.fullmatch(r"(\d{1,9})([smhd]?)", self.value or "")
        return int(span[1]) * _UNITS[span[2]] if span else None


def php_settings(text: Text) -> tuple[Setting, ...] | Unreadable:
    """The settings of a ``php.ini`` or a php-fpm configuration."""
    return _settings(text, _php_value, continued=False)


def supervisor_settings(text: Text) -> tuple[Setting, ...] | Unreadable:
    """The settings of a supervisord configuration."""
    return _settings(text, _supervisor_value, continued=True)


def last(settings: Iterable[Setting], name: str, section: str | None = None) -> Setting | None:
    """The setting of a name that counts: the last."""
    found = None
    for setting in settings:
        if setting.name == name and section in {None, setting.section}:
            found = setting
    return found


def _settings(
    text: Text, value_of: Callable[[str], str | None], *, continued: bool
) -> tuple[Setting, ...] | Unreadable:
    found: list[Setting] = []
    section = ""
    for line in _lines(text, continued=continued):
        if opened := _SECTION.match(line.string):
            section = opened[1].strip()
        elif setting := _SETTING.match(line.string):
            if len(found) >= MAX_SETTINGS:
                return Unreadable(line.place(), f"has more than {MAX_SETTINGS} settings")
            name, value = setting[1], value_of(setting[2].strip())
            found.append(Setting(section, name, value, line.place(setting.start(1))))
    return tuple(found)


def _lines(text: Text, *, continued: bool) -> Iterator[Text]:
    """Lines with something in them; where they may be continued, as one with what is indented."""
    waiting: list[Text] = []
    at = 0
    for string in text.string.split("\n"):
        line, at = text.part(at, at + len(string.rstrip())), at + len(string) + 1
        bare = string.strip()
        if not bare or bare[0] == ";" or (continued and bare[0] == "#"):
            continue
        if waiting and not (continued and string[0].isspace()):
            yield Text.join(waiting)
            waiting = []
        waiting.append(line)
    if waiting:
        yield Text.join(waiting)


def _php_value(written: str) -> str | None:
    if quoted := _QUOTED.match(written):
        value = quoted[1] if quoted[1] is not None else quoted[2]
    else:
        value = written.partition(";")[0].strip()
    return None if "${" in value else value


def _supervisor_value(written: str) -> str | None:
    value = re.split(r"(?:^|\s)[;#]", written, maxsplit=1)[0].strip()
    return None if re.search(r"%\(", value) else value
