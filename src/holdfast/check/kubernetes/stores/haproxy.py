"""HAProxy before a replication of Redis: the hosts it leads to, and whether to the master alone.

HAProxy 2.6, configuration manual: ``server <name> <address>[:port]``, ``tcp-check expect string``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from holdfast.check.kubernetes.objects import Object
from holdfast.check.kubernetes.stores.mounted import mounted
from holdfast.check.kubernetes.workload import Workload

_SERVER = re.compile(r"^\s*server\s+\S+\s+\"?([^\s\":]+)(?::(\d+))?", re.MULTILINE)
_OF_THE_SEARCH_LIST = re.compile(r"\.?\$\{\w+\}")
_MASTER = re.compile(r"^\s*tcp-check\s+expect\s+r?string\s+\"?role:master", re.MULTILINE)


class Proxy(msgspec.Struct, frozen=True):
    """A proxy.

    Args:
        object: the workload that runs it.
        labels: of its pods.
        hosts: with their ports, as its pods resolve them.
        to_master: whether it asks each for its role and leads to the master.
    """

    object: Object
    labels: Mapping[str, str]
    hosts: tuple[tuple[str, int | None], ...]
    to_master: bool


def proxies_in(workloads: Iterable[Workload]) -> Iterator[Proxy]:
    """Those whose configuration is in a ConfigMap."""
    for workload in workloads:
        for container in workload.containers:
            if "haproxy" not in container.image.rpartition("/")[2]:
                continue
            for _, variable in mounted(container):
                text = variable.value or ""
                hosts = tuple(_hosts(text))
                if hosts:
                    master = _MASTER.search(text) is not None
                    yield Proxy(workload.object, workload.labels, hosts, master)


def _hosts(text: str) -> Iterator[tuple[str, int | None]]:
    for host, port in _SERVER.findall(text):
        # What a script fills in behind a dot is the cluster's domain.
        yield _OF_THE_SEARCH_LIST.sub("", host), int(port) if port else None
