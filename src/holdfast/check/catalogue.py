"""Finds rules by what people call them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from holdfast.check.rule import Rule
from holdfast.check.rules import RULES
from holdfast.core.errors import UsageError


def rule_named(word: str) -> Rule:
    """The rule with this id or name.

    Raises:
        UsageError: there is none; the hint has the nearest.
    """
    for rule in RULES:
        if word.lower() in (rule.id.lower(), rule.name):
            return rule
    raise UsageError(f"there is no rule {word!r}", hint=_nearest(word))


def rules_named(words: Iterable[str]) -> frozenset[str]:
    """The ids of all rules that are meant: by id, by name, or by how ids begin (``HF5``).

    Raises:
        UsageError: nothing is meant by one of them.
    """
    ids: set[str] = set()
    for word in words:
        family = [rule.id for rule in RULES if rule.id.startswith(word.upper())]
        is_family = word.upper().startswith("HF") and family
        ids.update(family if is_family else [rule_named(word).id])
    return frozenset(ids)


def chosen(select: Sequence[str], ignore: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that are to be run.

    Args:
        select: only these; all where it is empty.
        ignore: not these.

    Raises:
        UsageError: one of the words means no rule, or none is left.
    """
    wanted = rules_named(select) if select else frozenset(rule.id for rule in RULES)
    left_out = rules_named(ignore)
    if not wanted - left_out:
        raise UsageError("no rule is left to be run", hint="--ignore takes out what --select names")
    return tuple(rule for rule in RULES if rule.id in wanted - left_out)


def _nearest(word: str) -> str:
    # Of an id that is wrong no other is near: they are numbers.
    near = difflib.get_close_matches(word.lower(), [rule.name for rule in RULES], n=1)
    return f"did you mean {near[0]}?" if near else "holdfast rules lists them"
