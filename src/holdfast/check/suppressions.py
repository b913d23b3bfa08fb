"""What the user has allowed, and why: by a comment beside it or an annotation of the object.

::

    strategy: {type: Recreate}  # holdfast: allow HF811 -- one replica by licence
    # holdfast: allow HF101, HF102 -- alone on its line: for the next one
    # holdfast: allow-file HF951 -- for all of this file

    metadata:
      annotations:
        holdfast.dev/allow-HF811: one replica by licence

A comment stands behind ``#``, ``//`` or ``;``, in YAML behind ``#`` and outside of texts. Without a
reason it allows nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from holdfast.check.finding import Finding
from holdfast.check.kubernetes.objects import Object
from holdfast.check.rule import Found
from holdfast.manifests.literals import texts
from holdfast.manifests.place import Place

ANNOTATION: Final = "holdfast.dev/allow-"

_COMMENT: Final = re.compile(
    r"(?P<sign>\#|//|;)(?=[ \t]*holdfast:[ \t]*allow(?P<whole>-file)?[ \t]+"
    r"(?P<rules>\w[\w-]*(?:[ \t]*,[ \t]*\w[\w-]*)*)[ \t]*(?:--[ \t]*(?P<reason>[^\n]*))?)"
)
_YAML: Final = (".yaml", ".yml")


class Allowed(msgspec.Struct, frozen=True):
    """One rule that is allowed somewhere.

    Args:
        rule: its id, as it is written there.
        reason: why; empty where none is given, and then nothing is allowed.
        place: of the comment or annotation.
        line: that it is for; 0 for the whole file.
        subject: the object that it is for, as findings name it; empty for a comment.
    """

    rule: str
    reason: str
    place: Place
    line: int = 0
    subject: str = ""

    def covers(self, found: Found) -> bool:
        """Whether this finding is meant."""
        if not self.reason or found.rule.id != self.rule:
            return False
        if self.subject:
            return _is_of(found.finding, self.subject)
        spot = found.finding.place
        return spot.file == self.place.file and self.line in (0, spot.line)


def in_comments(files: Mapping[str, bytes]) -> Iterator[Allowed]:
    """What the comments of files allow."""
    for name, data in files.items():
        # Most files have none, and are large.
        if b"holdfast:" in data:
            yield from _of_file(name, data.decode(errors="replace"))


def _of_file(name: str, text: str) -> Iterator[Allowed]:
    yaml = name.endswith(_YAML) or name == "-"
    within = list(texts(text)) if yaml else []
    offset = 0
    for number, line in enumerate(text.split("\n"), 1):
        for match in _COMMENT.finditer(line) if "holdfast:" in line else ():
            at = offset + match.start()
            before = line[: match.start()]
            foreign = yaml and (match["sign"] != "#" or before[-1:].strip())
            if not foreign and not any(start <= at < end for start, end in within):
                yield from _of_comment(name, number, before, match)
                break
        offset += len(line) + 1


def _of_comment(name: str, number: int, before: str, match: re.Match[str]) -> Iterator[Allowed]:
    alone = not before.strip()
    line = 0 if match["whole"] else number + alone
    reason = (match["reason"] or "").strip().rstrip("-*/ ").strip()
    for rule in match["rules"].split(","):
        yield Allowed(rule.strip(), reason, Place(name, number, len(before) + 1), line)


def in_annotations(objects: Iterable[Object]) -> Iterator[Allowed]:
    """What the annotations of objects allow."""
    for found in objects:
        for name, reason in found.annotations.items():
            if name.startswith(ANNOTATION):
                at = found.key_at("metadata", "annotations", name)
                rule = name.removeprefix(ANNOTATION)
                yield Allowed(rule, reason.strip(), at, subject=str(found))


def _is_of(finding: Finding, subject: str) -> bool:
    # A container of it is named behind: «Deployment shop/web (nginx)».
    return finding.subject == subject or finding.subject.startswith(f"{subject} (")
