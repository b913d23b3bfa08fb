"""The HTML page in a real browser: what it loads, what is seen of it, what can be read of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Page, sync_playwright

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.reports.report import report as report_of
from holdfast.check.result import Counts, NotJudged, Result, Suppressed
from holdfast.check.rule import Found
from holdfast.check.rules import hf101_file_sessions_on_several_replicas
from holdfast.cli.environment import Environment
from holdfast.cli.html import page
from holdfast.cli.html.check import page as check_page
from holdfast.manifests.place import Place
from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.verdict import Lane, Mark, Phase, Second, Verdict, Violation
from holdfast.servers.programs import require_program

WIDE, PHONE = {"width": 1200, "height": 900}, {"width": 390, "height": 844}
SCREENS = pytest.mark.parametrize("screen", [WIDE, PHONE], ids=["wide", "phone"])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])

FAULTS = ("kill", "cut", "slow", "blackhole", "flush", "pause", "avalanche")
PHASES = [
    Phase(name, 4.0 * number, 90, 3, 12.4, 1099.6)
    for number, name in enumerate(("calm", *FAULTS, "end"))
]
LONG = "mast" * 60


def read(number: int, item: str) -> Op:
    state = State("r1", 1, "handle", None, 7, "token", ["a"], [], 2, {"size": item})
    sent = Sent(number, 4.0 + number / 10, "u1", "u1.1", "cart", {"item": item}, "own", None)
    return Op(sent, Answer(number, 4.35 + number / 10, "ok", 200, state, "r1", 1))


LOST = Violation("missing", "u1.1", 6.1, "r1", "never had it", [read(1, "oar"), read(2, LONG)])
LANES = [
    Lane("r1", [(0.0, 36.0)], [Mark(5.0, "pause"), Mark(6.1, "lost"), Mark(7.0, "resume")]),
    Lane("r2", [(0.0, 4.0), (9.0, 36.0)], [Mark(4.0, "kill"), Mark(9.0, "start")]),
    Lane("store", [], [Mark(4.0 * n, what) for n, what in enumerate(FAULTS, start=1)]),
]
LOSES = Verdict(
    name="file@cookie",
    seconds=36.0,
    sessions_opened=98,
    sessions_lost=41,
    writes_acknowledged=12_345,
    writes_lost=1_020,
    phantoms=1,
    leaks=0,
    lost_updates=24,
    resurrections=4,
    late_cookies=9,
    fixations=0,
    requests=54_321,
    refused=100,
    errors=38,
    unknown=3,
    phases=PHASES,
    causes={"the file went with its replica": 41, LONG: 24},
    violations=[LOST] * 9 + [replace(LOST, invariant="lost-update", why=LONG)] * 30,
    lanes=LANES,
    seconds_series=[Second(40 + n % 7, n % 3, 9.5, 100.0 * (1 + n % 12), n % 2) for n in range(36)],
    not_applicable=["flush"],
)
KEEPS = replace(
    LOSES,
    name="redis+block",
    sessions_lost=0,
    writes_lost=0,
    phantoms=0,
    lost_updates=0,
    resurrections=0,
    late_cookies=0,
    causes={},
    violations=[],
    not_applicable=[],
)
WHERE = Environment((("Holdfast", "0.1.0"), ("system", LONG)), f"holdfast rehearse {LONG}")

REPORTS = {
    "keeps": [LOSES, KEEPS],
    "loses": [KEEPS, LOSES],
    "alone": [KEEPS],
    "crowd": [replace(LOSES, name=f"shop=database:mariadb+block@cookie{n}") for n in range(8)],
}

RULE = hf101_file_sessions_on_several_replicas.RULE
FOUND = Found(
    RULE,
    Finding(
        Place("deploy.yaml", 2, 10, 2, 14),
        f"Users are logged out at random: {LONG}.",
        f"SESSION_DRIVER=redis {LONG}",
        f"Deployment shop/{LONG}",
        (Related(Place(f"{LONG}.yaml", 7), "3 replicas"),),
    ),
)
CHECKED = Result(
    (
        FOUND,
        *(
            Found(replace(RULE, severity=s), replace(FOUND.finding, message=s.word))
            for s in Severity
        ),
        Found(RULE, Finding(Place("deploy.yaml"), "It cannot be told.", unknown=True)),
    ),
    (Suppressed(FOUND, LONG, Place(LONG, 3)),),
    {"deploy.yaml": f"kind: Deployment\n  driver: file {LONG}\n".encode()},
    Counts(1, 2, 345, 6, 78, (NotJudged(LONG, "a template"),)),
)
CHECKS = {"check": CHECKED, "clean": Result(judged=CHECKED.judged)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = require_program("chromium", package="chromium")
    arguments = ["--disable-background-networking"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")  # which root cannot have
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """The address of each report."""
    for name, verdicts in REPORTS.items():
        text = page(verdicts, "all", WHERE, interrupted=False)
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    for name, result in CHECKS.items():
        found = report_of(result, fail_on=Severity.HIGH, strict=True)
        text = check_page(found, ["check", LONG], datetime(2026, 11, 27, tzinfo=UTC))
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (tmp_path / f"{name}.html").as_uri() for name in (*REPORTS, *CHECKS)}


def opened(browser: Browser, address: str, screen=WIDE, scheme="light") -> Page:
    shown = browser.new_page(viewport=screen, color_scheme=scheme)
    shown.goto(address)
    return shown


@pytest.mark.parametrize("report", ["loses", "check"])
def test_the_file_is_all_that_is_loaded(browser, files, report):
    asked, said = [], []
    shown = browser.new_page()
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(files[report], wait_until="networkidle")
    shown.close()
    assert asked == [files[report]]
    assert said == []


@SCREENS
@pytest.mark.parametrize("report", [*REPORTS, *CHECKS])
def test_nothing_is_wider_than_the_screen(browser, files, screen, report):
    shown = opened(browser, files[report], screen)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    folded = shown.evaluate(wide)
    shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    unfolded = shown.evaluate(wide)
    shown.close()
    assert (folded, unfolded) == (0, 0)


@SCREENS
@pytest.mark.parametrize(
    ("report", "word"),
    [
        ("keeps", "✓ HOLDS"),
        ("loses", "✗ DOES NOT HOLD"),
        ("alone", "✓ HOLDS"),
        ("check", "✗ 2 CRITICAL, 1 HIGH, 1 MEDIUM, 1 LOW"),
        ("clean", "✓ NOTHING FOUND"),
    ],
)
def test_the_verdict_is_seen_without_scrolling(browser, files, screen, report, word):
    shown = opened(browser, files[report], screen)
    for part in ("header .word", "header h1", "header .figures"):
        place = shown.locator(part).bounding_box()
        assert place is not None
        assert 0 <= place["y"] < place["y"] + place["height"] <= screen["height"]
    assert shown.locator("header .word").inner_text() == word
    shown.close()


CONTRASTS = """() => {
  const light = colour => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(Number).map(part => {
      part /= 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/^rgba\\(.*, 0\\)$/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const tints = [...document.querySelectorAll(".band")].map(band => getComputedStyle(band).fill);
  const behind = element => element.closest("figure > .row")
    ? [ground(element), ...tints] : [ground(element)];
  const worst = (element, colour) =>
    Math.min(...behind(element).map(other => ratio(colour, other)));
  const found = {text: [], drawn: []};
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const own = [...element.childNodes].some(n => n.nodeType == 3 && n.textContent.trim());
    const name = `${element.tagName} ${element.getAttribute("class")}`;
    if (own && element.tagName != "title")
      found.text.push([name, worst(element, element.tagName == "text" ? style.fill : style.color)]);
    if (element.matches(".line, .sign"))
      found.drawn.push([name, worst(element, element.matches(".grave:not(.lost)")
        ? style.fill : style.stroke)]);
    if (element.matches(".errors, .losses, .gone"))
      found.drawn.push([name, worst(element, style.fill)]);
  }
  return found;
}"""


@SCHEMES
@pytest.mark.parametrize("report", ["keeps", "loses"])
def test_everything_can_be_read(browser, files, scheme, report):
    """WCAG 2 AA: 4.5 for text, 3 for what is drawn and means something."""
    shown = opened(browser, files[report], WIDE, scheme)
    found = shown.evaluate(CONTRASTS)
    shown.close()
    named = {name for name, _ in found["text"]}
    assert named >= {"H1 null", "P word", "TH null", "TD good", "TD bad", "TD warn", "SPAN null"}
    assert {name.split()[0] for name in named} >= {"DT", "DD", "text", "SUMMARY", "CODE"}
    assert [(name, ratio) for name, ratio in found["text"] if ratio < 4.5] == []
    assert len(found["drawn"]) > 10
    assert [(name, ratio) for name, ratio in found["drawn"] if ratio < 3] == []


@SCHEMES
@pytest.mark.parametrize("report", [*CHECKS])
def test_every_word_of_a_check_can_be_read(browser, files, scheme, report):
    shown = opened(browser, files[report], WIDE, scheme)
    shown.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = shown.evaluate(CONTRASTS)
    shown.close()
    assert [(name, ratio) for name, ratio in found["text"] if ratio < 4.5] == []
    if report == "check":
        levels = {name for name, _ in found["text"] if name.startswith("SPAN severity")}
        assert len(levels) == 5
        assert "MARK null" in {name for name, _ in found["text"]}


def test_dark_is_dark(browser, files):
    colours = []
    for scheme in ("light", "dark"):
        shown = opened(browser, files["keeps"], WIDE, scheme)
        colours.append(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
        shown.close()
    light, dark = (sum(map(int, c.removeprefix("rgb(").rstrip(")").split(","))) for c in colours)
    assert dark < light / 4


def test_paper_shows_every_section_and_no_more_than_a_few_violations(browser, files):
    shown = opened(browser, files["loses"], {"width": 700, "height": 900}, "dark")
    assert not shown.locator("table.records").first.is_visible()
    assert shown.pdf(format="A4").count(b"/Type /Page\n") > 1
    shown.emulate_media(media="print")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    heights = shown.evaluate("[...document.querySelectorAll('section')].map(s => s.offsetHeight)")
    assert len(heights) == 5
    assert min(heights) > 50
    assert shown.evaluate("document.documentElement.scrollWidth") <= 700
    records = shown.locator("table.records")
    seen = [records.nth(n).is_visible() for n in range(records.count())]
    assert (len(seen), seen.count(True)) == (9 + 25, 6)  # three of each of the two invariants
    shown.close()
