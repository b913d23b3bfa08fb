"""Whatever a person writes of queues, workers and the scheduler: valid objects that agree."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from holdfast.kube.app import App
from holdfast.kube.environment.gather import variables
from holdfast.kube.workers import groups, migrations, scheduler
from tests.kube import schemas

from .specs import valid_apps

FEW = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@given(valid_apps())
@FEW
def test_all_that_is_accepted_is_rendered_validly(app: App) -> None:
    concerns = (groups, scheduler, migrations)
    objects = [one for concern in concerns for one in concern.objects(app)]
    assert schemas.all_problems(objects, app, minors=[app.kubernetes]) == []
    assert objects == [one for concern in concerns for one in concern.objects(app)]
    assert all(d.choice and d.because for concern in concerns for d in concern.decisions(app))

    told = variables(app)
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]
        for one in objects
        if one["kind"] in {"HorizontalPodAutoscaler", "ScaledObject"}
    }
    for one in objects:
        spec = one["spec"]
        if one["kind"] != "Deployment" or "worker" not in one["metadata"]["name"]:
            continue
        assert ("replicas" in spec) != (one["metadata"]["name"] in scaled)
        (container,) = spec["template"]["spec"]["containers"]
        command = container["command"]
        if "queue:work" not in command:
            continue
        assert command[3] == told["QUEUE_CONNECTION"]
        (timeout,) = [int(word[10:]) for word in command if word.startswith("--timeout=")]
        assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= timeout + 15
        for name, value in told.items():
            if name.endswith("QUEUE_RETRY_AFTER") and name not in app.spec.config:
                assert int(value) > timeout
