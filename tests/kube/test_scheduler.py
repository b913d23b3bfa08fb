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
    assert "lifecycle" not in pod["containers"][0]


def test_a_process_is_never_there_twice():
    (one,) = rendered(scheduler={"mode": "process", "longestTask": 60})
    spec = one["spec"]
    assert one["kind"] == "Deployment"
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}
    pod = spec["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 75
    assert "restartPolicy" not in pod
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("laravel", "interrupts"), [(8, False), (9, False), (10, True), (12, True)]
)
def test_a_process_that_hears_nothing_is_ended_between_two_tasks(laravel, interrupts):
    (one,) = rendered(laravel=laravel, scheduler={"mode": "process"})
    pod = one["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"] == [
        "/bin/sh",
        "-c",
        "php artisan schedule:work & wait $!",
    ]
    lines = hook(pod)
    assert ("php artisan schedule:interrupt" in lines) == interrupts
    assert [line.split()[0] for line in lines[-3:]] == [
        "until",
        "process=${1#/proc/}",
        "while",
    ]


def test_a_process_that_hears_sigterm_waits_for_its_tasks_itself():
    (one,) = rendered(laravel=13, scheduler={"mode": "process"})
    pod = one["spec"]["template"]["spec"]
    assert pod["containers"][0]["command"] == ["php", "artisan", "schedule:work"]
    assert hook(pod) == ["while kill -TERM 1 2>/dev/null; do sleep 5; done"]


@pytest.mark.parametrize(("mode", "choice"), [("cronjob", "CronJob"), ("process", "schedule:work")])
def test_how_tasks_run_is_said(mode, choice):
    (said,) = scheduler.decisions(application(scheduler={"mode": mode}))
    assert choice in said.choice
