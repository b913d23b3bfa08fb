"""The session path: what it says of the server that has the sessions."""

from __future__ import annotations

import pytest

from holdfast.check.audit import Request, collect
from holdfast.check.path import session_path
from holdfast.check.sources.files import Files

from .conftest import write

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: php
          image: shop
          env:
            - {name: APP_KEY, value: x}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      volumes: [{name: data, emptyDir: {}}]
      containers:
        - name: redis
          image: redis:7
          args: [ARGS]
          volumeMounts: [{name: data, mountPath: /data}]
"""


def test_files_are_named_as_in_the_pod(tmp_path):
    config = "<?php return ['driver' => 'file', 'files' => storage_path('framework/sessions')];"
    write(tmp_path, {"config/session.php": config})
    [target] = collect(Request([tmp_path], tmp_path), Files(tmp_path))
    [process] = target.processes()
    values = [step.value for step in session_path(target, process) if step.value]
    assert "storage/framework/sessions, in the application's directory" in values
    assert not any(str(tmp_path) in value for value in values)


@pytest.fixture
def steps(tmp_path):
    def read(text):
        write(tmp_path, {"deploy.yaml": text})
        [target] = collect(Request([tmp_path], tmp_path), Files(tmp_path))
        [process] = target.processes()
        path = session_path(target, process)
        return {step.name: step.value for step in path if step.station == "store"}

    return read


@pytest.mark.parametrize(
    ("arguments", "full", "writes"),
    [
        ("", "grows without a limit", "snapshots"),
        ("--maxmemory, 1gb", "refuses to write, at 1gb", "snapshots"),
        (
            "--maxmemory, 1gb, --maxmemory-policy, allkeys-lru",
            "throws keys away (allkeys-lru)",
            "snapshots",
        ),
        ('--appendonly, "yes"', "grows without a limit", "each change, within a second"),
        (
            '--appendonly, "yes", --appendfsync, "no"',
            "grows without a limit",
            "each change, when the kernel does",
        ),
        (
            '--appendonly, "yes", --appendfsync, always',
            "grows without a limit",
            "each change, at once",
        ),
        ('--save, ""', "grows without a limit", "nothing"),
        ("/etc/redis.conf", None, None),
    ],
)
def test_what_the_server_does(steps, arguments, full, writes):
    found = steps(WEB.replace("ARGS", arguments))
    assert found["server"] == "Deployment redis"
    assert found["when full"] == full
    assert found["writes"] == writes


def test_where_its_data_are(steps):
    assert steps(WEB.replace("ARGS", ""))["data on"] == "a volume that is deleted with the pod"


def test_a_server_that_is_not_there(steps):
    assert "server" not in steps(WEB.replace("ARGS", "").replace("value: redis}", "value: other}"))
