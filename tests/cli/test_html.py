"""The HTML page of a rehearsal, parsed: its parts, no resource, nothing secret, all escaped."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from msgspec.structs import replace

from holdfast.cli.environment import Environment, here, repeating
from holdfast.cli.html import page
from holdfast.cli.html.charts import decades, round_up
from holdfast.cli.html.markup import Html, tag
from holdfast.cli.marks import sign
from holdfast.cli.verdict_table import phase_names
from holdfast.rehearsal.history import Answer, Op, Sent, ToReplica, ToStore
from holdfast.rehearsal.plan import plan
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.scenario import Scenario
from holdfast.rehearsal.verdict import Lane, Mark, Phase, Second, Verdict, Violation

VOID = {"meta", "br"}
HOSTILE = "</title></style><script>alert(1)</script>\"'><img src=x onerror=y>&amp;\x00\ud800"
WHERE = Environment((("Holdfast", "0.1.0"), ("cores", "2")), "holdfast rehearse shop")

PLAN = plan(Scenario(application="laravel", seconds=9.0, faults=["kill", "cut"]))

HELD = Verdict(
    name="redis",
    seconds=9.5,
    sessions_opened=5,
    sessions_lost=0,
    writes_acknowledged=1234,
    writes_lost=0,
    phantoms=0,
    leaks=0,
    lost_updates=0,
    resurrections=0,
    late_cookies=0,
    fixations=0,
    requests=100,
    refused=0,
    errors=3,
    unknown=1,
    phases=[Phase("calm", 0.0, 90, 0, 12.4, 99.6), Phase("kill", 5.0, 0, 0, None, None)],
    causes={},
    violations=[],
    lanes=[Lane("r1", [(0.0, 9.5)], []), Lane("r2", [(0.0, 5.0)], [Mark(5.0, "kill")])],
    seconds_series=[Second(10, 0, 5.0, 9.0, 0), Second(0, 0, None, None, 0), Second(4, 4, 1, 2, 0)],
)


def read(number: int, shown: str | None = None) -> Op:
    state = State("r1", 1, "SECRET-HANDLE", shown, 7, "SECRET-TOKEN", ["a"], [], 2, {"size": "xl"})
    return Op(
        Sent(number, 4.0, "u1", "u1.1", "cart", {"item": "anchor"}, "own", None),
        Answer(number, 4.25, "ok", 200, state, "r1", 1),
    )


LOST = Violation("missing", "u1.1", 6.1, "r1", "r1.1 never had it", [read(3), read(9)])
RACED = replace(LOST, invariant="lost-update", why="overwritten")
BROKEN = replace(
    HELD,
    name="file",
    sessions_lost=1,
    writes_lost=2,
    causes={"the file was elsewhere": 1},
    violations=[LOST],
    lanes=[Lane("r1", [(0.0, 9.5)], [Mark(6.1, "lost"), Mark(6.1, "lost"), Mark(7.0, "pause")])],
    seconds_series=[Second(10, 0, 5.0, 9.0, 0), Second(10, 1, 5.0, 9.0, 2)],
)


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    children: list[Element | str] = field(default_factory=list)

    def all(self, name: str, class_: str | None = None) -> list[Element]:
        found = [e for e in self.children if isinstance(e, Element)]
        mine = [
            e for e in found
            if e.name == name and (class_ is None or class_ in (e.attributes.get("class") or ""))
        ]  # fmt: skip
        return mine + [deep for e in found for deep in e.all(name, class_)]

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    def everything(self) -> list[Element]:
        found = [e for e in self.children if isinstance(e, Element)]
        return found + [deep for e in found for deep in e.everything()]


class Tree(HTMLParser):
    """Strict: each element is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open = [Element("", {})]
        self.feed(text)
        self.close()
        assert len(self.open) == 1

    def handle_starttag(self, tag, attrs):
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop().name == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)


def parsed(*verdicts: Verdict, judge="all", interrupted=False, where=WHERE) -> Element:
    return Tree(page(verdicts, judge, where, interrupted=interrupted)).open[0]


def header(root: Element) -> Element:
    (found,) = root.all("header")
    return found


def table(root: Element) -> dict[str, list[str]]:
    (counts,) = root.all("table", "counts")
    return {
        row.all("th")[0].text: [cell.text for cell in row.all("td")]
        for row in counts.all("tr")
        if row.all("th")
    }


def test_the_verdict_comes_first():
    root = parsed(BROKEN, HELD)
    (body,) = root.all("body")
    assert body.children[0] is header(root)
    assert header(root).all("h1")[0].text == "redis lost no session and no write."
    assert header(root).attributes["class"] == "good"
    assert "Judged: survival and races" in header(root).text
    assert [dd.text for dd in header(root).all("dd")] == [
        "0 of 5", "0 of 1,234", "0 of 1,234", "4 of 100"
    ]  # fmt: skip
    assert root.all("title")[0].text.startswith("redis lost no session")


def test_a_loss_is_said():
    root = parsed(BROKEN)
    said = "file lost 1 of 5 sessions and 2 of 1,234 acknowledged writes."
    assert header(root).all("h1")[0].text == said
    assert header(root).attributes["class"] == "bad"


@pytest.mark.parametrize(
    ("judge", "said", "style"),
    [
        (
            "all",
            "redis lost no session and no write to the faults, but parallel requests broke it.",
            "bad",
        ),
        ("survival", "redis lost no session and no write.", "good"),
    ],
)
def test_what_is_judged_decides(judge, said, style):
    root = parsed(replace(HELD, lost_updates=1, violations=[RACED]), judge=judge)
    assert header(root).all("h1")[0].text == said
    assert header(root).attributes["class"] == style
    words = [p.text for p in header(root).all("p")]
    assert ("Lost updates: 1." in words) == (judge == "all")
    unjudged = "What parallel requests did is not judged: lost updates: 1."
    assert (unjudged in words) == (judge == "survival")


def test_other_things_that_must_not_be_shown():
    leak = replace(LOST, invariant="leak")
    root = parsed(replace(HELD, leaks=1, violations=[leak]), judge="survival")
    assert header(root).all("h1")[0].text.endswith("but showed what it must not.")
    assert header(root).all("p", "others")[0].text == "Leaks between users: 1."


def test_the_verdict_is_a_word_and_not_a_colour_alone():
    words = [header(parsed(v)).all("p", "word")[0].text for v in (HELD, BROKEN)]
    assert words == ["✓ holds", "✗ does not hold"]


def test_every_run_has_a_bar_of_what_it_lost():
    (shares,) = header(parsed(BROKEN, HELD)).all("div", "shares")
    rows = shares.all("tr")
    assert [row.text for row in rows] == ["file1 of 5", "redis0 of 5"]
    assert [row.all("rect", "gone")[0].attributes["width"] for row in rows] == ["20.0%", "0.0%"]
    assert [row.attributes.get("class") for row in rows] == [None, "judged"]
    assert not header(parsed(HELD)).all("div", "shares")


def test_a_run_that_did_not_do_all_is_not_good():
    doubts = ["your command for «roll» ended with status 7"]
    good, bad = (header(parsed(replace(v, doubts=doubts))) for v in (HELD, BROKEN))
    assert good.attributes["class"] == "bad"
    assert doubts[0] in good.text
    assert bad.all("p", "word")[0].text == "✗ does not hold"


def test_nothing_proved_is_not_good():
    root = parsed(replace(HELD, sessions_opened=0))
    assert "Nothing was proved" in header(root).text
    assert header(root).attributes["class"] == "bad"


def test_interrupted():
    assert "Interrupted" in header(parsed(HELD, interrupted=True)).text
    assert "Interrupted" not in header(parsed(HELD)).text
    assert "nothing was judged" in header(parsed(interrupted=True)).text


def test_the_comparison_has_a_column_a_run():
    rows = table(parsed(BROKEN, HELD))
    (counts,) = parsed(BROKEN, HELD).all("table", "counts")
    assert [th.text for th in counts.all("thead")[0].all("th")] == ["file", "redisjudged"]
    assert rows["sessions LOST"] == ["1", "0"]
    assert rows["writes acknowledged"] == ["1,234", "1,234"]
    assert rows["calm"] == ["12 / 100", "12 / 100"]
    assert rows["kill"] == ["-", "-"]


def test_the_timeline():
    root = parsed(BROKEN)
    (figure,) = root.all("figure", "timeline")
    assert [label.text for label in figure.all("div", "label")] == [
        "phase", "r1", "requestsa second", "latencyms", "sessionsfound lost", ""
    ]  # fmt: skip
    (row,) = figure.all("div", "lane")
    lane = row.all("svg")[0]
    assert lane.attributes["aria-label"] == "r1: paused 1 ×, sessions found lost 2 ×"
    marks = lane.all("svg", "mark")
    assert [mark.all("title")[0].text for mark in marks] == [
        "r1 paused at 7.0 s", "r1 sessions found lost at 6.1 s (2 ×)"
    ]  # fmt: skip
    assert marks[1].attributes["x"] == "64.211%"
    assert [(s.attributes["x"], s.attributes["width"]) for s in lane.all("rect", "span")] == [
        ("0.000%", "100.000%")
    ]
    charts = figure.all("div", "chart")
    assert len(charts[0].all("rect", "requests")) == 2
    ticks = [[text.text for text in chart.all("text")] for chart in charts]
    assert ticks == [["0", "5", "10"], ["1", "10"], ["0", "2"]]
    (note,) = figure.all("p")
    assert note.text.startswith("A loss is marked where it was seen")
    legend = figure.all("figcaption")[0].text
    assert "paused" in legend
    assert "killed" not in legend  # no such mark here


@pytest.mark.parametrize("what", [*get_args(ToReplica), *get_args(ToStore), "lost", "new-fault"])
def test_every_event_has_a_mark_and_an_entry_in_the_legend(what):
    if what == "stopped":
        return
    (figure,) = parsed(replace(HELD, lanes=[Lane("store", [], [Mark(2.0, what)])])).all("figure")
    (mark,) = figure.all("svg", "mark")
    drawn = sign(what)
    assert drawn is not None
    assert mark.all("path")[0].attributes["d"] == drawn.shape
    assert [p.attributes["d"] for p in figure.all("figcaption")[0].all("path", "sign")] == [
        drawn.shape
    ]
    assert drawn.words in figure.all("figcaption")[0].text


def test_what_is_over_at_once_is_marked_once():
    marks = [Mark(2.0, "cut"), Mark(3.0, "over"), Mark(5.0, "flush"), Mark(5.01, "over")]
    (figure,) = parsed(replace(HELD, lanes=[Lane("store", [], marks)])).all("figure")
    titles = [mark.all("title")[0].text for mark in figure.all("svg", "mark")]
    assert titles == [
        "store answers cut at 2.0 s", "store over at 3.0 s", "store store flushed at 5.0 s"
    ]  # fmt: skip


def test_a_loss_hides_no_cause_and_nothing_else_hides_a_loss():
    marks = [Mark(2.0, what) for what in ("lost", "kill", "stop")]
    (figure,) = parsed(replace(HELD, lanes=[Lane("r1", [], marks)])).all("figure")
    drawn = [mark.all("title")[0].text.split()[1] for mark in figure.all("svg", "mark")]
    assert drawn == ["stop", "sessions", "killed"]  # the last one is on top


def test_faults_are_tinted_through_every_row():
    (figure,) = parsed(HELD).all("figure", "timeline")
    tinted = [band.attributes for band in figure.all("rect", "band")]
    assert len(tinted) == 5  # phases, two lanes, requests, latency: `kill`, but not `calm`
    assert {(band["x"], band["width"]) for band in tinted} == {("52.632%", "47.368%")}


def test_phase_names_do_not_write_over_each_other():
    phases = [Phase(name, at, 1, 0, 1.0, 1.0) for name, at in (
        ("calm", 0.0), ("blackhole", 8.0), ("flush", 8.3), ("kill", 8.6), ("end", 9.4)
    )]  # fmt: skip
    (figure,) = parsed(replace(HELD, phases=phases)).all("figure", "timeline")
    names = {t.text: t.attributes for t in figure.all("div", "row")[0].all("text")}
    assert names["calm"]["y"] == names["blackhole"]["y"] == names["end"]["y"]
    assert len({names[name]["y"] for name in ("blackhole", "flush", "kill")}) == 3
    # Those that begin late stand left of where they begin.
    assert {names[name]["text-anchor"] for name in ("blackhole", "end")} == {"end"}


@pytest.mark.parametrize(
    ("most", "end"), [(0, 2), (1, 2), (3, 4), (5, 6), (7, 10), (11, 20), (77, 100), (401, 600)]
)
def test_the_ends_of_an_axis_are_round(most, end):
    assert round_up(most) == end


@pytest.mark.parametrize(
    ("values", "powers"),
    [([5.0, 9.0], (0, 1)), ([0.0, 0.2], (-1, 0)), ([10.0, 10.0], (1, 2)), ([9, 1500], (0, 4))],
)
def test_latency_stands_between_powers_of_ten(values, powers):
    assert decades(values) == powers


def test_what_replicas_run_is_said_where_it_is_not_the_same():
    lanes = [Lane("r1", [], [], "laravel"), Lane("r2", [], [], "shop"), Lane("store", [], [])]
    (figure,) = parsed(replace(HELD, lanes=lanes)).all("figure")
    assert [label.text for label in figure.all("div", "label")][1:4] == [
        "r1 laravel", "r2 shop", "store"
    ]  # fmt: skip


def test_a_second_without_answers_is_a_gap():
    (figure,) = parsed(HELD).all("figure", "timeline")
    p50 = figure.all("path", "p50")[0].attributes["d"]
    assert p50 is not None
    assert p50.count("M") == 2


def test_a_long_run_has_few_bars():
    series = [Second(10, 1, 5.0, 9.0, 0)] * 86_400
    (figure,) = parsed(replace(HELD, seconds=86_400.0, seconds_series=series)).all("figure")
    assert len(figure.all("div", "chart")[0].all("rect", "requests")) == 120
    assert len(figure.all("svg", "mark")) == 1


def test_a_verdict_without_series():
    (figure,) = parsed(replace(HELD, seconds_series=[], seconds=0.0)).all("figure")
    assert [label.text for label in figure.all("div", "label")] == ["phase", "r1", "r2", ""]


def test_violations_are_collapsed_with_their_records():
    root = parsed(BROKEN)
    (violation,) = root.all("details")
    assert "open" not in violation.attributes
    assert violation.all("summary")[0].text == "u1.1 at 6.10 s: r1.1 never had it"
    first, second = violation.all("tr")
    assert [cell.text for cell in first.all("td")] == [
        "#3", "4.00-4.25 s", "r1.1", "cart item=anchor",
        "ok: session new, user 7, count 2, cart 1, orders 0, size=xl",
    ]  # fmt: skip
    assert second.all("td")[0].text == "#9"
    assert [r.attributes["x"] for r in violation.all("rect")] == ["0.0%", "0.0%"]
    assert root.all("ul", "causes")[0].text == "1 ×the file was elsewhere"


def test_requests_that_clash_are_drawn_against_each_other():
    late = Op(Sent(4, 5.0, "u1", "u1.1", "state", {}, "own", None), None)
    clash = replace(LOST, at=6.0, records=[read(3), late])
    (violation,) = parsed(replace(BROKEN, violations=[clash])).all("details")
    bars = [(r.attributes["x"], r.attributes["width"]) for r in violation.all("rect")]
    assert bars == [("0.0%", "12.5%"), ("50.0%", "50.0%")]
    assert len(violation.all("rect", "unanswered")) == 1
    short = Op(Sent(5, 9.99, "u1", "u1.1", "state", {}, "own", None), Answer(5, 10.0, "fail", 502))
    clash = replace(LOST, at=10.0, records=[read(3), short])
    (violation,) = parsed(replace(BROKEN, violations=[clash])).all("details")
    last = violation.all("rect")[1].attributes
    assert (last["x"], last["width"]) == ("98.5%", "1.5%")  # too short to be seen, and not cut off


def test_no_more_than_fifty_violations_a_run():
    root = parsed(replace(BROKEN, violations=[LOST] * 70 + [RACED]))
    # Each of the two invariants has half of the room.
    assert len(root.all("table", "records")) == 26
    assert "and 45 more" in root.text
    whole = parsed(replace(BROKEN, violations=[LOST] * 51))
    assert len(whole.all("table", "records")) == 50
    (more,) = whole.all("details", "more")
    assert more.all("summary")[0].text == "47 more"
    assert len(more.all("table", "records")) == 47


def test_a_contrast_run_is_there_but_folded():
    root = parsed(BROKEN, HELD)
    (run,) = root.all("details", "run")
    assert run.all("summary")[0].text.startswith("file lost 1 of 5 sessions")
    assert len(run.all("figure", "timeline")) == 1
    assert not parsed(HELD).all("details")


def test_what_does_not_apply_is_said():
    text = parsed(replace(HELD, not_applicable=["flush"])).text
    assert "Not applicable to this store: flush." in text
    rows = table(parsed(replace(BROKEN, not_applicable=["flush"]), HELD))
    assert rows["flush"] == ["not applicable", "done"]


def test_a_phase_that_one_run_lacks_keeps_its_place():
    cut = [*HELD.phases, Phase("cut", 6.0, 1, 0, 1.0, 1.0), Phase("end", 9.0, 1, 0, 1.0, 1.0)]
    short = replace(BROKEN, phases=[*HELD.phases, Phase("end", 9.0, 1, 0, 1.0, 1.0)])
    assert phase_names([short, replace(HELD, phases=cut)]) == ["calm", "kill", "cut", "end"]


def test_nothing_is_loaded():
    text = page([BROKEN, HELD], "all", here(["rehearse", "shop"], PLAN), interrupted=False)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text, re.IGNORECASE)
    names = {element.name for element in Tree(text).open[0].everything()}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "a", "form", "base"}
    policy = Tree(text).open[0].all("meta")[1].attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


def test_it_fits_a_phone_and_both_schemes():
    root = parsed(HELD)
    metas = {
        meta.attributes.get("name"): meta.attributes.get("content") for meta in root.all("meta")
    }
    assert metas["viewport"] == "width=device-width, initial-scale=1"
    assert metas["color-scheme"] == "light dark"
    css = root.all("style")[0].text
    for query in ("prefers-color-scheme: dark", "max-width: 40rem", "print"):
        assert f"@media {query}" in css or f"@media ({query})" in css


def test_no_token_and_no_session_id():
    text = page([BROKEN, BROKEN], "all", WHERE, interrupted=False)
    assert "never had it" in text
    assert "SECRET" not in text


def test_hostile_names_are_text():
    sent = Sent(1, 1.0, HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, "own", None)
    answer = Answer(1, 2.0, "fail", 500, None, HOSTILE, 1, error=HOSTILE)
    hostile = replace(
        BROKEN,
        name=HOSTILE,
        causes={HOSTILE: 1},
        violations=[replace(LOST, lineage=HOSTILE, why=HOSTILE, records=[Op(sent, answer)])],
        lanes=[Lane(HOSTILE, [(0.0, 1.0)], [Mark(0.5, "lost"), Mark(0.6, HOSTILE)])],
        phases=[Phase(HOSTILE, 0.0, 1, 0, 1.0, 1.0)],
        not_applicable=[HOSTILE],
    )
    where = Environment(((HOSTILE, HOSTILE),), HOSTILE)
    plain = parsed(replace(hostile, name="n"), hostile, where=where)
    names = {element.name for element in plain.everything()}
    assert not names & {"script", "img"}
    attributes = {key for element in plain.everything() for key in element.attributes}
    assert not {key for key in attributes if key.startswith("on")}
    assert plain.all("title")[0].text.startswith("</title></style><script>")
    assert "\x00" not in plain.text
    assert "\N{REPLACEMENT CHARACTER}" in plain.text
    page([hostile], "all", where, interrupted=False).encode()


def test_only_what_was_made_as_markup_is_markup():
    made = tag("p", "<b>", Html("<i></i>"), title='"&<', class_="a", hidden=None, x=1.50, y=100)
    assert made.text == (
        '<p title="&quot;&amp;&lt;" class="a" x="1.5" y="100">&lt;b&gt;<i></i></p>'
    )


def test_the_environment_and_the_command():
    where = here(["rehearse", "shop", "--compare", "a b"], PLAN)
    root = parsed(HELD, where=where)
    assert root.all("pre")[0].text == "holdfast rehearse shop --compare 'a b'"
    facts = dict(where.facts)
    assert set(facts) >= {"Holdfast", "Python", "system", "cores", "Redis", "written"}
    for name in ("Redis", "Laravel"):
        assert re.fullmatch(r"\d+(\.\d+)+", facts[name])
    assert facts["faults"] == "kill at 3 s, cut at 6 s"
    assert (facts["replicas"], facts["seconds"], facts["seed"]) == ("3", "9 for each run", "1")
    (shown,) = root.all("dl", "facts")
    assert [dd.text for dd in shown.all("dd")] == list(facts.values())


@pytest.mark.parametrize(
    ("scenario", "started"),
    [
        (Scenario(compare=["redis"]), {"PHP", "nginx", "HAProxy", "Redis"}),
        (Scenario(application="shop", compare=["file:shared"], balancer="builtin"), set()),
        (
            Scenario(
                application="shop",
                compare=["database:mariadb", "redis:sentinel"],
                balancer="builtin",
            ),
            {"HAProxy", "MariaDB", "Redis"},
        ),
        (
            Scenario(compare=["memcached", "database:postgresql"], balancer="builtin"),
            {"PHP", "nginx", "memcached", "PostgreSQL"},
        ),
        (
            Scenario(application="shop", store="redis://h/0", balancer="builtin"),
            set(),
        ),
    ],
)
def test_the_programs_that_were_started_are_named_and_no_others(scenario, started):
    programs = {"PHP", "nginx", "HAProxy", "Redis", "memcached", "MariaDB", "PostgreSQL"}
    assert programs & dict(here([], plan(scenario)).facts).keys() == started


def test_no_laravel_is_named_where_none_was_played():
    where = here([], plan(Scenario(application="shop", faults=[])))
    assert "Laravel" not in dict(where.facts)
    assert dict(where.facts)["faults"] == "none"


@pytest.mark.parametrize("option", ["--html", "--junit"])
@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("", 2, "names no file"),
        ("-", 2, "takes a file, not stdout"),
        ("/nowhere/at/all", 3, "cannot write /nowhere/at/all"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_run(
    holdfast, option, target, status, said
):
    ended = holdfast("rehearse", "shop", option, target)
    assert ended.status == status
    assert said in ended.err
    assert "starting" not in ended.err


def test_two_options_do_not_write_the_same_file(holdfast, tmp_path):
    ended = holdfast("rehearse", "--html", f"{tmp_path}/r", "--junit", f"{tmp_path}/./r")
    assert ended.status == 2
    assert "--html and --junit name the same file" in ended.err


@pytest.mark.timeout(180)
def test_a_rehearsal_writes_both(holdfast, tmp_path):
    ended = holdfast(
        *("rehearse", "shop", "--driver", "array", "--users", "2", "--seconds", "1"),
        *("--faults", "", "--replicas", "2", "--balancer", "builtin"),
        *("--html", f"{tmp_path}/r.html", "--junit", f"{tmp_path}/r.xml"),
    )
    assert ended.status in (0, 1), ended.err
    root = Tree((tmp_path / "r.html").read_text()).open[0]
    assert header(root).attributes["class"] == ("bad" if ended.status else "good")
    labels = [label.text for label in root.all("div", "label")]
    assert labels[:3] == ["phase", "r1", "r2"]
    assert labels[3].startswith("requests")
    suites = ET.parse(tmp_path / "r.xml").getroot()
    assert (suites.get("failures") != "0") == (ended.status == 1)


@pytest.mark.parametrize(
    ("word", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:geheim@h/0", "'redis://:***@h/0'"),
        ("redis://user:ge:h@eim@h/0", "'redis://user:***@h/0'"),
        ("mysql://geheim@h/db", "'mysql://***@h/db'"),
        ("--store=postgresql://u:geheim@h/db", "'--store=postgresql://u:***@h/db'"),
        ("redis://h/0?password=geheim&prefix=p", "'redis://h/0?password=***&prefix=p'"),
        ("redis://h/0?key=env:APP_KEY", "'redis://h/0?key=env:APP_KEY'"),
        ("redis://h/0?key=base64:geheim=", "'redis://h/0?key=***'"),
        ("base64:Z2VoZWlt", "'base64:***'"),
        ("file,shop=redis+block@cookie", "file,shop=redis+block@cookie"),
    ],
)
def test_secrets_in_the_command_are_masked(word, shown):
    assert repeating(["rehearse", word]) == f"holdfast rehearse {shown}"


def test_a_login_keeps_variables_and_numbers_alone():
    login = "POST /login?token=x email=v{n}@example.com pin=12 pass='a b=c' code=env:CODE junk"
    shown = "POST '/login?token=***' 'email=v{n}@example.com' 'pin=***' 'pass=***' code=env:CODE"
    for words in (["--login", login], [f"--login={login}"]):
        command = repeating(["rehearse", ".", *words])
        assert shlex.split(command)[-1].removeprefix("--login=") == f"{shown} '***'"
    assert repeating(["--on-fault", "sh -c 'x secret'"]) == "holdfast --on-fault 'sh ***'"
    assert repeating(["--on-fault=curl secret"]) == "holdfast '--on-fault=curl ***'"
    assert "secret" not in repeating(["--login", "POST /login 'password=secret"])
