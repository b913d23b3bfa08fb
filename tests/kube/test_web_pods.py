"""Web pods: what runs in them, who may write where, how they start, stop and are replaced."""

from __future__ import annotations

import pytest

from holdfast.kube.app import App, Object
from holdfast.kube.render import render
from holdfast.kube.web import deployment

from .conftest import application
from .schemas import all_problems

RUNTIMES = [
    {"runtime": "fpm-nginx"},
    {"runtime": "frankenphp"},
    {"runtime": "octane"},
    {"runtime": "octane", "server": "swoole"},
    {"runtime": "octane", "server": "roadrunner"},
]
SINGLE = RUNTIMES[1:]


def objects(app: App) -> dict[str, Object]:
    return {one["kind"]: one for one in deployment.objects(app)}


def pod(**web: object) -> Object:
    spec: Object = objects(application(web=web))["Deployment"]["spec"]["template"]["spec"]
    return spec


def containers(**web: object) -> dict[str, Object]:
    spec = pod(**web)
    return {one["name"]: one for one in [*spec["initContainers"], *spec["containers"]]}


@pytest.mark.parametrize("web", RUNTIMES)
@pytest.mark.parametrize("scaled", [{}, {"max": 9, "min": 3}])
def test_every_runtime_is_valid_for_every_kubernetes(web: Object, scaled: Object) -> None:
    app = application(web=web | scaled)
    assert all_problems(deployment.objects(app), app) == []


@pytest.mark.parametrize("web", RUNTIMES)
def test_pods_keep_the_restricted_standard(web: Object) -> None:
    spec = pod(**web)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    # A volume of many files would be walked through at every start.
    assert spec["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    for container in [*spec["initContainers"], *spec["containers"]]:
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["readOnlyRootFilesystem"] is True
        assert security["capabilities"]["drop"] == ["ALL"]
        assert set(security["capabilities"].get("add", ())) <= {"NET_BIND_SERVICE"}
        assert "cpu" not in container["resources"]["limits"]
        assert container["resources"]["limits"]["memory"]


def test_every_pod_of_the_application_may_pull_its_image_and_has_its_priority() -> None:
    app = application(
        pullSecrets=["registry", "mirror"],
        priorityClass="high",
        workers=[{"name": "mail"}],
        scheduler={},
    )
    templates = {}
    for one in [one for some in render(app).objects.values() for one in some]:
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", one).get("spec", {})
        if "template" in spec:
            templates[one["metadata"]["name"]] = spec["template"]["spec"]
    assert {name.rpartition("-")[2] for name in templates} >= {"web", "mail", "scheduler"}
    assert any("migrate" in name for name in templates)
    for found in templates.values():
        assert found["imagePullSecrets"] == [{"name": "registry"}, {"name": "mirror"}]
        assert found["priorityClassName"] == "high"
    for found in [one for some in render(application()).objects.values() for one in some]:
        assert "imagePullSecrets" not in str(found)
        assert "priorityClassName" not in str(found)


def test_only_a_program_with_a_file_capability_is_given_one() -> None:
    given = {
        (web["runtime"], web.get("server")): containers(**web)["php"]["securityContext"][
            "capabilities"
        ].get("add")
        for web in RUNTIMES
    }
    assert given == {
        ("fpm-nginx", None): None,
        ("frankenphp", None): ["NET_BIND_SERVICE"],
        ("octane", None): ["NET_BIND_SERVICE"],
        ("octane", "swoole"): None,
        ("octane", "roadrunner"): None,
    }


@pytest.mark.parametrize("web", RUNTIMES)
def test_what_is_mounted_is_a_volume_and_no_volume_is_left_over(web: Object) -> None:
    spec = pod(**web)
    there = [volume["name"] for volume in spec["volumes"]]
    used = {
        mount["name"]
        for container in [*spec["initContainers"], *spec["containers"]]
        for mount in container["volumeMounts"]
    }
    assert sorted(there) == sorted(used)
    for container in spec["containers"]:
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert len(paths) == len(set(paths))


@pytest.mark.parametrize("web", RUNTIMES)
def test_nobody_writes_but_where_laravel_does(web: Object) -> None:
    php = containers(**web)["php"]
    written = {
        mount["mountPath"] for mount in php["volumeMounts"] if not mount.get("readOnly", False)
    }
    assert written - {"/run/php-fpm"} == {
        "/var/www/html/bootstrap/cache",
        "/var/www/html/storage/framework",
        "/var/www/html/storage/framework/cache",
        "/var/www/html/storage/framework/views",
        "/var/www/html/storage/logs",
        "/tmp",
    }


def test_nginx_and_what_copies_public_know_no_secret() -> None:
    found = containers()
    for name in ("nginx", "public"):
        assert "envFrom" not in found[name]
        assert "env" not in found[name]
    assert {"secretRef": {"name": "shop-env"}} in found["php"]["envFrom"]


def test_nginx_finds_public_where_php_has_it() -> None:
    spec = objects(application(root="/app"))["Deployment"]["spec"]["template"]["spec"]
    found = {one["name"]: one for one in [*spec["initContainers"], *spec["containers"]]}
    assert found["public"]["command"] == ["cp", "-Rp", "/app/public", "/srv/"]
    mounted = {mount["name"]: mount for mount in found["nginx"]["volumeMounts"]}
    assert mounted["public"] == {
        "name": "public",
        "mountPath": "/app/public",
        "readOnly": True,
        "subPath": "public",
    }
    assert found["php"]["workingDir"] == "/app"
    config = objects(application(root="/app"))["ConfigMap"]["data"]["nginx.conf"]
    assert "root /app/public;" in config


@pytest.mark.parametrize(
    ("web", "caches"),
    [
        ({}, ["config", "route", "event"]),
        ({"runtime": "frankenphp"}, ["config", "route", "event"]),
        ({"runtime": "octane"}, ["config"]),
    ],
)
def test_caches_are_made_where_the_environment_is_known(web: Object, caches: list[str]) -> None:
    prepare = containers(**web)["prepare"]
    assert prepare["command"] == [
        "/bin/sh",
        "-ec",
        " && ".join(f"php artisan {name}:cache" for name in caches),
    ]
    assert prepare["envFrom"] == containers(**web)["php"]["envFrom"]


@pytest.mark.parametrize(
    ("web", "grace"),
    [
        ({}, 45),
        ({"longestRequest": 100}, 115),
        ({"longestRequest": 100, "drain": 30}, 135),
        ({"grace": 300}, 300),
        ({"runtime": "octane", "longestRequest": 60}, 75),
    ],
)
def test_the_time_to_stop_holds_drain_and_the_longest_request(web: Object, grace: int) -> None:
    assert pod(**web)["terminationGracePeriodSeconds"] == grace


@pytest.mark.parametrize(("grace", "stays"), [(600, False), (601, True)])
def test_an_autoscaler_that_would_not_wait_leaves_the_node(grace: int, stays: bool) -> None:
    app = application(web={"grace": grace})
    (web,) = (one for one in deployment.objects(app) if one["kind"] == "Deployment")
    annotations = web["spec"]["template"]["metadata"].get("annotations", {})
    expected = "false" if stays else None
    assert annotations.get("cluster-autoscaler.kubernetes.io/safe-to-evict") == expected
    assert annotations.get("karpenter.sh/do-not-disrupt") == ("true" if stays else None)
    told = {one.subject for one in deployment.decisions(app)}
    assert ("nodes of web pods" in told) == stays


def hook(name: str, **web: object) -> str:
    command = containers(**web)[name]["lifecycle"]["preStop"]["exec"]["command"]
    assert command[:2] == ["/bin/sh", "-c"]
    script: str = command[2]
    return script


def test_nginx_drains_then_quits_and_its_hook_lasts_as_long_as_it() -> None:
    assert hook("nginx", drain=7).splitlines() == [
        "sleep 7",
        'kill -QUIT "$(cat /run/php-fpm/nginx.pid)"',
        "while [ -e /run/php-fpm/nginx.pid ]; do sleep 1; done",
    ]


def test_php_fpm_waits_for_nginx_but_not_for_ever() -> None:
    assert hook("php", drain=7, longestRequest=20).splitlines() == [
        "end=$(($(date +%s) + 29))",
        "sleep 7",
        'while [ -e /run/php-fpm/nginx.pid ] && [ "$(date +%s)" -lt "$end" ]; do sleep 1; done',
        'kill -QUIT "$(cat /run/php-fpm/fpm.pid)"',
        "while [ -e /run/php-fpm/fpm.pid ]; do sleep 1; done",
    ]


@pytest.mark.parametrize("web", SINGLE)
def test_a_single_server_is_asked_to_stop_when_nothing_is_under_way(web: Object) -> None:
    php = containers(**web, drain=7, longestRequest=20)["php"]
    assert php["lifecycle"] == {"preStop": {"sleep": {"seconds": 27}}}
    assert pod(**web, drain=7, longestRequest=20)["terminationGracePeriodSeconds"] > 27


def test_no_port_speaks_fastcgi() -> None:
    found = containers()
    assert "ports" not in found["php"]
    assert [port["containerPort"] for port in found["nginx"]["ports"]] == [8080]


@pytest.mark.parametrize("web", RUNTIMES)
def test_the_service_finds_the_port_and_the_pods(web: Object) -> None:
    found = objects(application(web=web | {"port": 9999}))
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    service = found["Service"]["spec"]
    assert service["selector"].items() <= labels.items()
    assert service["selector"] == found["Deployment"]["spec"]["selector"]["matchLabels"]
    assert "sessionAffinity" not in service
    [port] = service["ports"]
    assert (port["name"], port["port"], port["appProtocol"]) == ("http", 80, "http")
    ports = [
        one
        for container in found["Deployment"]["spec"]["template"]["spec"]["containers"]
        for one in container.get("ports", ())
        if one["name"] == port["targetPort"]
    ]
    assert [one["containerPort"] for one in ports] == [9999]


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (None, ["--server=frankenphp", "--admin-port=2019"]),
        ("frankenphp", ["--server=frankenphp", "--admin-port=2019"]),
        ("swoole", ["--server=swoole", "--task-workers=1"]),
        (
            "roadrunner",
            [
                "--server=roadrunner",
                "--rpc-host=127.0.0.1",
                "--rpc-port=6001",
                "--rr-config=/etc/holdfast/rr.yaml",
            ],
        ),
    ],
)
def test_octane_is_the_first_process(server: str | None, words: list[str]) -> None:
    web = {"runtime": "octane", "processes": 4, "port": 8000}
    command = containers(**web, **({"server": server} if server else {}))["php"]["command"]
    assert command[:3] == ["php", "artisan", "octane:start"]
    usual = {"--host=0.0.0.0", "--port=8000", "--workers=4", "--max-requests=500"}
    assert {*words, *usual} <= set(command)
    assert "--watch" not in command


@pytest.mark.parametrize(
    ("web", "writes"),
    [
        ({"runtime": "frankenphp"}, True),
        ({"runtime": "octane"}, True),
        ({"runtime": "octane", "server": "swoole"}, False),
        ({}, False),
    ],
)
def test_caddy_writes_where_it_may(web: Object, writes: bool) -> None:
    told = {one["name"]: one.get("value") for one in containers(**web)["php"]["env"]}
    assert told["PHP_INI_SCAN_DIR"] == ":/etc/holdfast"
    places = {told.get("XDG_CONFIG_HOME"), told.get("XDG_DATA_HOME")}
    assert places == ({"/tmp/config", "/tmp/data"} if writes else {None})


def test_nginx_reads_uploads_that_are_on_a_volume() -> None:
    app = application(storage={"uploads": {"volume": {"storageClass": "nfs"}}})
    found = objects(app)["Deployment"]["spec"]["template"]["spec"]["containers"]
    [nginx] = [one for one in found if one["name"] == "nginx"]
    [mounted] = [one for one in nginx["volumeMounts"] if one["name"] == "uploads"]
    assert mounted["mountPath"] == "/var/www/html/storage/app"
    assert mounted["readOnly"] is True


def test_roadrunner_has_a_file_that_it_need_not_write() -> None:
    web = {"runtime": "octane", "server": "roadrunner", "maxBody": "2500k", "longestRequest": 9}
    data = objects(application(web=web))["ConfigMap"]["data"]
    assert "max_request_size: 3\n" in data["rr.yaml"]
    assert "grace_period: 9s" in data["rr.yaml"]


def test_caddy_answers_on_the_port_within_the_limits() -> None:
    web = {"runtime": "frankenphp", "port": 8888, "maxBody": "1Ki", "processes": 3}
    text = objects(application(web=web, root="/app"))["ConfigMap"]["data"]["Caddyfile"]
    lines = [line.strip() for line in text.splitlines()]
    assert ":8888 {" in lines
    assert {"admin off", "auto_https off", "num_threads 3", "max_size 1024"} <= set(lines)
    assert "root * /app/public" in lines
    assert not any(line.startswith("shutdown_delay") for line in lines)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    ("web", "limit"),
    [({}, True), ({"runtime": "frankenphp"}, True), ({"runtime": "octane"}, False)],
)
def test_php_may_run_for_the_longest_request_but_workers_run_on(web: Object, limit: bool) -> None:
    ini = objects(application(web=web | {"longestRequest": 44}))["ConfigMap"]["data"]
    assert ("max_execution_time = 44" in ini["holdfast.ini"]) is limit


def test_uploads_fit_into_the_temporary_directory() -> None:
    spec = pod(processes=10, maxBody="100Mi")
    sizes = {one["name"]: one.get("emptyDir", {}).get("sizeLimit") for one in spec["volumes"]}
    assert sizes["tmp"] == "1128Mi"
    php = spec["containers"][0]
    assert php["resources"]["limits"]["ephemeral-storage"] == "1640Mi"


def test_new_pods_are_ready_before_old_ones_go() -> None:
    spec = objects(application())["Deployment"]["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
    }
    assert spec["minReadySeconds"] > 0
    [started] = [
        one["startupProbe"]
        for one in spec["template"]["spec"]["containers"]
        if "startupProbe" in one
    ]
    waited = started["failureThreshold"] * started["periodSeconds"]
    assert spec["progressDeadlineSeconds"] > waited + spec["minReadySeconds"]


def test_a_volume_of_one_node_goes_from_the_old_pod_to_the_new() -> None:
    block = {"uploads": {"volume": {"access": "ReadWriteOnce"}}}
    spec = objects(application(web={"min": 1}, storage=block))["Deployment"]["spec"]
    assert spec["strategy"] == {"type": "Recreate"}
    network = {"uploads": {"volume": {"access": "ReadWriteMany"}}}
    spec = objects(application(web={"min": 1}, storage=network))["Deployment"]["spec"]
    assert spec["strategy"]["type"] == "RollingUpdate"


def test_pods_are_spread_over_zones_and_nodes() -> None:
    constraints = pod()["topologySpreadConstraints"]
    assert [one["topologyKey"] for one in constraints] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    for one in constraints:
        assert one["whenUnsatisfiable"] == "ScheduleAnyway"
        # The pods of the version that goes would push those of the next one together.
        assert one["matchLabelKeys"] == ["pod-template-hash"]


@pytest.mark.parametrize(
    ("web", "replicas", "scaler"),
    [
        ({}, 2, None),
        ({"min": 4}, 4, None),
        ({"min": 4, "max": 4}, 4, None),
        ({"min": 4, "max": 5}, None, (4, 5)),
        ({"max": 30}, None, (2, 30)),
    ],
)
def test_the_autoscaler_alone_says_how_many_there_are(
    web: Object, replicas: int | None, scaler: tuple[int, int] | None
) -> None:
    found = objects(application(web=web))
    assert found["Deployment"]["spec"].get("replicas") == replicas
    hpa = found.get("HorizontalPodAutoscaler", {}).get("spec", {})
    assert (scaler is not None) is bool(hpa)
    if scaler:
        assert (hpa["minReplicas"], hpa["maxReplicas"]) == scaler
        assert hpa["scaleTargetRef"]["name"] == found["Deployment"]["metadata"]["name"]


def test_it_watches_php_alone_and_goes_down_slowly() -> None:
    web = {"max": 9, "autoscale": {"cpu": 55, "busy": 80}}
    hpa = objects(application(web=web, monitoring={}))["HorizontalPodAutoscaler"]["spec"]
    cpu, busy = hpa["metrics"]
    assert cpu["containerResource"] == {
        "container": "php",
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": 55},
    }
    assert busy["pods"]["metric"]["name"] == "phpfpm_process_utilization"
    assert busy["pods"]["target"]["averageValue"] == "80"
    assert hpa["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
    assert hpa["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    for direction, expected in {
        "scaleUp": {"Percent": (100, 15), "Pods": (4, 15)},
        "scaleDown": {"Percent": (10, 60), "Pods": (1, 60)},
    }.items():
        behaviour = hpa["behavior"][direction]
        assert behaviour["selectPolicy"] == "Max"
        assert {
            one["type"]: (one["value"], one["periodSeconds"]) for one in behaviour["policies"]
        } == expected


@pytest.mark.parametrize("web", [{"min": 1}, {"min": 2}, {"max": 9}])
def test_a_drain_takes_one_pod_and_is_never_blocked(web: Object) -> None:
    found = objects(application(web=web))
    spec = found["PodDisruptionBudget"]["spec"]
    assert spec["maxUnavailable"] == 1
    assert "minAvailable" not in spec
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    assert spec["selector"] == found["Deployment"]["spec"]["selector"]


def test_other_configuration_is_another_config_map_and_rolls_pods() -> None:
    one, other = objects(application()), objects(application(web={"longestRequest": 31}))
    names = {found["ConfigMap"]["metadata"]["name"] for found in (one, other)}
    assert len(names) == 2
    for found in (one, other):
        [volume] = [
            volume
            for volume in found["Deployment"]["spec"]["template"]["spec"]["volumes"]
            if volume["name"] == "config"
        ]
        assert volume["configMap"]["name"] == found["ConfigMap"]["metadata"]["name"]


@pytest.mark.parametrize("web", RUNTIMES)
def test_rendering_changes_nothing_that_it_was_given(web: Object) -> None:
    app = application(web=web)
    first = list(deployment.objects(app))
    first[2]["spec"]["template"]["spec"]["containers"].clear()
    first[0]["data"].clear()
    again = list(deployment.objects(app))
    assert again[2]["spec"]["template"]["spec"]["containers"]
    assert again[0]["data"]


def test_secrets_in_the_configuration_cache_are_never_on_a_disk() -> None:
    volumes = {one["name"]: one for one in pod()["volumes"]}
    assert volumes["bootstrap-cache"]["emptyDir"] == {"medium": "Memory", "sizeLimit": "32Mi"}
    assert "medium" not in volumes["framework-views"]["emptyDir"]


def test_session_files_outlive_their_pod_where_they_are_allowed() -> None:
    volume = {"uploads": {"volume": {"access": "ReadWriteOnce"}}}
    app = application(session={"driver": "file"}, storage=volume, web={"min": 1})
    php = objects(app)["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    [mounted] = [
        one for one in php["volumeMounts"] if one["mountPath"].endswith("framework/sessions")
    ]
    assert mounted["name"] == "session-files"
    for other in (application(storage=volume, web={"min": 1}), application()):
        assert "framework/sessions" not in str(objects(other))


@pytest.mark.parametrize(
    ("spec", "writable"),
    [({}, True), ({"laravel": 10}, False), ({"cache": {"store": "array"}}, False)],
)
def test_artisan_down_can_write_where_all_replicas_hear_of_it(spec: Object, writable: bool) -> None:
    found = objects(application(**spec))["Deployment"]["spec"]["template"]["spec"]
    paths = [one["mountPath"] for one in found["containers"][0]["volumeMounts"]]
    place = "/var/www/html/storage/framework"
    assert (place in paths) is writable
    if writable:
        # It would hide those below it, had they been mounted before.
        assert paths.index(place) < min(
            paths.index(path) for path in paths if path.startswith(f"{place}/")
        )
