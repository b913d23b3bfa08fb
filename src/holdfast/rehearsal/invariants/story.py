"""One browser's requests in order, and what can be said of the sessions that it had."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import TypeVar

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.bursts import Bursts
from holdfast.rehearsal.invariants.effect import effect_end, overlap, uncertain
from holdfast.rehearsal.invariants.elsewhere import word_of
from holdfast.rehearsal.protocol import State

K = TypeVar("K")

ID_CHANGES = ("login", "logout")
"""The requests after which the browser has another session id."""


@dataclass(frozen=True)
class Lineage:
    """One session of a browser, from the answer that first showed it to its end.

    Args:
        name: ``u7.1``.
        opened: the request whose answer showed it first, its opening as a rule.
        logins: the acknowledged logins in it, in the order of their answers; each gave it a new id.
        ends: nothing can be said of answers that came later than this: a logout was sent then, or
            a login of which nobody knows whether, or on which copy, it took effect.
    """

    name: str
    opened: Op
    logins: tuple[Op, ...]
    ends: float

    def id_from(self, time: float) -> Op:
        """The request whose answer gave the id that the browser should carry at a time."""
        return next((op for op in reversed(self.logins) if op.end <= time), self.opened)


@dataclass(frozen=True)
class Story:
    """Everything about one browser.

    Args:
        browser: its name.
        ops: its requests, in the order of sending.
    """

    browser: str
    ops: tuple[Op, ...]

    @cached_property
    def own(self) -> tuple[Op, ...]:
        """The requests with the browser's own cookies; the others are probes."""
        return tuple(op for op in self.ops if op.sent.jar == "own")

    @cached_property
    def by_id(self) -> Mapping[int, Op]:
        """Its requests by number."""
        return {op.id: op for op in self.ops}

    @cached_property
    def lineages(self) -> dict[str, Lineage]:
        """The sessions that an answer showed while the browser believed in them, by name.

        A name that was given to two sessions, by openings with different cookies, says nothing.
        """
        shown: dict[str, Op] = {}
        ids: dict[str, set[str]] = defaultdict(set)
        for op in sorted(self.own, key=lambda op: op.end):
            name = op.sent.lineage
            if shows_lineage(op, name):
                shown.setdefault(name, op)
                if op.sent.kind == "open":
                    ids[name].add(state_of(op).session)
        return {
            name: self._lineage(name, opened)
            for name, opened in shown.items()
            if len(ids[name]) <= 1
        }

    def _lineage(self, name: str, opened: Op) -> Lineage:
        ends = [
            op.start
            for op in self._changes_of.get(name, ())
            if (op.ok and op.sent.kind == "logout") or (uncertain(op) and not self._in_vain(op))
        ]
        lineage = Lineage(name, opened, (), min(ends, default=math.inf))
        for op in self._logins_into.get(name, ()):
            alone = op.id == opened.id or op.start >= lineage.id_from(op.end).end
            if alone and self.late_cookie(op, lineage) is None:
                lineage = replace(lineage, logins=(*lineage.logins, op))
            else:
                # It moved a copy, found under an older id: from here on there may be two sessions.
                lineage = replace(lineage, ends=min(lineage.ends, op.start))
        return lineage

    def _in_vain(self, change: Op) -> bool:
        """Whether the session was still under its old id when the change was certainly over.

        Not so where another request was in flight with it: that may have put the session back.
        """
        over, lineage = effect_end(change), change.sent.lineage
        return not any(
            op.sent.jar == "own" and op.id != change.id for op in self.at_work(change.start, over)
        ) and any(
            op.start >= over and shows_lineage(op, lineage) for op in self.by_lineage[lineage]
        )

    @cached_property
    def _changes(self) -> tuple[Op, ...]:
        return tuple(op for op in self.own if op.sent.kind in ID_CHANGES)

    @cached_property
    def _changes_of(self) -> Mapping[str, Sequence[Op]]:
        """The changes of the id by the session that the browser believed to have."""
        return grouped(self._changes, lambda op: op.sent.lineage)

    @cached_property
    def _changes_under(self) -> Mapping[str | None, Sequence[Op]]:
        """The changes of the id by the id that they carried."""
        return grouped(self._changes, self.carried)

    @cached_property
    def _logins_into(self) -> Mapping[str | None, Sequence[Op]]:
        """The acknowledged logins by the session that their answers showed, in order of these."""
        logins = [op for op in self._changes if op.sent.kind == "login" and op.ok and op.state]
        logins.sort(key=lambda op: op.end)
        return grouped(logins, lambda op: state_of(op).lineage)

    @cached_property
    def by_lineage(self) -> Mapping[str, Sequence[Op]]:
        """The browser's own requests by the session that it believed to have."""
        return grouped(self.own, lambda op: op.sent.lineage)

    @cached_property
    def words(self) -> Mapping[str, Sequence[Op]]:
        """Its requests by the word that they sent and a state may show."""
        found: dict[str, list[Op]] = defaultdict(list)
        for op in self.ops:
            if (word := word_of(op.sent)) is not None:
                found[word].append(op)
        return found

    @cached_property
    def users(self) -> frozenset[str]:
        """The users as whom it sent logins, whatever came of it."""
        return frozenset(op.sent.args["user"] for op in self.ops if op.sent.kind == "login")

    @cached_property
    def marks(self) -> Mapping[tuple[str, str | None], Sequence[Op]]:
        """The browser's marks by their key and value."""
        marks = [op for op in self.own if op.sent.kind == "mark"]
        return grouped(marks, lambda op: (op.sent.args["key"], op.sent.args["value"]))

    @cached_property
    def tokens(self) -> Mapping[str, float]:
        """When an answer first showed a token."""
        found: dict[str, float] = {}
        for op in self.ops:
            if op.state is not None:
                found[op.state.token] = min(op.end, found.get(op.state.token, math.inf))
        return found

    def at_work(self, begin: float, end: float) -> Iterator[Op]:
        """The requests that may have been at work between two moments, in no order."""
        settled, starts, until = self._settled
        for at in range(bisect_left(starts, end) - 1, -1, -1):
            if until[at] <= begin:
                break
            if effect_end(settled[at]) > begin:
                yield settled[at]
        yield from (op for op in self._unsettled if op.start < end)

    @cached_property
    def _settled(self) -> tuple[list[Op], list[float], list[float]]:
        """Requests whose effect is over some day, by their start; the latest such end up to each.

        Those ends let a search backwards stop: no request is at work for long.
        """
        ops = [op for op in self.ops if effect_end(op) < math.inf]
        ops.sort(key=lambda op: op.start)
        return ops, [op.start for op in ops], list(accumulate(map(effect_end, ops), max))

    @cached_property
    def _unsettled(self) -> list[Op]:
        return [op for op in self.ops if effect_end(op) == math.inf]

    @cached_property
    def logouts(self) -> Mapping[str, Op]:
        """The last acknowledged logout of each session that had one."""
        return {op.sent.lineage: op for op in self._changes if op.ok and op.sent.kind == "logout"}

    @cached_property
    def reads(self) -> Mapping[str, Sequence[Op]]:
        """By session, the answered requests that must show it, in the order of sending.

        Left out are those that overlap a change of the id: they carry the old one by right.
        """
        return {name: self._reads(lineage) for name, lineage in self.lineages.items()}

    def _reads(self, lineage: Lineage) -> list[Op]:
        ids = {state_of(op).session for op in (lineage.opened, *lineage.logins)}
        changes = list(self._changes_of.get(lineage.name, ()))
        for sid in ids:
            changes += self._changes_under.get(sid, ())
        return [
            op
            for op in self.by_lineage[lineage.name]
            if op.ok
            and op.state is not None
            and op.start >= lineage.opened.end
            and op.end <= lineage.ends
            and not any(overlap(op, change) for change in changes if change.id != op.id)
        ]

    def carried(self, op: Op) -> str | None:
        """Handle of the session id that a request carried; None where it cannot be told."""
        setter = self._setter(op)
        return None if setter is None else self._given[setter.id]

    @cached_property
    def by_carried(self) -> Mapping[str | None, Sequence[Op]]:
        """The requests that had a session cookie, by the handle of its id."""
        return grouped((op for op in self.ops if op.sent.cookie_from is not None), self.carried)

    @cached_property
    def bursts(self) -> Bursts:
        """Its requests at one session that were at work together."""
        return Bursts(self.by_carried)

    @cached_property
    def _given(self) -> dict[int, str | None]:
        """By request, the handle of the session id in the cookie that its answer set, if it did."""
        given: dict[int, str | None] = {}
        for op in self.ops:
            setter = self._setter(op)
            if op.state is not None:
                given[op.id] = op.state.session
            elif setter is None or (op.sent.kind in ID_CHANGES and uncertain(op)):
                given[op.id] = None
            else:
                # An answer without a state sets the cookie again that its request came with.
                given[op.id] = given[setter.id]
        return given

    def late_cookie(self, op: Op, lineage: Lineage) -> tuple[Op, Op] | None:
        """Why a request did not carry the session's id, if a late answer had put another one back.

        Returns:
            The request whose answer came late, and the login or opening whose cookie it replaced.
        """
        change = lineage.id_from(op.start)
        if self.carried(op) == state_of(change).session:
            return None
        setter = self._setter(op)
        while setter is not None and setter.start >= change.end:
            setter = self._setter(setter)
        if setter is None or setter.id in (change.id, change.sent.cookie_from):
            return None
        replaced = change.answer is not None and change.answer.set_cookie
        return None if replaced and setter.end < change.end else (setter, change)

    def _setter(self, op: Op) -> Op | None:
        """The request whose answer set a request's cookie; it was sent before."""
        number = op.sent.cookie_from
        return None if number is None or number >= op.id else self.by_id.get(number)


def grouped(ops: Iterable[Op], key: Callable[[Op], K]) -> Mapping[K, Sequence[Op]]:
    """Requests by something that they have in common, in their order."""
    found: dict[K, list[Op]] = {}
    for op in ops:
        found.setdefault(key(op), []).append(op)
    return found


def state_of(op: Op) -> State:
    """The state of an answered request; to be asked of those that have one."""
    state = op.state
    assert state is not None
    return state


def shows_lineage(op: Op, name: str) -> bool:
    """Whether an answer showed a session."""
    return op.ok and op.state is not None and op.state.lineage == name
