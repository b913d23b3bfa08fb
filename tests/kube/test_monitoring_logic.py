"""When alerts fire: Prometheus' own promtool (Debian: ``prometheus``) plays series to the rules."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from holdfast.kube.monitoring import rules
from holdfast.servers.programs import require_program

from .conftest import application
from .test_monitoring import BIG as MOST
from .test_monitoring import SPECS

PROMTOOL = require_program("promtool", package="prometheus")

BIG = MOST | SPECS["volume"]
REDIS = '{app="shop",component="sessions",namespace="a",pod="shop-sessions-%d"}'
WEB = '{app="shop",component="web",namespace="a",pod="shop-web-1-a"}'
CANARY = '{app="shop",component="canary",namespace="a"%s}'
POD = '{namespace="a",pod="shop-web-6f9c7d5b8-abcde"%s}'
DEPLOYMENT = '{namespace="a",deployment="shop-web"%s}'
CRON = '{namespace="a",cronjob="shop-scheduler"}'
HPA = '{namespace="a",horizontalpodautoscaler="keda-hpa-shop-worker-mail"}'
CLAIM = '{namespace="a",persistentvolumeclaim="data-shop-sessions-0"}'
VOLUME = "kubelet_volume_stats_%s_bytes"
UPLOADS = '{namespace="a",persistentvolumeclaim="shop-uploads"}'
ISTIO = '{namespace="a",reporter="destination",destination_workload="shop-web",response_code="%d"}'

Series = dict[str, str]


def _redis(metric: str, *values: str) -> Series:
    return {metric + REDIS % number: value for number, value in enumerate(values)}


def _roles(*roles: str) -> Series:
    return {
        "redis_instance_info" + (REDIS % number).replace("}", f',role="{role}"}}'): "1x60"
        for number, role in enumerate(roles)
    }


CASES: dict[str, tuple[Series, Series]] = {
    # alert: the series with which it fires after an hour, and those with which it does not.
    "SessionStoreDown": (
        _redis("redis_up", "0x60", "0x60", "0x60"),
        _redis("redis_up", "0x60", "1x60", "0x60"),
    ),
    "SessionStoreRestarted": (
        _redis("redis_uptime_in_seconds", "9000x60", "120x60"),
        _redis("redis_uptime_in_seconds", "9000x60", "600x60"),
    ),
    "SessionStoreRefusesClients": (
        _redis("redis_rejected_connections_total", "0+1x60"),
        _redis("redis_rejected_connections_total", "7x60"),
    ),
    "SessionStoreMasters": (
        _roles("master", "master", "slave"),
        _roles("master", "slave", "slave"),
    ),
    "SessionStoreServerMissing": (
        _redis("redis_up", "1x60", "1x60"),
        _redis("redis_up", "1x60", "1x60", "1x60"),
    ),
    "SessionReplicaBehind": (
        _redis("redis_master_link_up", "1x60", "0x60"),
        _redis("redis_master_link_up", "1x60", "1x60")
        | _redis("redis_connected_slave_lag_seconds", "1x60"),
    ),
    "SessionsEvicted": (
        _redis("redis_evicted_keys_total", "0x55 1x5"),
        _redis("redis_evicted_keys_total", "5x60"),
    ),
    "SessionStoreFillsUp": (
        _redis("redis_memory_used_bytes", "81x60") | _redis("redis_memory_max_bytes", "100x60"),
        _redis("redis_memory_used_bytes", "79x60") | _redis("redis_memory_max_bytes", "100x60"),
    ),
    "SessionStoreFull": (
        _redis("redis_memory_used_bytes", "96x60") | _redis("redis_memory_max_bytes", "100x60"),
        _redis("redis_memory_used_bytes", "90x60") | _redis("redis_memory_max_bytes", "0x60"),
    ),
    "SessionVolumeFillsUp": (
        {
            f"kubelet_volume_stats_available_bytes{CLAIM}": "10x60",
            f"kubelet_volume_stats_capacity_bytes{CLAIM}": "100x60",
        },
        {
            f"kubelet_volume_stats_available_bytes{CLAIM}": "50x60",
            f"kubelet_volume_stats_capacity_bytes{CLAIM}": "100x60",
        },
    ),
    "VolumeFillsUp": (
        {f"{VOLUME % 'available'}{UPLOADS}": "10x60", f"{VOLUME % 'capacity'}{UPLOADS}": "100x60"},
        {f"{VOLUME % 'available'}{UPLOADS}": "20x60", f"{VOLUME % 'capacity'}{UPLOADS}": "100x60"},
    ),
    "SessionsNotWritten": (
        _redis("redis_aof_last_write_status", "1x60", "0x60")
        | _redis("redis_aof_enabled", "1x60", "1x60"),
        _redis("redis_aof_last_write_status", "1x60", "1x60")
        | _redis("redis_aof_enabled", "1x60", "1x60"),
    ),
    "SessionsVanished": (
        _redis("redis_db_keys", "1000x55 10x5", "1000x55 10x5"),
        # A server that starts empty beside two that have the sessions; and sessions that end.
        _redis("redis_db_keys", "1000-4x60", "1000x55 0x5"),
    ),
    "SessionsLost": (
        {"holdfast_sessions_lost_total" + CANARY % ',cause="lost"': "0x55 1x5"},
        {"holdfast_sessions_lost_total" + CANARY % ',cause="lost"': "3x60"},
    ),
    "CanaryUnanswered": (
        {"holdfast_last_success_timestamp_seconds" + CANARY % "": "0+60x50 3000x10"},
        {"holdfast_last_success_timestamp_seconds" + CANARY % "": "0+60x60"},
    ),
    "ServerErrors": (
        {
            "istio_requests_total" + ISTIO % 200: "0+600x60",
            "istio_requests_total" + ISTIO % 503: "0+60x60",
        },
        {
            "istio_requests_total" + ISTIO % 200: "0+10x60",
            "istio_requests_total" + ISTIO % 503: "0+1x60",
        },
    ),
    "PodsDoNotStart": (
        {
            "kube_pod_container_status_ready" + POD % ',container="php"': "0x60",
            "kube_pod_container_status_ready" + POD % ',container="nginx"': "1x60",
            "kube_pod_status_phase" + POD % ',phase="Running"': "1x60",
        },
        {
            "kube_pod_container_status_ready" + POD % ',container="php"': "0x60",
            "kube_pod_status_phase" + POD % ',phase="Running"': "1x60",
            "kube_pod_deletion_timestamp" + POD % "": "1000x60",
        },
    ),
    "NoPods": (
        {
            "kube_deployment_status_replicas_available" + DEPLOYMENT % "": "0x60",
            "kube_deployment_spec_replicas" + DEPLOYMENT % "": "2x60",
        },
        {
            "kube_deployment_status_replicas_available" + DEPLOYMENT % "": "0x60",
            "kube_deployment_spec_replicas" + DEPLOYMENT % "": "0x60",
        },
    ),
    "RolloutStuck": (
        {
            "kube_deployment_status_condition"
            + DEPLOYMENT % ',condition="Progressing",status="false"': "1x60"
        },
        {
            "kube_deployment_status_condition"
            + DEPLOYMENT % ',condition="Progressing",status="false"': "0x60"
        },
    ),
    "ContainersRestart": (
        {"kube_pod_container_status_restarts_total" + POD % ',container="php"': "0+1x60"},
        {"kube_pod_container_status_restarts_total" + POD % ',container="php"': "0x55 1x5"},
    ),
    "OutOfMemory": (
        {
            "kube_pod_container_status_restarts_total" + POD % ',container="php"': "0x55 1x5",
            "kube_pod_container_status_last_terminated_reason"
            + POD % ',container="php",reason="OOMKilled"': "_x55 1x5",
        },
        {
            "kube_pod_container_status_restarts_total" + POD % ',container="php"': "1x60",
            "kube_pod_container_status_last_terminated_reason"
            + POD % ',container="php",reason="OOMKilled"': "1x60",
        },
    ),
    "AutoscalerAtMax": (
        {
            f"kube_horizontalpodautoscaler_status_desired_replicas{HPA}": "9x60",
            f"kube_horizontalpodautoscaler_spec_max_replicas{HPA}": "9x60",
        },
        {
            f"kube_horizontalpodautoscaler_status_desired_replicas{HPA}": "8x60",
            f"kube_horizontalpodautoscaler_spec_max_replicas{HPA}": "9x60",
        },
    ),
    "PhpBusy": (
        {f"phpfpm_active_processes{WEB}": "10x60", f"phpfpm_total_processes{WEB}": "10x60"},
        {f"phpfpm_active_processes{WEB}": "9x60", f"phpfpm_total_processes{WEB}": "10x60"},
    ),
    "PhpSilent": ({f"phpfpm_up{WEB}": "0x60"}, {f"phpfpm_up{WEB}": "1x60"}),
    "SchedulerLate": (
        {f"kube_cronjob_created{CRON}": "0x60"},
        {
            f"kube_cronjob_created{CRON}": "0x60",
            f"kube_cronjob_status_last_successful_time{CRON}": "0+60x60",
        },
    ),
    "MigrationFailed": (
        {'kube_job_failed{namespace="a",job_name="shop-migrate-1a2b",condition="true"}': "1x60"},
        {'kube_job_failed{namespace="a",job_name="shop-migrate-1a2b",condition="true"}': "0x60"},
    ),
    "ScalerBlind": (
        {'keda_scaled_object_errors_total{scaledObject="shop-worker-mail"}': "0+1x60"},
        {'keda_scaled_object_errors_total{scaledObject="shop-worker-mail"}': "5x60"},
    ),
}


def _of_others(series: Series) -> Series:
    return {name.replace("shop", "other"): values for name, values in series.items()}


def _test(alert: str, series: Series, fires: int) -> dict[str, Any]:
    expr = f'count(ALERTS{{alertname="Holdfast{alert}",alertstate="firing"}} == 1) or vector(0)'
    return {
        "interval": "1m",
        "name": f"{alert}: {'fires' if fires else 'is quiet'}",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"({expr}) > bool 0",
                "eval_time": "60m",
                "exp_samples": [{"labels": "{}", "value": fires}],
            }
        ],
    }


def test_every_alert_has_its_cases() -> None:
    (rule,) = (
        item for item in rules.objects(application(**BIG)) if item["kind"] == "PrometheusRule"
    )
    names = {one["alert"] for group in rule["spec"]["groups"] for one in group["rules"]}

    assert {f"Holdfast{name}" for name in CASES} == names


def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    (rule,) = (
        item for item in rules.objects(application(**BIG)) if item["kind"] == "PrometheusRule"
    )
    # Absence is an alert of its own there: a store that is not scraped at all.
    absent = {"SessionStoreDown", "SessionStoreMasters"}
    for one in (one for group in rule["spec"]["groups"] for one in group["rules"]):
        name = one["alert"].removeprefix("Holdfast")
        fires, quiet = CASES[name]
        alone = {"groups": [{"name": name, "rules": [one]}]}
        (tmp_path / f"{name}.rules").write_text(yaml.safe_dump(alone), encoding="utf-8")
        suite = {
            "evaluation_interval": "1m",
            "rule_files": [f"{name}.rules"],
            "tests": [
                _test(name, fires, 1),
                _test(name, quiet, 0),
                _test(name, _of_others(fires), 1 if name in absent else 0),
            ],
        }
        (tmp_path / f"{name}.tests").write_text(yaml.safe_dump(suite), encoding="utf-8")

    done = subprocess.run(
        [PROMTOOL, "test", "rules", *sorted(file.name for file in tmp_path.glob("*.tests"))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
