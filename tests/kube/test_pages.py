"""The LaravelApps of README and docs: the Secret that they name is one they can run with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.kube.needed import needed
from holdfast.kube.read import read
from holdfast.kube.rejected import Rejected
from holdfast.kube.render import render

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```yaml\n(.*?)^```$(\n\n```text\n)?", re.DOTALL | re.MULTILINE)
APPLICATIONS = [
    (page.name, text, bool(refused))
    for page in PAGES
    for text, refused in BLOCK.findall(page.read_text())
    if re.search("^kind: LaravelApp$", text, re.MULTILINE) and "\n  image:" in text
]


def test_there_are_some():
    assert {page for page, *_ in APPLICATIONS} >= {"README.md", "laravel-app.md", "render.md"}


@pytest.mark.parametrize(("page", "text", "refused"), APPLICATIONS)
def test_the_keys_that_it_needs_are_named(page, text, refused):
    try:
        app = read(text.encode(), page)
    except Rejected:
        assert refused
        return
    if "`holdfast render` names its keys" in text:
        return
    objects = [one for some in render(app).objects.values() for one in some]
    lacking = [key for key in needed(app, objects).keys if not re.search(rf"\b{key}\b", text)]
    assert lacking == []
