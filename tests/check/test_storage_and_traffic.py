"""Where files of the application are, what receives requests, and what a hook takes."""

from __future__ import annotations

import json

import pytest

from holdfast.check.facts.storage import SESSION_FILES, kept
from holdfast.check.facts.traffic import PreStop, front, pre_stop
from holdfast.check.kubernetes.objects import Objects, objects
from holdfast.check.kubernetes.workload import workloads
from holdfast.manifests.yaml import documents


def workload_of(pod, *others, **spec):
    labels = {"metadata": {"labels": {"app": "a"}}}
    whole = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "a"},
        "spec": spec | {"template": labels | {"spec": pod}},
    }
    text = "\n---\n".join(json.dumps(one) for one in (whole, *others))
    read = Objects(objects(documents(text.encode(), "a.yaml")))
    return workloads(read)[0]


def container_of(body, volumes=()):
    pod = {"containers": [{"name": "php"} | body], "volumes": list(volumes)}
    return workload_of(pod).containers[0]


VOLUMES = (
    {"name": "empty", "emptyDir": {}},
    {"name": "nfs", "nfs": {"server": "nas", "path": "/"}},
    {"name": "file", "configMap": {"name": "a"}},
    {"name": "keys", "csi": {"driver": "secrets-store.csi.k8s.io"}},
    {"name": "disk", "csi": {"driver": "ebs.csi.aws.com"}},
)


@pytest.mark.parametrize(
    ("mounts", "holder"),
    [
        ({}, ""),
        ({"/app/storage": "nfs"}, "nfs"),
        ({"/app/storage/": "nfs"}, "nfs"),
        ({"/srv/a/b/storage/framework": "nfs"}, "nfs"),
        ({"/app/storage/framework/sessions": "empty", "/app/storage": "nfs"}, "empty"),
        ({"/app": "nfs", "/app/storage": "empty"}, "empty"),
        ({"/app/storage/app": "nfs", "/app/storage/logs": "empty"}, ""),
        ({"/app/bootstrap/cache": "nfs", "/app/public": "nfs", "/app/database": "nfs"}, ""),
        ({"/tmp": "empty", "/var/run/php": "empty", "/etc/nginx": "empty"}, ""),
        ({"/app": "file", "/mnt/secrets": "keys"}, ""),
        ({"/app": "nfs"}, None),
        ({"/var/www/html": "nfs"}, None),
        ({"/data": "disk"}, None),
        ({"/storage": "nfs"}, None),
        ({"/": "nfs"}, None),
    ],
)
def test_what_holds_the_session_files(mounts, holder):
    listed = [{"name": name, "mountPath": path} for path, name in mounts.items()]
    found = kept(container_of({"volumeMounts": listed}, VOLUMES), SESSION_FILES)
    if holder is None:
        assert found is None
        return
    assert found is not None
    assert (found.mount.volume.name if found.mount else "") == holder
    assert found.dies_with_its_pod == (holder in ("", "empty"))
    assert found.of_all_nodes == (holder == "nfs")


@pytest.mark.parametrize(("path", "held"), [("/data/db.sqlite", True), ("/database/x", False)])
def test_an_absolute_path_is_where_it_says(path, held):
    mounts = [{"name": "nfs", "mountPath": "/data"}]
    found = kept(container_of({"volumeMounts": mounts}, VOLUMES), path)
    assert found is not None
    assert (found.mount is not None) == held


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        (None, None),
        ({}, None),
        ({"sleep": {"seconds": 7}}, PreStop(7, known=True)),
        ({"exec": {"command": ["sleep", "10"]}}, PreStop(10, known=True)),
        ({"exec": {"command": ["/bin/sh", "-c", "sleep 5"]}}, PreStop(5, known=True)),
        ({"exec": {"command": ["sh", "-c", "sleep 1m; nginx -s quit"]}}, PreStop(60, known=False)),
        ({"exec": {"command": ["sh", "-c", "sleep 5 && sleep 6"]}}, PreStop(11, known=False)),
        ({"exec": {"command": ["/stop.sh", "30"]}}, PreStop(0, known=False)),
        ({"exec": {"command": ["sh", "-c", "oversleep 9"]}}, PreStop(0, known=False)),
        ({"httpGet": {"path": "/stop", "port": 80}}, PreStop(0, known=False)),
    ],
)
def test_what_a_hook_takes(hook, expected):
    assert pre_stop(container_of({"lifecycle": {"preStop": hook}})) == expected


def service(**port):
    spec = {"selector": {"app": "a"}, "ports": [port]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    ("port", "containers", "expected"),
    [
        ({"port": 80}, [("php", 9000), ("web", 80)], "web"),
        ({"port": 80, "targetPort": 9000}, [("php", 9000), ("web", 80)], "php"),
        ({"port": 80, "targetPort": "p80"}, [("php", 9000), ("web", 80)], "web"),
        ({"port": 80}, [("php", 9000)], "php"),
        ({"port": 80}, [("php", 9000), ("my-nginx", None)], "my-nginx"),
        ({"port": 80}, [("php", 9000), ("other", None)], None),
    ],
)
def test_what_requests_reach(port, containers, expected):
    listed = [
        {"name": name}
        | ({"ports": [{"name": f"p{number}", "containerPort": number}]} if number else {})
        for name, number in containers
    ]
    found = front(workload_of({"containers": listed}, service(**port)))
    assert (found.name if found else None) == expected
