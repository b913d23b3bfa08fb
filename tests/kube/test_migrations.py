"""Migrations: one Job for each version, in its place in the order, and it comes to its end."""

from __future__ import annotations

import pytest

from holdfast.kube.app import App
from holdfast.kube.order import WAVE
from holdfast.kube.render import CONCERNS, render
from holdfast.kube.workers import migrations
from tests.kube import schemas

from .conftest import IMAGE, application

OTHER = IMAGE.replace("0123", "4567", 1)
CACHE = {"redis": {"external": {"host": "r.example.com"}}, "session": {"driver": "database"}}


def job(app):
    (one,) = migrations.objects(app)
    assert schemas.all_problems([one], app) == []
    return one


def name(app):
    return job(app)["metadata"]["name"]


def test_a_version_or_a_configuration_is_a_job_of_its_own(app):
    assert name(app).startswith("shop-migrate-")
    assert name(application()) == name(app)
    others = [
        application(image=OTHER),
        application(config={"FEATURE": "on"}),
        application(migrations={"longest": 700}),
        App(name="shop", spec=app.spec, secret={"APP_KEY": "other"}),
    ]
    assert len({name(app), *map(name, others)}) == 5


def test_it_is_tried_again_only_where_it_failed_itself(app):
    spec = job(app)["spec"]
    assert spec["backoffLimit"] == 2
    assert spec["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"status": "True", "type": "DisruptionTarget"}]}
    ]
    assert spec["template"]["spec"]["restartPolicy"] == "Never"
    assert spec["ttlSecondsAfterFinished"] == 86_400
    assert {"completions", "parallelism"}.isdisjoint(spec)


def test_what_has_begun_is_finished():
    spec = job(application(migrations={"longest": 1200}))["spec"]
    assert spec["activeDeadlineSeconds"] == 1200
    pod = spec["template"]["spec"]
    assert pod["terminationGracePeriodSeconds"] == 1200
    (container,) = pod["containers"]
    assert "lifecycle" not in container
    stays = spec["template"]["metadata"]["annotations"]
    assert stays["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"


@pytest.mark.parametrize(
    ("spec", "isolated"),
    [
        ({}, False),
        (CACHE | {"cache": {"store": "redis"}}, True),
        (CACHE | {"cache": {"store": "redis"}, "laravel": 10}, True),
        (CACHE | {"cache": {"store": "redis"}, "laravel": 9}, False),
        ({"cache": {"store": "file"}}, False),
        ({"cache": {"store": "dynamodb"}}, True),
    ],
)
def test_a_lock_is_used_where_it_is_shared_and_there_before_the_first_migration(spec, isolated):
    app = application(**spec)
    (container,) = job(app)["spec"]["template"]["spec"]["containers"]
    assert container["command"] == [
        *("php", "artisan", "migrate", "--force"),
        *(["--isolated=1"] if isolated else []),
    ]
    (said,) = migrations.decisions(app)
    assert said.choice.endswith("under a lock in the cache" if isolated else "without --isolated")


def test_somebody_else_migrates():
    app = application(migrations=None)
    assert list(migrations.objects(app)) == []
    (said,) = migrations.decisions(app)
    assert said.choice == "none"


def waves(app):
    return {
        concern: {one["metadata"].get("annotations", {}).get(WAVE) for one in found}
        for concern, found in render(app).objects.items()
    }


def test_argo_cd_waits_for_what_migrations_need_and_then_for_them():
    found = waves(application(workers=[{"name": "jobs"}], scheduler={}))
    assert found["migrations"] == {"-1"}
    before = [
        name for name in found if list(CONCERNS).index(name) < list(CONCERNS).index("migrations")
    ]
    assert {wave for name in before for wave in found[name]} <= {"-2"}
    assert found["workers"] == found["scheduler"] == {None}
    (one,) = migrations.objects(application())
    annotations = one["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/hook"] == "Sync"
    assert annotations["argocd.argoproj.io/hook-delete-policy"] == "BeforeHookCreation"


def test_no_waves_without_migrations():
    found = waves(application(migrations=None, workers=[{"name": "jobs"}]))
    assert {wave for some in found.values() for wave in some} == {None}
