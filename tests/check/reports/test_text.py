"""The report on a terminal: what a newcomer sees first, on wide and narrow ones."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from rich.console import Console

from holdfast.check.reports.report import report
from holdfast.check.result import Counts, Result
from holdfast.cli.check_text import MOST_IN_FULL, MOST_IN_LINES, text
from holdfast.manifests.place import Place

JUDGED = "1 project, 12 manifests, 3 workloads; 61 rules"


def printed(found, width=100, **options):
    console = Console(file=io.StringIO(), width=width, **options)
    for part in text(found, console.width):
        console.print(part)
    return console.file.getvalue()


def test_the_first_screen(reported):
    lines = [line.rstrip() for line in printed(reported()).splitlines()]
    assert lines[:9] == [
        "CRITICAL HF101 file-sessions-on-several-replicas  Deployment shop/web",
        "  Users of shop are logged out at random.",
        "  deploy.yaml:10:22",
        "   9 |             - name: SESSION_DRIVER",
        "  10 |               value: file",
        "     |                      ^^^^",
        "  deploy.yaml:3:13: 3 replicas",
        "  fix: SESSION_DRIVER=redis (holdfast check --fix does it)",
        "",
    ]
    assert lines[-5:] == [
        f"1 critical, 1 medium, 2 low found. Judged: {JUDGED}.",
        "1 allowed by comments or annotations",
        "1 could not be judged; --strict shows why",
        "1 files not judged: chart/a b.yaml (a template)",
        "Begin with deploy.yaml:10:22; holdfast explain HF101 says more of it.",
    ]


def test_no_secret_and_nothing_that_a_terminal_obeys(reported, secret):
    shown = printed(reported(strict=True))
    assert secret not in shown
    assert "value: ***" in shown
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_the_caret_stands_below_wide_characters(reported, samples):
    lines = printed(reported(samples["wide"])).splitlines()
    (at,) = (n for n, line in enumerate(lines) if "^" in line)
    caret = cell_len(lines[at][: lines[at].index("^")])
    ship = cell_len(lines[at - 1][: lines[at - 1].index("船")])
    assert caret == ship
    assert lines[at].count("^") == 2


@pytest.mark.parametrize("width", [30, 40, 80])
def test_narrow_terminals(reported, width):
    shown = printed(reported(strict=True), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert "needle" in shown
    assert "^^^^" in shown


def test_colour_for_a_terminal_alone(reported):
    assert "\x1b[1;31mCRITICAL" in printed(reported(), force_terminal=True, color_system="standard")
    assert "\x1b[" not in printed(reported())
    # Rich's reading of NO_COLOR: bold stays, colours go.
    plain = printed(reported(), force_terminal=True, color_system="standard", no_color=True)
    assert "\x1b[1;31m" not in plain


def test_findings_at_one_place_are_one_group(reported, samples):
    driver = samples["driver"]
    other = replace(samples["needle"], finding=replace(driver.finding, message="Another."))
    shown = printed(reported(driver, other))
    assert shown.count("value: file") == 1
    assert shown.count("fix:") == 2


def test_one_cause_for_many(reported, samples):
    driver = samples["driver"]
    many = [
        replace(driver, finding=replace(driver.finding, subject=f"Deployment {n}"))
        for n in range(8)
    ]
    (head, *_) = printed(reported(*many), 200).splitlines()
    assert head.endswith(
        "Deployment 0, Deployment 1, Deployment 2, Deployment 3, Deployment 4 and 3 more"
    )


def test_messages_are_told_once_but_for_names(reported, samples):
    driver = samples["driver"]
    said = {"web": "web loses it", "admin": "admin loses it", "api": "api keeps it"}
    shown = printed(
        reported(
            *(
                replace(
                    driver,
                    finding=replace(
                        driver.finding, message=words, subject=f"Deployment shop/{name}"
                    ),
                )
                for name, words in said.items()
            )
        )
    )
    assert "admin loses it" in shown
    assert "web loses it" not in shown
    assert "api keeps it" in shown


def test_one_rule_at_many_places_is_folded(reported, samples):
    driver = samples["driver"]
    count = MOST_IN_FULL + MOST_IN_LINES + 5
    many = [
        replace(driver, finding=replace(driver.finding, place=Place("deploy.yaml", 10, n + 1)))
        for n in range(count)
    ]
    shown = printed(reported(*many))
    assert shown.count("fix:") == MOST_IN_FULL
    assert f"in {count - MOST_IN_FULL} more places" in shown
    assert "and 5 more, all in --json FILE" in shown


def test_nothing_found_says_what_was_judged():
    empty = report(Result(judged=Counts(1, 2, 3, 1, 61)), fail_on=None)
    assert printed(empty) == (
        "Nothing found. Judged: 1 project, 2 images, 3 manifests, 1 workload; 61 rules.\n"
    )


def test_strict_shows_what_cannot_be_told(reported):
    assert "CANNOT TELL HF101" in printed(reported(strict=True))
    assert "CANNOT TELL" not in printed(reported())
