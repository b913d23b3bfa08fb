"""What Prometheus and Grafana are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest

from holdfast.kube.app import App, Object
from holdfast.kube.monitoring import exporters, rules
from holdfast.kube.monitoring.alert import Alert
from holdfast.kube.monitoring.watched import watched
from holdfast.kube.refusals import monitoring as refusals
from holdfast.kube.render import render

from .conftest import application
from .schemas import all_problems

PAGE = Path(__file__).parents[2] / "docs" / "render-monitoring.md"
DATABASE = {"host": "db.example.com", "name": "shop", "user": "shop"}
BIG = {
    "monitoring": {"labels": {"release": "prometheus"}},
    "mesh": {"istio": {}},
    "database": DATABASE,
    "session": {"store": {"sentinel": {}}},
    "scheduler": {},
    "web": {"min": 2, "max": 9},
    "workers": [
        {"name": "mail", "max": 9, "scaleOn": {"jobs": 10}},
        {"name": "default", "max": 9, "scaleOn": {"cpu": 70}},
    ],
}
SPECS: dict[str, Any] = {
    "smallest": {"monitoring": {}},
    "big": BIG,
    "operator": {"monitoring": {}, "session": {"store": {"operator": {}}}},
    "database": {"monitoring": {}, "session": {"driver": "database"}, "database": DATABASE},
    "octane": {"monitoring": {}, "web": {"runtime": "octane", "server": "swoole"}},
    "linkerd": {"monitoring": {}, "mesh": {"linkerd": {}}},
    "volume": {"monitoring": {}, "storage": {"uploads": {"volume": {"storageClass": "efs"}}}},
    "nginx": {"monitoring": {}, "edge": {"ingress": {"controller": "nginx"}}},
}


def _of(app: App) -> dict[str, Alert]:
    return {alert.name: alert for some in rules.groups_of_alerts(app).values() for alert in some}


def _queries(app: App) -> Iterator[str]:
    """All PromQL of an application: of its alerts, and of its dashboard."""
    for alert in _of(app).values():
        yield alert.expr
    for panel in _dashboard(app)["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def _dashboard(app: App) -> dict[str, Any]:
    (config,) = (item for item in rules.objects(app) if item["kind"] == "ConfigMap")
    (content,) = config["data"].values()
    model: dict[str, Any] = json.loads(content)
    return model


def _selectors(expr: str) -> Iterator[promql_parser.VectorSelector]:
    def walk(node: Any) -> Iterator[promql_parser.VectorSelector]:
        if isinstance(node, promql_parser.VectorSelector):
            yield node
            return
        for name in ("lhs", "rhs", "expr", "vs", "args", "vector_selector"):
            inner = getattr(node, name, None)
            for one in inner if isinstance(inner, list) else [inner]:
                if one is not None:
                    yield from walk(one)

    yield from walk(promql_parser.parse(expr))


@pytest.mark.parametrize("name", SPECS)
def test_an_api_server_takes_all_of_it(name: str) -> None:
    app = application(**SPECS[name])

    assert all_problems(rules.objects(app), app) == []


def test_nothing_without_monitoring(app: App) -> None:
    assert list(rules.objects(app)) == []
    assert exporters.containers(app, "web") == []
    assert [decision.subject for decision in rules.decisions(app)] == ["monitoring"]


@pytest.mark.parametrize("name", SPECS)
def test_every_query_is_promql_about_this_application_alone(name: str) -> None:
    queries = list(_queries(application(**SPECS[name])))

    assert queries
    for query in queries:
        selectors = list(_selectors(query))
        assert selectors, query
        for selector in selectors:
            values = [matcher.value for matcher in selector.matchers.matchers]
            assert any("shop" in value for value in values), query


@pytest.mark.parametrize("name", SPECS)
def test_a_known_namespace_is_asked_for(name: str) -> None:
    one = application(**SPECS[name])
    app = App(name=one.name, spec=one.spec, namespace="production")

    for query in _queries(app):
        for selector in _selectors(query):
            # Prometheus may have renamed the namespace of what KEDA says.
            named = (selector.name or "").startswith("keda_")
            found = [m.value for m in selector.matchers.matchers if m.name == "namespace"]
            assert found == ([] if named else ["production"]), query


METRICS = {
    # oliver006/redis_exporter: exporter/exporter.go, info.go
    "redis_aof_enabled",
    "redis_aof_last_write_status",
    "redis_commands_processed_total",
    "redis_connected_clients",
    "redis_connected_slave_lag_seconds",
    "redis_db_keys",
    "redis_evicted_keys_total",
    "redis_instance_info",
    "redis_master_link_up",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
    "redis_rejected_connections_total",
    "redis_up",
    "redis_uptime_in_seconds",
    # hipages/php-fpm_exporter: README.md
    "phpfpm_active_processes",
    "phpfpm_total_processes",
    "phpfpm_up",
    # kubernetes/kube-state-metrics: docs/metrics/workload
    "kube_cronjob_created",
    "kube_cronjob_spec_suspend",
    "kube_cronjob_status_last_successful_time",
    "kube_deployment_spec_replicas",
    "kube_deployment_status_condition",
    "kube_deployment_status_replicas_available",
    "kube_horizontalpodautoscaler_spec_max_replicas",
    "kube_horizontalpodautoscaler_status_desired_replicas",
    "kube_job_failed",
    "kube_pod_container_status_last_terminated_reason",
    "kube_pod_container_status_ready",
    "kube_pod_container_status_restarts_total",
    "kube_pod_deletion_timestamp",
    "kube_pod_status_phase",
    # the kubelet
    "kubelet_volume_stats_available_bytes",
    "kubelet_volume_stats_capacity_bytes",
    # kedacore/keda: pkg/metricscollector/prommetrics.go
    "keda_scaled_object_errors_total",
    "keda_scaler_metrics_value",
    # rehearsal/metrics.py
    "holdfast_last_success_timestamp_seconds",
    "holdfast_logins_lost_total",
    "holdfast_sessions_held",
    "holdfast_sessions_lost_total",
    # edges and meshes
    "istio_requests_total",
    "nginx_ingress_controller_requests",
    "response_total",
}


def test_only_metrics_that_somebody_exports_are_asked_for_and_all_of_them() -> None:
    asked = {
        selector.name
        for spec in SPECS.values()
        for query in _queries(application(**spec))
        for selector in _selectors(query)
    }

    assert asked == METRICS


ALWAYS = {"CanaryUnanswered", "SessionsLost", "ContainersRestart", "NoPods", "OutOfMemory"}
STORE = {
    "SessionStoreDown",
    "SessionStoreFillsUp",
    "SessionStoreFull",
    "SessionStoreRefusesClients",
    "SessionStoreRestarted",
    "SessionsEvicted",
    "SessionsNotWritten",
    "SessionsVanished",
}
REPLICATED = {"SessionReplicaBehind", "SessionStoreMasters", "SessionStoreServerMissing"}
PODS = {"PodsDoNotStart", "RolloutStuck"}
PHP = {"PhpBusy", "PhpSilent"}


@pytest.mark.parametrize(
    ("name", "there", "missing"),
    [
        ("smallest", ALWAYS | STORE | PODS | PHP | {"SessionVolumeFillsUp"}, REPLICATED),
        ("operator", ALWAYS | STORE | REPLICATED, {"SessionVolumeFillsUp"}),
        ("database", ALWAYS | PODS | PHP, STORE | REPLICATED),
        ("octane", ALWAYS | STORE | PODS, PHP),
        (
            "big",
            ALWAYS
            | STORE
            | REPLICATED
            | PODS
            | PHP
            | {
                "AutoscalerAtMax",
                "MigrationFailed",
                "ScalerBlind",
                "SchedulerLate",
                "ServerErrors",
            },
            set(),
        ),
        ("linkerd", {"ServerErrors"}, {"SchedulerLate", "ScalerBlind", "AutoscalerAtMax"}),
        ("nginx", {"ServerErrors"}, {"VolumeFillsUp"}),
        ("volume", {"VolumeFillsUp"}, set()),
    ],
)
def test_there_is_an_alert_for_what_there_is(name: str, there: set[str], missing: set[str]) -> None:
    found = set(_of(application(**SPECS[name])))

    assert there <= found
    assert not missing & found


def test_edges_that_count_by_no_name_have_no_alert_of_errors() -> None:
    assert "ServerErrors" not in _of(application(monitoring={}))
    ambient = application(monitoring={}, mesh={"istio": {"mode": "ambient"}})
    assert "ServerErrors" not in _of(ambient)


def test_an_alert_leads_to_its_heading_where_the_page_is() -> None:
    page = "https://wiki.example.com/holdfast/render-monitoring"
    app = application(monitoring={"runbooks": page})
    (rule,) = (item for item in rules.objects(app) if item["kind"] == "PrometheusRule")
    for group in rule["spec"]["groups"]:
        for one in group["rules"]:
            if "alert" in one:
                assert one["annotations"]["runbook_url"] == f"{page}#{one['alert'].lower()}"
                assert "runbook" not in one["annotations"]


def test_an_alert_says_what_is_wrong_whom_it_hurts_and_what_to_do() -> None:
    app = application(**BIG)
    (rule,) = (item for item in rules.objects(app) if item["kind"] == "PrometheusRule")
    said = {one["alert"]: one for group in rule["spec"]["groups"] for one in group["rules"]}

    assert len(said) == len(_of(app)) > 20
    for name, one in said.items():
        assert one["labels"]["app"] == "shop"
        assert one["labels"]["severity"] in ("critical", "warning", "info")
        assert one["annotations"]["summary"].startswith("shop: ")
        assert one["annotations"]["description"].count(".") >= 2
        # A link that leads nowhere helps nobody at night.
        page = "Holdfast, «Monitoring of a rendered deployment»"
        assert one["annotations"]["runbook"] == f"{page}: {name}"
        assert "runbook_url" not in one["annotations"]
    assert said["HoldfastSessionsEvicted"].get("for") is None
    assert said["HoldfastSessionStoreDown"]["for"] == "1m"


def test_every_alert_has_its_place_on_the_page_and_the_page_no_other() -> None:
    headings = re.findall(r"^### (Holdfast\w+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    known = {f"Holdfast{name}" for spec in SPECS.values() for name in _of(application(**spec))}

    assert sorted(headings) == sorted(known)


def test_the_page_says_what_the_alert_says() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())

    for spec in SPECS.values():
        for alert in _of(application(**spec)).values():
            assert alert.users in page
            assert alert.do in page


def test_a_lost_session_is_always_critical() -> None:
    alerts = _of(application(**BIG))

    for name in ("SessionsLost", "SessionsEvicted", "SessionsVanished", "SessionsNotWritten"):
        assert alerts[name].severity == "critical"
        assert alerts[name].minutes == 0


def test_the_alert_of_the_startup_probe_is_about_pods_of_the_application() -> None:
    expr = _of(application(**BIG))["PodsDoNotStart"].expr

    pods = next(_selectors(expr)).matchers.matchers
    (pattern,) = [re.compile(matcher.value) for matcher in pods if matcher.name == "pod"]
    for name in ("shop-web-6f9c7d5b8-abcde", "shop-worker-mail-7d5b8-x2z9k"):
        assert pattern.fullmatch(name)
    for name in ("shop-sessions-0", "shop-sessions-proxy-7d5b8-x2z9k", "shop-web-web-6f9-abcde"):
        assert not pattern.fullmatch(name)


def test_volumes_are_found_by_the_names_that_a_stateful_set_gives_them() -> None:
    expr = _of(application(monitoring={}))["SessionVolumeFillsUp"].expr

    matchers = next(_selectors(expr)).matchers.matchers
    (pattern,) = [m.value for m in matchers if m.name == "persistentvolumeclaim"]
    assert re.fullmatch(pattern, "data-shop-sessions-0")


@pytest.mark.parametrize("busy", [None, 80])
def test_what_the_autoscaler_asks_for_is_recorded(busy: int | None) -> None:
    web = {"max": 9, "autoscale": {"busy": busy}}
    app = application(monitoring={}, web=web)
    (rule,) = (item for item in rules.objects(app) if item["kind"] == "PrometheusRule")
    recorded = {
        one["record"]: one["expr"]
        for group in rule["spec"]["groups"]
        for one in group["rules"]
        if "record" in one
    }
    asked = {
        metric["pods"]["metric"]["name"]
        for objects in render(app).objects.values()
        for item in objects
        if item["kind"] == "HorizontalPodAutoscaler"
        for metric in item["spec"]["metrics"]
        if metric["type"] == "Pods"
    }

    assert set(recorded) == asked
    assert len(asked) == (0 if busy is None else 1)
    for expr in recorded.values():
        assert {one.name for one in _selectors(expr)} == {
            "phpfpm_active_processes",
            "phpfpm_total_processes",
        }
    assert all_problems(rules.objects(app), app) == []


def test_a_scheduler_is_late_beyond_its_longest_task() -> None:
    def expr(longest: int) -> str:
        app = application(monitoring={}, scheduler={"longestTask": longest}, database=DATABASE)
        return _of(app)["SchedulerLate"].expr

    assert "> 900 unless" in expr(300)
    assert "> 4200 unless" in expr(3600)


def test_a_scheduler_that_is_a_process_is_watched_as_a_pod() -> None:
    app = application(monitoring={}, scheduler={"mode": "process"}, database=DATABASE)

    found = _of(app)
    assert "SchedulerLate" not in found
    assert "shop-scheduler" in found["NoPods"].expr


def test_kedas_autoscaler_is_known_by_the_name_that_keda_gives_it() -> None:
    assert "keda-hpa-shop-worker-mail" in _of(application(**BIG))["AutoscalerAtMax"].expr


def _monitors(app: App) -> dict[tuple[str, str], Object]:
    return {
        (item["kind"], item["metadata"]["name"]): item
        for item in rules.objects(app)
        if item["kind"].endswith("Monitor")
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "smallest",
            [
                ("PodMonitor", "shop-canary"),
                ("PodMonitor", "shop-web"),
                ("ServiceMonitor", "shop-sessions"),
            ],
        ),
        ("octane", [("PodMonitor", "shop-canary"), ("ServiceMonitor", "shop-sessions")]),
        ("database", [("PodMonitor", "shop-canary"), ("PodMonitor", "shop-web")]),
    ],
)
def test_what_is_scraped(name: str, expected: list[tuple[str, str]]) -> None:
    assert sorted(_monitors(application(**SPECS[name]))) == expected


def test_monitors_find_their_ports_and_mark_what_they_find() -> None:
    app = application(**BIG)
    rendered = [item for objects in render(app).objects.values() for item in objects]
    pods = {
        name: container["ports"]
        for item in rendered
        if item["kind"] in ("Deployment", "StatefulSet")
        for name in [item["metadata"]["name"]]
        for container in item["spec"]["template"]["spec"]["containers"]
        if container["name"].endswith("exporter")
    }

    assert pods["shop-web"] == [{"name": "metrics", "containerPort": 9253, "protocol": "TCP"}]
    assert pods["shop-sessions"][0]["name"] == "metrics"
    for (_, name), monitor in _monitors(app).items():
        (endpoint,) = [
            *monitor["spec"].get("endpoints", []),
            *monitor["spec"].get("podMetricsEndpoints", []),
        ]
        assert endpoint["port"] == "metrics"
        labels = {one["targetLabel"]: one["replacement"] for one in endpoint["relabelings"]}
        assert labels == {"app": "shop", "component": name.removeprefix("shop-")}
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert monitor["metadata"]["labels"]["app.kubernetes.io/instance"] == "shop"


@pytest.mark.parametrize(
    ("laravel", "key"), [(8, "listen"), (9, "pm.status_listen"), (13, "pm.status_listen")]
)
def test_the_exporter_asks_php_fpm_where_it_listens(laravel: int, key: str) -> None:
    app = application(monitoring={}, laravel=laravel)
    (exporter,) = exporters.containers(app, "web")

    env = {one["name"]: one["value"] for one in exporter["env"]}
    socket, _, path = env["PHP_FPM_SCRAPE_URI"].removeprefix("unix://").partition(";")
    config = next(
        item["data"]["php-fpm.conf"]
        for objects in render(app).objects.values()
        for item in objects
        if "php-fpm.conf" in item.get("data", {})
    )
    assert f"pm.status_path = {path}\n" in config
    assert f"\n{key} = {socket}\n" in config
    mounted = [mount["mountPath"] for mount in exporter["volumeMounts"]]
    assert any(socket.startswith(place + "/") for place in mounted)
    assert exporters.containers(application(monitoring={}), "worker-mail") == []


@pytest.mark.parametrize("name", SPECS)
def test_the_dashboard_has_a_panel_for_what_there_is(name: str) -> None:
    model = _dashboard(application(**SPECS[name]))

    ids = [panel["id"] for panel in model["panels"]]
    assert ids == list(range(1, len(ids) + 1))
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in model["panels"]]
    assert len(set(places)) == len(places)
    assert all(x + 8 <= 24 for x, _ in places)
    assert len({panel["title"] for panel in model["panels"]}) == len(ids)
    for panel in model["panels"]:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == sorted(
            {target["refId"] for target in panel["targets"]}
        )
    assert model["templating"]["list"][0]["name"] == "datasource"


def test_the_dashboard_starts_with_lost_sessions_and_is_one_for_each_namespace() -> None:
    one = application(**BIG)
    elsewhere = App(name=one.name, spec=one.spec, namespace="staging")

    assert _dashboard(one)["panels"][0]["title"] == "Lost sessions"
    assert _dashboard(one)["uid"] != _dashboard(elsewhere)["uid"]
    assert len(_dashboard(one)["uid"]) <= 40


def test_grafana_finds_the_dashboard_by_its_label_if_one_is_wanted() -> None:
    (config,) = (
        item for item in rules.objects(application(monitoring={})) if item["kind"] == "ConfigMap"
    )

    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config["metadata"]["name"] == "shop-dashboard"
    kinds = {item["kind"] for item in rules.objects(application(monitoring={"dashboard": False}))}
    assert "ConfigMap" not in kinds
    assert "PrometheusRule" in kinds


@pytest.mark.parametrize(
    ("labels", "refused"),
    [
        ({}, []),
        ({"release": "prometheus"}, []),
        (
            {"app.kubernetes.io/instance": "x"},
            [("monitoring", "labels", "app.kubernetes.io/instance")],
        ),
    ],
)
def test_labels_that_are_holdfasts_are_refused(
    labels: dict[str, str], refused: list[tuple[str, ...]]
) -> None:
    app = application(monitoring={"labels": labels})

    assert [one.path for one in refusals.refusals(app)] == refused


@pytest.mark.parametrize(
    ("spec", "subjects"),
    [
        ({"monitoring": {}}, {"labels of monitors and rules", "lost sessions"}),
        (
            {"monitoring": {}, "session": {"store": {"external": {"host": "redis"}}}},
            {"metrics of the session store"},
        ),
        (SPECS["octane"], {"metrics of PHP"}),
    ],
)
def test_what_is_not_watched_is_said(spec: Any, subjects: set[str]) -> None:
    assert subjects <= {decision.subject for decision in rules.decisions(application(**spec))}


def test_what_is_watched_needs_no_word() -> None:
    said = {decision.subject for decision in rules.decisions(application(**BIG))}

    assert said == {"lost sessions", "metrics of the cluster"}


@pytest.mark.parametrize("name", [*SPECS, "process"])
def test_names_are_those_of_what_is_rendered(name: str) -> None:
    process: Any = {"monitoring": {}, "scheduler": {"mode": "process"}, "database": DATABASE}
    app = application(**SPECS.get(name, process))
    found: dict[str, set[str]] = {}
    for objects in render(app).objects.values():
        for item in objects:
            found.setdefault(item["kind"], set()).add(item["metadata"]["name"])
            for claim in item["spec"].get("volumeClaimTemplates", []) if "spec" in item else []:
                assert claim["metadata"]["name"] == "data"

    there = watched(app)
    assert {*there.deployments, *there.proxies} == found["Deployment"]
    assert {*there.stateful_sets} == found.get("StatefulSet", set())
    assert {*there.cron_jobs} == found.get("CronJob", set())
    assert {*there.scaled_objects} == found.get("ScaledObject", set())
    assert {*there.autoscalers} == found.get("HorizontalPodAutoscaler", set()) | {
        f"keda-hpa-{scaled}" for scaled in found.get("ScaledObject", set())
    }
    assert {*there.claims} == found.get("PersistentVolumeClaim", set())
    assert {job.rpartition("-")[0] for job in found.get("Job", set())} == {*there.migrations}
    if name == "nginx":
        assert found["Ingress"] == {"shop"}
