"""What a rule mends in the bad example of its page, it does not find again."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.check.edits import set_to
from holdfast.check.finding import Edit
from holdfast.check.fixes import mending
from holdfast.check.kubernetes.objects import objects
from holdfast.check.page import page_of
from holdfast.check.rules import RULES
from holdfast.manifests.yaml import documents


@pytest.mark.parametrize("rule", [r for r in RULES if r.fixable], ids=lambda r: r.id)
def test_the_bad_example_is_mended(checked, rule):
    files = {snippet.file: snippet.text for snippet in page_of(rule).snippets("Bad")}
    result = checked(files, rules=[rule.id])
    mended = mending(result.found, result.files, Path)
    assert len(mended.mended) == len(result.found)
    again = files | {change.file: change.after.decode() for change in mended.changes}
    assert checked(again, rules=[rule.id]).found == ()
    for change in mended.changes:
        kept = [line for line in change.before.splitlines() if line not in change.after]
        assert len(kept) <= 1  # one line is changed, the others stay


def edited(text, value, *path):
    data = text.encode()
    [owner] = objects(documents(data, "a.yaml"))
    edits = set_to(owner, {"a.yaml": data}, value, *path)
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        assert isinstance(edit, Edit)
        data = data[: edit.start] + edit.text + data[edit.end :]
    return data.decode()


HEAD = "kind: Deployment\napiVersion: apps/v1\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("spec:\n  # first\n  a: ä\n", "spec:\n  # first\n  grace: 9\n  a: ä\n"),
        ("spec: {a: ä, b: 2}\n", "spec: {grace: 9, a: ä, b: 2}\n"),
        ("spec: { 'ä' : 1 }\n", "spec: { grace: 9, 'ä' : 1 }\n"),
        ("spec:\n  a: 1\n  grace: 3 # why\n", "spec:\n  a: 1\n  grace: 9 # why\n"),
        ("spec: {}\n", "spec: {}\n"),
        ("spec:\n  grace: &g 3\n  other: *g\n", "spec:\n  grace: &g 3\n  other: *g\n"),
        ("spec:\n  other: &g 3\n  grace: *g\n", "spec:\n  other: &g 3\n  grace: 9\n"),
        ("spec: &x\n  a: 1\nother: *x\n", "spec: &x\n  a: 1\nother: *x\n"),
        ("x: &x {a: 1}\nspec:\n  <<: *x\n  b: 1\n", "x: &x {a: 1}\nspec:\n  <<: *x\n  b: 1\n"),
        ("spec:\n  ? a\n  : 1\n", "spec:\n  ? a\n  : 1\n"),
        ('{"spec": {"a": 1}}', None),
    ],
)
def test_a_value_is_put_where_it_belongs(before, after):
    if after is None:
        json = '{"kind": "A", "apiVersion": "v1", "spec": {"a": 1}}'
        assert edited(json, "9", "spec", "grace") == json
        return
    assert edited(HEAD + before, "9", "spec", "grace") == HEAD + after


def test_in_a_list():
    before = HEAD + "spec:\n  - name: a\n    b: 1\n"
    after = HEAD + "spec:\n  - grace: 9\n    name: a\n    b: 1\n"
    assert edited(before, "9", "spec", 0, "grace") == after
