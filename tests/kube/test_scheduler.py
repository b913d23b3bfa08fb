"""The scheduler: one run each minute, or one process; tasks come to their end."""

from __future__ import annotations

import pytest

from holdfast.kube.workers import scheduler
from tests.kube import schemas

from .conftest import application


def rendered(**spec):
    app = application(**spec)
    found = list(scheduler.objects(app))
    assert schemas.all_problems(found, app) == []
    return found


def hook(pod):
    (container,) = pod["containers"]
    return container["lifecycle"]["preStop"]["exec"]["command"][-1].splitlines()


def test_none_where_nobody_asks_for_one():
    assert rendered() == []
    (said,) = scheduler.decisions(application())
    assert said.choice == "none"


def test_each_minute_is_a_run_of_its_own():
    (one,) = rendered(scheduler={"longestTask": 600})
    spec = one["spec"]
    assert (one["kind"], one["metadata"]["name"]) == ("CronJob", "shop-scheduler")
    assert spec["schedule"] == "* * * * *"
    assert spec["concurrencyPolicy"] == "Allow"
    # Late, it would do the next minute's tasks, and they would be done twice.
    assert 10 < spec["startingDeadlineSeconds"] < 60
    job = spec["jobTemplate"]["spec"]
    assert job["activeDeadlineSeconds"] == 600
    assert job["backoffLimit"] == 0
    pod = job["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["terminationGracePeriodSeconds"] == 615
    assert pod["containers"][0]["command"] == ["php", "artisan", "schedule:run"]
    assert hook(pod) == ["while kill -0 1 2>/dev/null; do sleep 1; done"]


def test_a_process_is_never_there_twice():
    (one,) = rendered(scheduler={"mode": "process", "longestTask": 60})
    spec = one["spec"]
    assert one["kind"] == "Deployment"
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    pod = spec["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 75
    assert pod["containers"][0]["command"] == ["php", "artisan", "schedule:work"]
    assert "restartPolicy" not in pod
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("laravel", "interrupts", "waits"),
    [(8, False, True), (9, False, True), (10, True, True), (12, True, True), (13, False, False)],
)
def test_a_process_is_stopped_between_two_tasks(laravel, interrupts, waits):
    (one,) = rendered(laravel=laravel, scheduler={"mode": "process"})
    lines = hook(one["spec"]["template"]["spec"])
    assert ("php artisan schedule:interrupt" in lines) == interrupts
    assert any(line.startswith("until ") for line in lines) == waits
    assert lines[-2:] == ["kill -TERM 1", "while kill -0 1 2>/dev/null; do sleep 1; done"]


@pytest.mark.parametrize(("mode", "choice"), [("cronjob", "CronJob"), ("process", "schedule:work")])
def test_how_tasks_run_is_said(mode, choice):
    (said,) = scheduler.decisions(application(scheduler={"mode": mode}))
    assert choice in said.choice
