"""A rule's page: its form, and that every rule has one."""

from __future__ import annotations

import pytest

from holdfast.check.page import EXAMPLE, HEADINGS, Snippet, page_of, parse
from holdfast.check.rules import RETIRED, RULES

PAGE = "A title.\n\n" + "\n".join(f"## {heading}\n\nwords of {heading}\n" for heading in HEADINGS)
BAD = "words of Bad\n\n```yaml a.yaml\na: 1\n```\n\n```php config/session.php\n<?php\n```\n"


def test_sections():
    page = parse(PAGE)
    assert page.title == "A title."
    assert tuple(page.sections) == HEADINGS
    assert page.sections["Limits"] == "words of Limits"
    assert page.snippets("Bad") == []


def test_snippets_and_markdown():
    page = parse(PAGE.replace("words of Bad\n", BAD))
    assert page.snippets("Bad") == [
        Snippet("yaml", "a.yaml", "a: 1\n"),
        Snippet("php", "config/session.php", "<?php\n"),
    ]
    assert "`a.yaml`:\n\n```yaml\na: 1\n```" in page.markdown()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A title.\nof two lines\n" + PAGE.partition("\n")[2],
        PAGE.replace("## Limits", "## Limit"),
        PAGE.replace("words of Limits", ""),
        PAGE.replace("## Bad\n\nwords of Bad\n", ""),
        PAGE + "\n## More\n\nwords\n",
        "\n".join(reversed(PAGE.splitlines())),
    ],
)
def test_what_is_no_page(text):
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_page(rule):
    page = page_of(rule)
    assert page.title.rstrip(".") == rule.title
    assert rule.id == "HF000" or set(EXAMPLE) <= set(page.sections)
    assert rule.since
    assert rule.id not in RETIRED
    assert not rule.title.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_name_reads_after_allow(rule):
    """«allow session-files-on-two-pods»: a thing that is there, in lower case, not an order."""
    words = rule.name.split("-")
    assert rule.name == rule.name.lower()
    assert all(word.isalnum() for word in words)
    assert words[0] not in {"not", "do", "must", "should", "use", "set", "allow", "avoid"}


def test_ids_and_names_are_unique_and_in_order():
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert len({rule.name for rule in RULES}) == len(RULES)
