"""The baseline: findings that are known, so that only new ones are shown.

A fingerprint is made of the rule, the file, the subject and the words of the line, so it stays when
lines are put in above, and goes when the line itself is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec

from holdfast.check.rule import Found
from holdfast.core.errors import UsageError
from holdfast.manifests.place import Place

VERSION = 1

Words = Callable[[Place], str]
"""The text of a place's first line, without layout and secrets."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finding that is known; all but the fingerprint is for the reader.

    Args:
        fingerprint: of :func:`fingerprints`.
        rule: its id.
        file: where the cause is.
        subject: whom it befalls.
    """

    fingerprint: str
    rule: str
    file: str
    subject: str = ""


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's content."""

    findings: tuple[Entry, ...]
    version: int = VERSION


class Division(msgspec.Struct, frozen=True):
    """Findings beside a baseline.

    Args:
        fresh: not in it, with their fingerprints.
        known: in it.
        stale: entries that match nothing any more.
    """

    fresh: tuple[tuple[Found, str], ...]
    known: tuple[Found, ...]
    stale: tuple[Entry, ...]


def fingerprints(found: Iterable[Found], words: Words) -> Iterator[str]:
    """A name for each finding that no other has and that stays when its line moves."""
    seen: Counter[str] = Counter()
    for one in found:
        finding = one.finding
        parts = (one.rule.id, finding.place.file, finding.subject, words(finding.place))
        digest = sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        yield digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def baseline_of(found: Sequence[Found], words: Words) -> Baseline:
    """A baseline that knows all these, in an order that makes small differences."""
    entries = [
        Entry(name, one.rule.id, one.finding.place.file, one.finding.subject)
        for one, name in zip(found, fingerprints(found, words), strict=True)
    ]
    return Baseline(
        tuple(sorted(entries, key=lambda e: (e.file, e.rule, e.subject, e.fingerprint)))
    )


def divide(found: Sequence[Found], baseline: Baseline, words: Words) -> Division:
    """Tell what is new from what is known."""
    known = {entry.fingerprint for entry in baseline.findings}
    named = list(zip(found, fingerprints(found, words), strict=True))
    met = {name for _, name in named}
    return Division(
        fresh=tuple((one, name) for one, name in named if name not in known),
        known=tuple(one for one, name in named if name in known),
        stale=tuple(entry for entry in baseline.findings if entry.fingerprint not in met),
    )


def encode(baseline: Baseline) -> bytes:
    """The file."""
    return msgspec.json.format(msgspec.json.encode(baseline), indent=1) + b"\n"


def decode(content: bytes, name: str) -> Baseline:
    """Read the file.

    Raises:
        UsageError: it is no baseline, or one of a later Holdfast.
    """
    hint = "holdfast check --write-baseline writes one"
    try:
        baseline = msgspec.json.decode(content, type=Baseline)
    except msgspec.DecodeError as error:
        raise UsageError(f"{name} is no baseline: {error}", hint=hint) from error
    if baseline.version != VERSION:
        raise UsageError(f"{name} has version {baseline.version}, not {VERSION}", hint=hint)
    return baseline
