"""docs/laravel-app.md: its applications are read, and of the others is said what it says."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from holdfast.kube.read import read
from holdfast.kube.rejected import Rejected

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "laravel-app.md").read_text()
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "spec-page"))
EXAMPLES = re.findall(
    r"^```yaml\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", PAGE, re.DOTALL | re.MULTILINE
)


def said(text):
    try:
        read(text.encode(), "app.yaml")
    except Rejected as error:
        return "".join(f"{reason}\n  hint: {way_out}\n" for reason, way_out in error.lines)
    return ""


def test_there_are_examples_of_both_kinds():
    assert {bool(words) for _, words in EXAMPLES} == {True, False}


@pytest.mark.parametrize(("text", "words"), EXAMPLES)
def test_of_an_example_is_said_what_stands_below_it(text, words):
    assert said(text) == words


def test_an_environment_of_an_example_is_rendered():
    text = next(text for text, words in EXAMPLES if "environments" in text and not words)
    app = read(text.encode(), "app.yaml", environment="staging")
    assert (app.spec.host, app.spec.web.max) == ("staging.example.com", None)


def test_the_reference_is_current():
    assert SCRIPT["page"](PAGE) == PAGE, "run .venv/bin/python scripts/spec-page"


def test_what_people_wrote_stays():
    assert SCRIPT["page"]("# Mine\n" + SCRIPT["MARK"] + "old").startswith("# Mine\n<!--")


def test_links_within_the_page_lead_somewhere():
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {SCRIPT["anchor"](heading) for heading in headings}
    links = re.findall(r"\]\(#(.*?)\)", PAGE)
    assert len(links) > 20
    assert set(links) <= anchors
