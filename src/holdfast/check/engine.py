"""Runs the rules: one that raises is a finding of its own, and the others go on."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from holdfast.check.finding import Finding
from holdfast.check.result import Suppressed
from holdfast.check.rule import Found, Rule
from holdfast.check.rules import (
    RULES,
    hf000_internal,
    hf002_unused_allowance,
    hf003_allowed_without_reason,
)
from holdfast.check.suppressions import Allowed
from holdfast.check.target import Target
from holdfast.manifests.place import Place

IDS: Final = [rule.id for rule in RULES]
_LETTERS: Final = str.maketrans("OIL", "011")
"""Letters that are taken for digits."""


def judged(targets: Iterable[Target], rules: Sequence[Rule]) -> list[Found]:
    """What the rules find, each finding once: what belongs to several targets is judged in each."""
    found: dict[tuple[object, ...], Found] = {}
    for target in targets:
        for rule in rules:
            for one in _found(target, rule):
                finding = one.finding
                found.setdefault((rule.id, finding.place, finding.subject, finding.message), one)
    return list(found.values())


def _found(target: Target, rule: Rule) -> Iterator[Found]:
    try:
        for finding in rule.check(target):
            yield Found(rule, finding)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a bug of that rule alone
        where = _raised_at(error)
        yield Found(
            hf000_internal.RULE,
            Finding(
                Place(target.name or "."),
                f"{rule.id} ({rule.name}) could not judge this: {type(error).__name__} at {where}."
                " That is a bug of Holdfast, and the rule may have missed something.",
                "please report it; `--ignore` leaves the rule out",
            ),
        )


def _raised_at(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    # The message of a foreign error may quote what is a secret: the place is enough.
    return f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace else "an unknown place"


def sifted(
    found: Sequence[Found], allowed: Sequence[Allowed], rules: Sequence[Rule]
) -> tuple[list[Found], list[Suppressed]]:
    """Findings without those that the user has allowed; what allows nothing is a finding itself.

    Args:
        found: all findings.
        allowed: by comments and annotations.
        rules: that were run: an allowance for another one cannot be told from an unused one.
    """
    kept: list[Found] = []
    suppressed: list[Suppressed] = []
    used: set[int] = set()
    for one in found:
        covering = [index for index, each in enumerate(allowed) if each.covers(one)]
        if not covering:
            kept.append(one)
            continue
        used.update(covering)
        first = allowed[covering[0]]
        suppressed.append(Suppressed(one, first.reason, first.place))
    run = {rule.id for rule in rules}
    for index, each in enumerate(allowed):
        if each.rule not in IDS:
            kept.append(Found(hf002_unused_allowance.RULE, _no_rule(each)))
        elif not each.reason:
            kept.append(Found(hf003_allowed_without_reason.RULE, _no_reason(each)))
        elif index not in used and each.rule in run:
            kept.append(Found(hf002_unused_allowance.RULE, _unused(each)))
    return kept, suppressed


def _no_rule(allowed: Allowed) -> Finding:
    near = _nearest(allowed.rule)
    return Finding(
        allowed.place,
        f"{allowed.rule} is to be allowed here, but there is no rule with that id, so nothing is.",
        f"did you mean {near}?" if near else "holdfast rules lists the ids",
        allowed.subject,
    )


def _nearest(word: str) -> str:
    """The id that is meant; empty where none can be told, since ids are numbers."""
    names = {rule.name: rule.id for rule in RULES}
    if named := difflib.get_close_matches(word.lower(), names, n=1):
        return names[named[0]]
    number = word[2:].upper().translate(_LETTERS)
    return next((id_ for id_ in IDS if f"{word[:2].upper()}{number}".startswith(id_)), "")


def _no_reason(allowed: Allowed) -> Finding:
    return Finding(
        allowed.place,
        f"{allowed.rule} is to be allowed here, but no reason is given, so it is not.",
        f"say why: # holdfast: allow {allowed.rule} -- the reason",
        allowed.subject,
    )


def _unused(allowed: Allowed) -> Finding:
    return Finding(
        allowed.place,
        f"{allowed.rule} is allowed here, but it finds nothing: what was wrong is mended, or the"
        " comment is at another line.",
        "take it out",
        allowed.subject,
    )


def sort_key(found: Found) -> tuple[object, ...]:
    """Worst first, then by place."""
    finding = found.finding
    return (finding.unknown, -found.rule.severity, finding.place, found.rule.id, finding.subject)
