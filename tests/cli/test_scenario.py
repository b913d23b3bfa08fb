"""A scenario file on the command line: written, run, and overruled by options."""

from __future__ import annotations

import msgspec

from holdfast.rehearsal.scenario import template

USAGE, ENVIRONMENT = 2, 3


def test_init_writes_a_scenario_and_never_over_one(holdfast, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = holdfast("rehearse", "--init")
    assert ended.status == 0
    assert "holdfast rehearse rehearsal.yaml" in ended.out
    assert (tmp_path / "rehearsal.yaml").read_text() == template()
    again = holdfast("rehearse", "--init")
    assert (again.status, again.out) == (USAGE, "")
    assert "rehearsal.yaml is there already" in again.err
    assert holdfast("rehearse", "--init", "ci.yaml").status == 0
    assert (tmp_path / "ci.yaml").read_text() == template()


def test_init_elsewhere(holdfast, tmp_path):
    assert holdfast("rehearse", "--init", f"{tmp_path}/no/such.yaml").status == ENVIRONMENT
    ended = holdfast("rehearse", "--init", "laravel")
    assert ended.status == USAGE
    assert "rehearsal.yaml" in ended.err


def test_a_scenario_runs(holdfast, tmp_path):
    path = tmp_path / "rehearsal.yaml"
    path.write_text(
        "application: shop\ncompare: [redis]\nreplicas: 2\nusers: 4\nseconds: 3\nthink: 0.1\n"
        "steps: {visit: 1, count: 2, log-in: 1}\nfaults:\n- {at: 1, fault: kill}\n"
        "judge: survival\n"
    )
    ended = holdfast("rehearse", str(path), "--users", "5", "--json", f"{tmp_path}/v.json")
    assert ended.status == 0, ended.out
    written = msgspec.json.decode((tmp_path / "v.json").read_bytes())
    assert written["judge"] == "survival"
    (verdict,) = written["verdicts"]
    assert [phase["name"] for phase in verdict["phases"]] == ["calm", "kill", "end"]
    assert verdict["sessions_opened"] >= 5  # the option came before the file
    assert verdict["sessions_lost"] == verdict["writes_lost"] == 0
    assert verdict["resurrections"] == 0  # nobody logs out


def test_options_are_checked_with_the_file(holdfast, tmp_path):
    path = tmp_path / "rehearsal.yaml"
    path.write_text("seconds: 3\nfaults:\n- {at: 2, fault: kill}\n")
    ended = holdfast("rehearse", str(path), "--seconds", "1")
    assert ended.status == USAGE
    assert "--faults: 2 is not between 0 and 1" in ended.err


def test_a_mistake_in_the_file_is_one_line(holdfast, tmp_path):
    path = tmp_path / "rehearsal.yaml"
    path.write_text("users: 5\nusers: 6\n")
    ended = holdfast("rehearse", str(path))
    assert (ended.status, ended.out) == (USAGE, "")
    assert f"{path}:2: users stands here twice" in ended.err


def test_what_is_expected_decides_the_exit_status(holdfast, tmp_path):
    """Files of each replica lose sessions; how many may be lost is the scenario's to say."""
    path = tmp_path / "rehearsal.yaml"
    scenario = "application: shop\ncompare: [file]\nreplicas: 2\nusers: 6\nseconds: 3\nfaults: []\n"
    path.write_text(scenario + "expect: {leak: 0, phantom: 0}\n")
    ended = holdfast("rehearse", str(path), "--junit", f"{tmp_path}/j.xml")
    assert ended.status == 0, ended.out
    assert "judged: leak at most 0, phantom at most 0" in ended.out
    assert "missing is not judged" in (tmp_path / "j.xml").read_text()
    path.write_text(scenario + "expect: {missing: 0}\n")
    ended = holdfast("rehearse", str(path))
    assert ended.status == 1
    assert "violated: missing" in ended.out
    path.write_text(scenario + "expect: {missing: 1000000}\n")
    assert holdfast("rehearse", str(path)).status == 0
    assert holdfast("rehearse", str(path), "--judge", "survival").status == 1
