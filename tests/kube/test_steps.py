"""The commands at the end of a rendering, as a shell runs them."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest

from holdfast.kube import steps
from holdfast.kube.objects import COMPONENT
from holdfast.kube.render import render
from tests.kube.conftest import application

DATABASE = {"host": "mysql.internal", "name": "shop", "user": "shop"}
KUBECTL = """\
#!/bin/sh
echo "$@" >> calls
case "$*" in
  *condition=STATE*) exit 0 ;;
  wait*) exit 1 ;;
esac
"""


def rendered(**spec):
    return render(application(**{"database": DATABASE} | spec))


def job(made):
    (one,) = (one for one in made.objects["migrations"] if one["kind"] == "Job")
    return one["metadata"]["name"]


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs commands with a kubectl that writes down what it is asked and knows how the Job is."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def run(commands, state):
        (tmp_path / "kubectl").write_text(KUBECTL.replace("STATE", state))
        (tmp_path / "kubectl").chmod(0o755)
        ended = subprocess.run(
            ["sh", "-c", "\n".join(commands)], cwd=tmp_path, capture_output=True, check=False
        )
        return ended.returncode, (tmp_path / "calls").read_text().splitlines()

    return run


def test_the_rest_follows_a_migration_that_is_complete(run):
    made = rendered()
    status, calls = run(steps.of_files(made, "m"), "complete")
    first, wait, last = calls
    assert status == 0
    assert first.startswith("apply -f m/10-config.yaml")
    assert first.endswith("-f m/15-migrations.yaml")
    assert "web" not in first
    assert wait == f"wait job/{job(made)} --for=condition=complete --timeout=10s"
    assert last == "apply -f m"


def test_a_migration_that_failed_is_not_waited_for_and_stops_the_rest(run):
    made = rendered()
    status, calls = run(steps.of_files(made, "m"), "failed")
    assert status != 0
    assert [call.partition(" ")[0] for call in calls] == ["apply", "wait", "wait", "logs"]
    assert calls[-1] == f"logs job/{job(made)} --tail=50"


def test_nobody_waits_for_ever(run):
    status, calls = run(steps.of_files(rendered(migrations={"longest": 90}), "m"), "never")
    assert status != 0
    assert sum("complete" in call for call in calls) == 15  # of 10 s each, a minute more than 90 s
    assert not any(call == "apply -f m" for call in calls)


def test_it_says_what_to_do_after_a_failure():
    made = rendered()
    assert f"kubectl delete job/{job(made)}" in steps.of_files(made, "m")[-1]


def test_the_namespace_is_said():
    made = render(replace(application(database=DATABASE), namespace="team"))
    _, wait, _, after = steps.of_files(made, "m")
    assert wait.count("-n team ") == 3
    assert f"kubectl delete -n team job/{job(made)}" in after


def test_where_nobody_migrates_one_command_is_enough():
    made = rendered(migrations=None)
    assert steps.of_files(made, "m") == ["kubectl apply -f m"]
    assert steps.of_overlay(made, "k/overlays/x") == ["kubectl apply -k k/overlays/x"]
    assert steps.of_stdout(made) == []


def test_what_is_not_ours_is_not_applied(run):
    made = rendered()
    commands = steps.of_files(made, "m", ["foo.yaml"])
    assert commands[0] == "# not ours, and not applied: foo.yaml"
    _, calls = run(commands, "complete")
    assert calls[-1].startswith("apply -f m/10-config.yaml")
    assert calls[-1].count(" -f ") == len(made.objects)


def test_a_directory_with_a_space():
    assert steps.of_files(rendered(migrations=None), "my files") == ["kubectl apply -f 'my files'"]


def test_an_overlay_migrates_before_it_runs(run):
    made = rendered(monitoring={}, mesh={"istio": {}}, workers=[{"name": "mail"}], scheduler={})
    commands = steps.of_overlay(made, "k/overlays/x")
    status, calls = run(commands, "complete")
    assert status == 0
    # Both ends of the pipe begin at once.
    assert sorted(calls[:2])[1] == "kustomize k/overlays/x"
    assert calls[-1] == "apply -k k/overlays/x"
    _, _, selected = commands[0].partition(f"-l '{COMPONENT} in (")
    components = selected.partition(")")[0].split(",")
    every = [one for some in made.objects.values() for one in some]
    kinds = {one["kind"] for one in every if one["metadata"]["labels"][COMPONENT] in components}
    assert {"ConfigMap", "Job", "ServiceAccount", "StatefulSet"} <= kinds
    assert not kinds & {"Deployment", "CronJob", "Ingress", "HorizontalPodAutoscaler"}


def test_a_stream_has_no_order():
    made = rendered()
    (said,) = steps.of_stdout(made)
    assert said.startswith("# piped into kubectl apply, the new version runs before")
    assert job(made) in said
