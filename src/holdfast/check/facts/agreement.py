"""Which processes must agree, and what of them must be the same: users come to both.

Two workloads that one Service or one route sends to answer the same users, request by request (a
canary beside the stable release). Two of which one takes the place of the other (blue and green)
answer them one after the other. Whatever sessions are found, opened and read with must be the same
in both.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

import msgspec

from holdfast.check.finding import Related
from holdfast.check.process import Process, Role
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Array, Known

PREVIOUS_KEYS_SINCE: Final = 11
"""The first Laravel that has them (Illuminate/Encryption/EncryptionServiceProvider.php)."""

_BY_PATH: Final = " leads to both by the path"
_COLOUR: Final = re.compile(r"(?:^|[-_.])(blue|green)(?=[-_.]|$)")
_PLACEHOLDER: Final = re.compile(
    r"replace|change|your|example|placeholder|todo|insert|dummy|xxx|\.\.\.|\{\{|<[\w -]+>|\$[({]"
    r"|^\$\w+$",
    re.IGNORECASE,
)
_NAME_OF_A_SECRET: Final = re.compile(
    r"(?=[A-Z0-9_]*(?:KEY|SECRET|PASSWORD|TOKEN))[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
)
"""What is called like the secret that is to come, in any language: ``VOTRE_CLE_SECRET_KEY``."""


class Pair(msgspec.Struct, frozen=True):
    """Two web processes of different workloads that the same users come to.

    Args:
        one, other: in the order of the manifests.
        why: users come to both: a clause for a message.
    """

    one: Process
    other: Process
    why: str


class Difference(msgspec.Struct, frozen=True):
    """A value that differs between the two of a pair, and may be shown.

    Args:
        what: ``session.driver``.
        values, places: of the one and of the other.
    """

    what: str
    values: tuple[str, str]
    places: tuple[Place, Place]

    def related(self, pair: Pair) -> tuple[Related, ...]:
        """The place of the first, beside a finding at the second."""
        return (Related(self.places[0], f"{self.what} of {pair.one}"),)


@lru_cache(maxsize=8)  # several rules ask, one target after the other
def pairs(target: Target, *, takes_turns: bool = False, by_path: bool = False) -> tuple[Pair, ...]:
    """Those of one kind, each once.

    Args:
        target: where.
        takes_turns: only those that take each other's place.
        by_path: also those of one application to which a host sends by the path, where both have
            the same cookie.
    """
    return tuple(_pairs(target, takes_turns=takes_turns, by_path=by_path))


def _pairs(target: Target, *, takes_turns: bool, by_path: bool) -> Iterator[Pair]:
    web = [p for p in target.processes(Role.WEB) if p.endless]
    groups: dict[str, list[Process]] = defaultdict(list)
    for process in web:
        for why in _turns(process) if takes_turns else _sent_by(target, process, by_path=by_path):
            groups[why].append(process)
    seen: set[tuple[int, int]] = set()
    for why, group in groups.items():
        for one, other in combinations(group, 2):
            if one.workload is other.workload or (id(one), id(other)) in seen:
                continue
            if why.endswith(_BY_PATH) and not _one_cookie(one, other):
                continue
            seen.add((id(one), id(other)))
            yield Pair(one, other, "they take each other's place" if takes_turns else why)


def _turns(process: Process) -> Iterator[str]:
    """The name without its colour."""
    assert process.workload is not None
    name = _COLOUR.sub("", process.workload.name)
    if name != process.workload.name:
        yield f"{process.workload.namespace}/{name}"


def _sent_by(target: Target, process: Process, *, by_path: bool) -> Iterator[str]:
    """What sends users to a process, as a clause."""
    assert process.workload is not None
    for service in process.workload.services:
        yield f"{service} sends to both"
    routes = [route for route in target.routes_to(process.workload) if route.host]
    for host, path in dict.fromkeys((route.host, route.path or "/") for route in routes):
        yield f"{host}{path} leads to both"
    if by_path:
        yield from dict.fromkeys(f"{route.host}{_BY_PATH}" for route in routes)


def _one_cookie(one: Process, other: Process) -> bool:
    """Whether two processes of one application surely have the same session cookie."""
    if one.app is not other.app:
        return False
    names = [
        next((row.value for row in p.settings.session.rows if row.name == "cookie"), None)
        for p in (one, other)
        if p.settings.session is not None
    ]
    return len(names) == 2 and names[0] is not None and names[0] == names[1]


def keys(process: Process) -> tuple[str, ...] | None:
    """The application's key and its previous ones; None where one of them cannot be told."""
    settings = process.settings
    current = settings.text("app.key")
    if not current or placeholder(current):
        return None
    if settings.project is not None and settings.project.release.major < PREVIOUS_KEYS_SINCE:
        return (current,)
    value = settings.get("app.previous_keys")
    if isinstance(value, Known):
        return current, *_previous(value)
    env = settings.env
    if settings.project is not None or env is None or env.more or "APP_PREVIOUS_KEYS" in env:
        return None
    return (current,)


def placeholder(text: str) -> bool:
    """Whether a text stands for a value that is put in later."""
    return bool(_PLACEHOLDER.search(text) or _NAME_OF_A_SECRET.fullmatch(text))


def differing(pair: Pair, *names: str) -> Difference | None:
    """The first of some settings that is known of both and is not the same.

    Args:
        pair: of whom.
        names: of settings that are no secrets, dotted.
    """
    for name in names:
        one, other = (p.settings.get(name) for p in (pair.one, pair.other))
        if not isinstance(one, Known) or not isinstance(other, Known):
            continue
        if isinstance(one.value, Array) or isinstance(other.value, Array):
            continue
        if one.value != other.value and not _same_host(one.value, other.value):
            places = (pair.one.settings.place(name), pair.other.settings.place(name))
            return Difference(name, (_word(one.value), _word(other.value)), places)
    return None


def differing_rows(pair: Pair, *names: str) -> Difference | None:
    """The same for effective values of the sessions, by the names that ``config`` shows."""
    one, other = (
        {row.name: row for row in p.settings.session.rows} if p.settings.session else {}
        for p in (pair.one, pair.other)
    )
    for name in names:
        first, second = one.get(name), other.get(name)
        if first is None or second is None or first.value == second.value:
            continue
        if not _same_host(first.value, second.value):
            places = tuple(
                p.settings.spot(
                    row.source.uses[0].place if row.source.uses else row.source.places[0]
                )
                for p, row in ((pair.one, first), (pair.other, second))
            )
            return Difference(
                name, (_word(first.value), _word(second.value)), (places[0], places[1])
            )
    return None


def _previous(value: Known) -> tuple[str, ...]:
    if isinstance(value.value, Array):
        found = (item.value for item in value.value.items.values() if isinstance(item, Known))
        return tuple(text for text in found if isinstance(text, str))
    return tuple(filter(None, value.value.split(","))) if isinstance(value.value, str) else ()


def _same_host(one: object, other: object) -> bool:
    """Whether two names are one host's, one of them with more of its domain: redis, redis.shop."""
    if not isinstance(one, str) or not isinstance(other, str) or not one or not other:
        return False
    return one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _word(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
    return str(value)
