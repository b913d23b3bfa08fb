"""Stores of manifests that a test writes down."""

from __future__ import annotations

import pytest

from holdfast.check.kubernetes.objects import Objects, objects
from holdfast.check.kubernetes.stores.reach import stores_of
from holdfast.check.kubernetes.workload import workloads
from holdfast.manifests.yaml import documents


@pytest.fixture
def stores():
    """The stores of a text of manifests."""

    def read(text):
        found = Objects(objects(documents(text.encode(), "deploy.yaml")))
        return stores_of(found, workloads(found))

    return read


@pytest.fixture
def redis(stores):
    """The one store of a Deployment with this container and these volumes."""

    def read(container, more=""):
        only = stores(deployment(container) + more).all
        assert len(only) == 1
        return only[0]

    return read


def deployment(container, name="redis", replicas=1, extra=""):
    body = "\n".join(f"          {line}" for line in container.strip().splitlines())
    return f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: {replicas}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      {extra}
      containers:
        -
{body}
---
"""
