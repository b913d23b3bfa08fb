"""Scenario files: the template says the defaults, a mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import asdict, replace

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.located import read
from holdfast.rehearsal.plan import Scheduled, plan
from holdfast.rehearsal.scenario import Scenario, TimedFault, read_scenario, template
from holdfast.rehearsal.site import EXAMPLE
from holdfast.rehearsal.users import STEPS
from holdfast.rehearsal.visitors import STEPS as VISITOR_STEPS


@pytest.fixture
def scenario(tmp_path):
    def written(text: str) -> Scenario:
        path = tmp_path / "rehearsal.yaml"
        path.write_text(text)
        return read_scenario(path)

    return written


def test_the_template_says_the_defaults(scenario):
    assert scenario(template()) == replace(Scenario(), compare=["redis"])
    assert set(read(template().encode(), "template").value) == set(asdict(Scenario())) - {
        "store",
        "login",
        "ready",
        "rendered",
    }


def test_what_the_template_comments_out_can_be_said(scenario):
    opened = template().replace("#   - {", "  - {").replace("# faults:", "faults:")
    for line in ("faults: [kill, roll, scale]\n", "steps: {}\n", "expect: {}\n"):
        opened = opened.replace(line, "")
    opened = opened.replace("# steps:", "steps:").replace("#   ", "  ")
    opened = opened.replace("# expect:", "expect:")
    said = scenario(opened)
    assert said.faults == [TimedFault("kill", 5), TimedFault("roll", 12.5)]
    assert set(said.steps) == set(STEPS)
    assert said.expect["lost-update"] > said.expect["missing"] == 0


def test_what_the_template_says_of_ones_own_application_can_be_said(scenario):
    (login,) = (line for line in template().splitlines() if line.startswith("# login:"))
    (names,) = (line for line in template().splitlines() if line.startswith("# Visitors"))
    steps = dict.fromkeys(names.rstrip(".").partition(": ")[2].split(", "), 1)
    said = scenario(f"application: app\npath: /shop\n{login.removeprefix('# ')}\nsteps: {steps}\n")
    assert (said.path, said.login) == ("/shop", EXAMPLE)
    assert set(said.steps) == set(VISITOR_STEPS)


def test_faults_are_spread_or_have_their_times(scenario):
    spread = plan(scenario("seconds: 40\nfaults: [kill, roll, kill]\n"))
    assert spread.schedule == (Scheduled(10, "kill"), Scheduled(20, "roll"), Scheduled(30, "kill"))
    assert spread.faults == ("kill", "roll")
    timed = scenario("faults:\n- {at: 12.5, fault: roll}\n- {at: 5, fault: kill}\n")
    assert timed.faults == [TimedFault("roll", 12.5), TimedFault("kill", 5)]
    assert plan(timed).schedule == (Scheduled(5, "kill"), Scheduled(12.5, "roll"))
    assert plan(scenario("faults: []\n")).schedule == ()


def test_paths_are_taken_from_the_file(scenario, tmp_path):
    assert scenario("application: app\n").application == str(tmp_path / "app")
    assert scenario("application: shop\n").application == "shop"
    assert scenario("store: laravel:app\n").store == f"laravel:{tmp_path / 'app'}"
    assert scenario("store: redis://h/0\n").store == "redis://h/0"


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("users: 5\nreplica: 3\n", "2: replica: no such setting", "did you mean replicas?"),
        ("users: 5\nreplicas: 21\n", "2: replicas: 21 is not between 1 and 20", "try 20"),
        ("users: 0\n", "1: users: 0 is not between 1 and 1000", "try 1"),
        ("seconds: 100000000\n", "1: seconds: 100000000 is not between 1 and 86400", "try 86400"),
        ("seconds: .nan\n", "1: seconds: nan is not between", "try 1"),
        ("think: -1\n", "1: think: -1 is not between", "try 0"),
        ("judge: al\n", "1: judge: no such choice: 'al'", "one of survival, all"),
        ("balancer: envoy\n", "1: balancer: no such choice: 'envoy'", "one of auto, haproxy"),
        ("users: many\n", "1: users: a whole number is wanted here, not a word", ""),
        ("faults: [1]\n", "1: faults[0]: ", ""),
        ("expect:\n  mising: 0\n", "2: expect.mising: no such invariant", "did you mean missing?"),
        ("expect:\n  missing: -1\n", "2: expect.missing: -1 is not between", ""),
        ("faults: [kill, rol]\n", "1: faults[1]: no such fault: 'rol'", "did you mean roll?"),
        ("faults:\n- {at: 1, falt: x}\n", "2: faults[0].falt: no such setting", "fault?"),
        ("faults:\n- at: 1\n  fault: rol\n", "3: faults[0].fault: no such fault: 'rol'", "roll"),
        ("faults:\n- {at: 31, fault: roll}\n", "2: faults[0].at: 31 is not between 0 and 30", ""),
        ("faults:\n- kill\n- {at: 1, fault: roll}\n", "1: faults: some faults have a time", ""),
        ("steps:\n  ad: 1\n", "2: steps.ad: no such step: 'ad'", "did you mean add?"),
        ("steps:\n  add: -1\n", "2: steps.add: -1 is not between", ""),
        ("compare:\n- file\n- redsi\n", "3: compare[1]: no such driver: 'redsi'", "redis"),
        ("compare: [file]\nstore: redis://h/0\n", "2: store: a store that is there", "leave out"),
        ("path: /shop\n", "1: path: this is for an application of your own", "directory"),
        ("application: app\npath: shop\n", "2: path: 'shop' is no path", "begins with /"),
        ("application: app\nlogin: GET /x\n", "2: login: 'GET' logs nobody in", "POST"),
        ("application: app\nsteps:\n  add: 1\n", "3: steps.add: no such step", "visit"),
        ("compare: redis\n", "1: compare: a list is wanted here, not a word", ""),
    ],
)
def test_a_mistake_is_named_with_its_line(scenario, tmp_path, text, says, hint):
    with pytest.raises(UsageError) as refused:
        scenario(text)
    assert str(refused.value).startswith(f"{tmp_path}/rehearsal.yaml:{says}")
    assert hint in refused.value.hint


def test_a_file_that_is_not_there():
    with pytest.raises(EnvironmentLacking, match="cannot read nowhere") as lacking:
        read_scenario(Path("nowhere.yaml"))
    assert "--init" in lacking.value.hint
