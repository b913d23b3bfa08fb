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


def script(pod):
    (container,) = pod["containers"]
    *shell, lines = container["command"]
    assert shell == ["/bin/sh", "-c"]
    return lines.splitlines()


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
    assert script(pod)[1:] == [
        "php artisan schedule:run",
        "status=$?",
        "while busy 0 || { sleep 1; busy 0; }; do sleep 1; done",
        "exit $status",
    ]
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
    ("laravel", "interrupts"), [(8, False), (9, False), (10, True), (13, True)]
)
def test_a_process_is_ended_between_two_tasks(laravel, interrupts):
    (one,) = rendered(laravel=laravel, scheduler={"mode": "process"})
    pod = one["spec"]["template"]["spec"]
    assert script(pod)[1:] == [
        "php artisan schedule:work &",
        "echo $! > /tmp/schedule-work.pid",
        "wait $!",
        "while busy 0 || { sleep 1; busy 0; }; do sleep 1; done",
    ]
    assert hook(pod)[1:] == [
        *(["php artisan schedule:interrupt"] if interrupts else []),
        "while busy 1 || { sleep 1; busy 1; }; do sleep 1; done",
        'kill -TERM "$(cat /tmp/schedule-work.pid)"',
        "while kill -0 1 2>/dev/null; do sleep 1; done",
    ]
    assert hook(pod)[0] == script(pod)[0]


@pytest.mark.parametrize(("mode", "choice"), [("cronjob", "CronJob"), ("process", "schedule:work")])
def test_how_tasks_run_is_said(mode, choice):
    (said,) = scheduler.decisions(application(scheduler={"mode": mode}))
    assert choice in said.choice
