"""Stores behind a proxy, and servers that a script starts with what it is given."""

from __future__ import annotations

import pytest

from holdfast.check.audit import Request, audit

SHOP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
"""
PROXY = """\
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: proxy}, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: proxy}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: proxy}}
    spec:
      containers:
        - name: haproxy
          image: {image}
          volumeMounts: [{name: conf, mountPath: /usr/local/etc/haproxy}]
      volumes: [{name: conf, configMap: {name: proxy}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: proxy}
data:
  {file}: |
    frontend redis
      bind :6379
      default_backend redis
    backend redis
      option tcp-check
      {check}
      {server}
"""
SERVERS = """\
---
apiVersion: v1
kind: Service
metadata: {name: nodes}
spec: {selector: {app: redis}, clusterIP: None, ports: [{port: 6379}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  replicas: 3
  serviceName: nodes
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.2
          command: {command}
          resources: {limits: {memory: 256Mi}}
          volumeMounts: [{name: conf, mountPath: /etc/redis}, {name: data, mountPath: /data}]
      volumes: [{name: conf, configMap: {name: redis}}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: redis}
data:
  redis.conf: |
    aclfile /run/users.acl
    maxmemory 100mb
    maxmemory-policy allkeys-lru
  start.sh: |
    #!/bin/sh
    {script}
"""
THROUGH = {
    "image": "haproxy:3.0",
    "file": "haproxy.cfg",
    "check": "tcp-check expect string role:master",
    "server": "server one redis-0.nodes:6379 check",
    "command": "[sh, /etc/redis/start.sh, redis-server, /etc/redis/redis.conf]",
    "script": 'set -- "$@" --replicaof "$(master)" 6379\n    exec "$@"',
}
EVICTS = {"HF501"}
REPLICAS = {"HF513"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, EVICTS),
        ({"server": 'server one "redis-0.nodes.${SEARCH}:6379"'}, EVICTS),
        ({"server": "server one redis-0.nodes.default.svc.cluster.local:6379"}, EVICTS),
        ({"server": "server-template redis 3 nodes:6379"}, set()),
        ({"server": "server one elsewhere:6379"}, set()),
        ({"server": "# server one redis-0.nodes:6379"}, set()),
        ({"check": "tcp-check expect string +PONG"}, EVICTS | REPLICAS),
        ({"check": "# tcp-check expect string role:master"}, EVICTS | REPLICAS),
        ({"image": "example.com/balancer:1"}, set()),
        ({"file": "other.cfg"}, EVICTS),
        ({"command": "[sh, /etc/redis/start.sh]"}, set()),
        ({"command": "[sh, /etc/redis/other.sh, redis-server, /etc/redis/redis.conf]"}, set()),
        ({"script": "exec redis-server /data/redis.conf"}, set()),
        # What the script adds counts more, and is not known.
        ({"script": 'exec "$@" --maxmemory-policy noeviction'}, set()),
        ({"script": 'set -- "$@" --maxmemory-policy noeviction\n    exec "$@"'}, set()),
        ({"script": 'set -- "$@" --include /data/more.conf\n    exec "$@"'}, set()),
    ],
)
def test_what_is_found_through_a_proxy(tmp_path, changed, expected):
    text = SHOP + PROXY + SERVERS
    for name, value in (THROUGH | changed).items():
        text = text.replace(f"{{{name}}}", value)
    (tmp_path / "deploy.yaml").write_text(text)
    result = audit(Request([tmp_path], tmp_path))
    found = {one.rule.id for one in result.found if not one.finding.unknown}
    assert found & (EVICTS | REPLICAS) == expected
