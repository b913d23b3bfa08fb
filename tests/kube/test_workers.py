"""Groups of workers: what they run, how they grow, how they are asked to stop."""

from __future__ import annotations

import pytest

from holdfast.kube.workers import groups, queue_work
from tests.kube import schemas

from .conftest import application

JOBS = {"redis": {"external": {"host": "jobs.example.com"}}, "session": {"driver": "database"}}


def rendered(**spec):
    app = application(**spec)
    found = list(groups.objects(app))
    assert schemas.all_problems(found, app) == []
    return {(one["kind"], one["metadata"]["name"]): one for one in found}


def worker(**spec):
    return rendered(**JOBS, workers=[{"name": "mails", **spec}])


def deployment(objects, name="shop-worker-mails"):
    return objects["Deployment", name]


def pod(objects, name="shop-worker-mails"):
    return deployment(objects, name)["spec"]["template"]["spec"]


def container(objects):
    (one,) = pod(objects)["containers"]
    return one


def test_nothing_without_groups():
    assert rendered() == {}


def test_the_command_says_all_that_the_group_is():
    command = container(
        worker(queues=["mails", "default"], longestJob=300, tries=5, resources={"memory": "512Mi"})
    )["command"]
    assert command == [
        "php",
        "artisan",
        "queue:work",
        "redis",
        "--queue=mails,default",
        "--timeout=300",
        "--tries=5",
        "--memory=384",
        "--max-time=3600",
        "--sleep=3",
    ]


def test_no_number_of_jobs_ends_a_worker_which_the_kubelet_would_let_wait():
    assert not [word for word in container(worker())["command"] if "max-jobs" in word]
    assert queue_work.MAX_TIME > 600


@pytest.mark.parametrize(
    ("memory", "megabytes"), [("128Mi", 96), ("1Gi", 768), ("256M", 183), ("1Mi", 1)]
)
def test_a_worker_leaves_before_its_container_is_full(memory, megabytes):
    command = container(worker(resources={"memory": memory}))["command"]
    assert f"--memory={megabytes}" in command


def test_horizon_is_a_command_of_its_own():
    assert container(worker(horizon=True))["command"] == ["php", "artisan", "horizon"]


def test_groups_have_names_and_labels_of_their_own():
    objects = rendered(**JOBS, workers=[{"name": "mails"}, {"name": "exports"}])
    assert list(objects) == [
        ("Deployment", "shop-worker-mails"),
        ("Deployment", "shop-worker-exports"),
    ]
    for name in ("mails", "exports"):
        spec = deployment(objects, f"shop-worker-{name}")["spec"]
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        assert labels["app.kubernetes.io/component"] == f"worker-{name}"


@pytest.mark.parametrize(
    ("spec", "seconds"), [({"longestJob": 300}, 315), ({"longestJob": 300, "grace": 900}, 900)]
)
def test_the_grace_period_is_longer_than_the_longest_job(spec, seconds):
    assert pod(worker(**spec))["terminationGracePeriodSeconds"] == seconds


def test_the_stop_is_sigterm_whatever_the_image_says_and_waits_for_the_end():
    hook = container(worker())["lifecycle"]["preStop"]["exec"]["command"]
    assert hook == ["/bin/sh", "-c", "while kill -TERM 1 2>/dev/null; do sleep 5; done"]


def test_a_rollout_takes_no_worker_away_before_the_next_one_is_there():
    spec = deployment(worker())["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    assert "readinessProbe" not in container(worker())
    assert "livenessProbe" not in container(worker())


@pytest.mark.parametrize(
    ("spec", "variable"),
    [
        (JOBS, "REDIS_HOST"),
        ({}, "DB_HOST"),
        ({"queue": {"connection": "sqs"}}, None),
    ],
)
def test_the_startup_asks_for_pcntl_and_for_the_queue(spec, variable):
    objects = rendered(**spec, workers=[{"name": "mails"}])
    *php, code = container(objects)["startupProbe"]["exec"]["command"]
    assert php == ["php", "-r"]
    assert 'extension_loaded("pcntl")' in code
    assert [name for name in ("REDIS_HOST", "DB_HOST") if name in code] == (
        [variable] if variable else []
    )


@pytest.mark.parametrize("seconds", [584, 585, 586])
def test_an_autoscaler_of_nodes_leaves_alone_whom_it_would_not_wait_for(seconds):
    annotations = deployment(worker(longestJob=seconds))["spec"]["template"]["metadata"].get(
        "annotations", {}
    )
    stays = seconds + 15 > 600
    assert ("cluster-autoscaler.kubernetes.io/safe-to-evict" in annotations) == stays
    assert ("karpenter.sh/do-not-disrupt" in annotations) == stays


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_budget_is_there_where_it_blocks_nobody(replicas):
    objects = worker(min=replicas)
    assert deployment(objects)["spec"]["replicas"] == replicas
    budget = objects.get(("PodDisruptionBudget", "shop-worker-mails"))
    if replicas == 1:
        assert budget is None
        return
    assert budget["spec"]["maxUnavailable"] == 1
    assert (
        budget["spec"]["selector"]["matchLabels"]
        == deployment(objects)["spec"]["selector"]["matchLabels"]
    )


def test_by_its_processor_a_group_grows_at_once_and_shrinks_slowly():
    objects = worker(min=2, max=9, scaleOn={"cpu": 60})
    scaler = objects["HorizontalPodAutoscaler", "shop-worker-mails"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 9)
    assert scaler["scaleTargetRef"]["name"] == "shop-worker-mails"
    (metric,) = scaler["metrics"]
    assert metric["containerResource"]["container"] == container(objects)["name"]
    assert metric["containerResource"]["target"]["averageUtilization"] == 60
    assert scaler["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert scaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
    assert "replicas" not in deployment(objects)["spec"]


def test_replicas_are_spread_over_zones_and_nodes():
    keys = [one["topologyKey"] for one in pod(worker())["topologySpreadConstraints"]]
    assert keys == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    for one in pod(worker())["topologySpreadConstraints"]:
        assert one["matchLabelKeys"] == ["pod-template-hash"]


def decided(**spec):
    return {one.subject: one for one in groups.decisions(application(**spec))}


def test_without_workers_the_request_does_its_jobs():
    said = decided()
    assert list(said) == ["jobs"]
    assert "sync" in said["jobs"].choice


@pytest.mark.parametrize(
    ("spec", "choice"),
    [
        (JOBS, "wait in redis"),
        ({}, "wait in database"),
        (
            {"laravel": 10},
            (
                "wait in database, whose table a migration of `php artisan queue:table` makes"
                " (stock from Laravel 11)"
            ),
        ),
        (
            {
                "queue": {"connection": "redis"},
                "session": {"store": {"external": {"host": "redis.example.com"}}},
            },
            "in the Redis of the sessions, redis.example.com",
        ),
    ],
)
def test_where_jobs_wait_is_said(spec, choice):
    assert decided(**spec, workers=[{"name": "mails"}])["jobs"].choice == choice


@pytest.mark.parametrize(
    ("spec", "choice", "because"),
    [
        ({}, "after 150 s (retry_after)", "longer than the longest job, or it would be done twice"),
        ({"queue": {"retryAfter": 200}}, "after 200 s (retry_after)", "queue.retryAfter says so"),
        (
            {"laravel": 10},
            "after 90 s (retry_after)",
            "the stock config/queue.php of this version says so and reads no variable",
        ),
        (
            {"queue": {"connection": "sqs"}},
            "by the queue's visibility timeout",
            "SQS decides that: it has to be longer than the longest job, 120 s",
        ),
    ],
)
def test_when_a_job_is_given_to_somebody_else_is_said(spec, choice, because):
    said = decided(**spec, workers=[{"name": "mails", "longestJob": 120}])
    assert said["jobs given to somebody else"].choice == choice
    assert said["jobs given to somebody else"].because == because


def test_stops_and_sizes_are_said_of_each_group():
    said = decided(
        **JOBS,
        workers=[
            {"name": "mails", "max": 9, "scaleOn": {"jobs": 20}},
            {"name": "exports", "longestJob": 1800, "max": 3, "scaleOn": {"cpu": 70}},
            {"name": "horizon", "horizon": True},
        ],
    )
    assert said["stop of workers «mails»"].choice == "75 s"
    assert said["stop of workers «exports»"].choice == "1815 s"
    assert said["size of workers «mails»"].choice == (
        "1 to 9, one for 20 jobs (ready and reserved), by KEDA"
    )
    assert "2.12" in said["size of workers «mails»"].because
    assert said["size of workers «exports»"].choice == "1 to 3, by 70 % of the processor"
    assert "nodes of workers «exports»" in said
    assert "nodes of workers «mails»" not in said
    assert "processes of workers «horizon»" in said
    assert "size of workers «horizon»" not in said
