"""What no schema sees: names that lead nowhere, and what an API server checks by code.

Source of the second: k8s.io/kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from holdfast.kube.app import App, Object

_SERVICE = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT = re.compile(r"(?=.*[a-z])[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_WORKLOADS = {"Deployment", "StatefulSet", "Job", "CronJob"}
_SCALED = {"Deployment", "StatefulSet"}


def inconsistencies(objects: Iterable[Object], app: App) -> list[str]:
    """What an API server or a controller would refuse or wait for, for ever."""
    objects = list(objects)
    names = {(one["kind"], one["metadata"]["name"]) for one in objects}
    names |= {("Secret", app.spec.secret_name)} if app.secret is None else set()
    found: list[str] = []
    for one in objects:
        who = f"{one['kind']} {one['metadata']['name']}"
        found += [f"{who}: {problem}" for problem in _of(one, objects, names, app)]
    return found


def pod_templates(objects: Iterable[Object]) -> Iterator[tuple[Object, Object]]:
    """Each workload with the template of its pods."""
    for one in objects:
        if one["kind"] in _WORKLOADS:
            spec = one["spec"]
            spec = spec["jobTemplate"]["spec"] if one["kind"] == "CronJob" else spec
            yield one, spec["template"]


def _of(one: Object, objects: list[Object], names: set[tuple[str, str]], app: App) -> Iterator[str]:
    if one["metadata"].get("namespace") != app.namespace and one["kind"] != "Namespace":
        yield f"is in {one['metadata'].get('namespace')}"
    match one["kind"]:
        case "Deployment" | "StatefulSet" | "Job" | "CronJob":
            ((_, template),) = pod_templates([one])
            yield from _pod(one, template, names)
            if one["kind"] in _SCALED and not _selects(one["spec"]["selector"], template):
                yield "its selector does not match its pods"
        case "Service":
            yield from _service(one, objects)
        case "PodDisruptionBudget":
            if not any(_selects(one["spec"]["selector"], pod) for _, pod in pod_templates(objects)):
                yield "selects no pod"
        case "HorizontalPodAutoscaler" | "ScaledObject":
            target = one["spec"].get("scaleTargetRef", {})
            if (target.get("kind", "Deployment"), target["name"]) not in names:
                yield f"scales {target['name']}, which is not there"
        case "Ingress":
            for rule in one["spec"].get("rules", ()):
                for path in rule["http"]["paths"]:
                    service = path["backend"]["service"]
                    if (
                        "name" in service.get("port", {})
                        and service["port"]["name"] == "use-annotation"
                    ):
                        continue
                    yield from _backend(service["name"], service["port"], objects)


def _selects(selector: Object, template: Object) -> bool:
    labels = template["metadata"]["labels"]
    return selector["matchLabels"].items() <= labels.items()


def _pod(one: Object, template: Object, names: set[tuple[str, str]]) -> Iterator[str]:
    spec = template["spec"]
    containers = [*spec.get("initContainers", ()), *spec["containers"]]
    called = [container["name"] for container in containers]
    if len(set(called)) != len(called):
        yield f"containers of one name: {called}"
    if ("ServiceAccount", spec.get("serviceAccountName")) not in names:
        yield f"no account {spec.get('serviceAccountName')}"
    volumes = [volume["name"] for volume in spec.get("volumes", ())]
    if len(set(volumes)) != len(volumes):
        yield f"volumes of one name: {volumes}"
    claims = one["spec"].get("volumeClaimTemplates", ())
    volumes += [claim["metadata"]["name"] for claim in claims]
    for volume in spec.get("volumes", ()):
        for kind, key in (("ConfigMap", "configMap"), ("Secret", "secret")):
            source = volume.get(key, {})
            name = source.get("name") or source.get("secretName")
            if name and (kind, name) not in names and not source.get("optional"):
                yield f"volume {volume['name']}: no {kind} {name}"
    mounted: set[str] = set()
    for container in containers:
        yield from _container(container, volumes, names)
        mounted |= {mount["name"] for mount in container.get("volumeMounts", ())}
    if unused := set(volumes) - mounted:
        yield f"volumes that nobody mounts: {sorted(unused)}"
    yield from _ports(spec)


def _container(container: Object, volumes: list[str], names: set[tuple[str, str]]) -> Iterator[str]:
    who = container["name"]
    paths = [mount["mountPath"] for mount in container.get("volumeMounts", ())]
    if len(set(paths)) != len(paths):
        yield f"{who}: mounts at one path: {paths}"
    for mount in container.get("volumeMounts", ()):
        if mount["name"] not in volumes:
            yield f"{who}: no volume {mount['name']}"
        if ":" in mount["mountPath"] or ".." in mount["mountPath"].split("/"):
            yield f"{who}: mounts at {mount['mountPath']}"
    variables = [variable["name"] for variable in container.get("env", ())]
    if len(set(variables)) != len(variables):
        yield f"{who}: variables twice: {variables}"
    for variable in container.get("env", ()):
        if not _VARIABLE.fullmatch(variable["name"]):
            yield f"{who}: no name of a variable: {variable['name']}"
        for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            source = variable.get("valueFrom", {}).get(key)
            if source and (kind, source["name"]) not in names and not source.get("optional"):
                yield f"{who}: no {kind} {source['name']}"
    for source in container.get("envFrom", ()):
        for key, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            if key in source and (kind, source[key]["name"]) not in names:
                yield f"{who}: no {kind} {source[key]['name']}"


def _ports(spec: Object) -> Iterator[str]:
    ports = [port for one in spec["containers"] for port in one.get("ports", ())]
    for key in ("name", "containerPort"):
        seen = [port[key] for port in ports if key in port]
        if len(set(seen)) != len(seen):
            yield f"ports of one {key}: {seen}"
    for port in ports:
        if "name" in port and not _PORT.fullmatch(port["name"]):
            yield f"no name of a port: {port['name']}"
    for container in spec["containers"]:
        known = {port.get("name") for port in container.get("ports", ())}
        for kind in ("livenessProbe", "readinessProbe", "startupProbe"):
            for action in ("httpGet", "tcpSocket"):
                port = container.get(kind, {}).get(action, {}).get("port")
                if isinstance(port, str) and port not in known:
                    yield f"{container['name']}: {kind} asks port {port}, which it does not have"


def _service(one: Object, objects: list[Object]) -> Iterator[str]:
    if not _SERVICE.fullmatch(one["metadata"]["name"]):
        yield "is no name of a Service"
    selector = one["spec"].get("selector")
    if not selector:
        return
    pods = [
        pod["spec"]
        for _, pod in pod_templates(objects)
        if selector.items() <= pod["metadata"]["labels"].items()
    ]
    if not pods and not _by_operator(objects):
        yield "selects no pod"
    for port in one["spec"]["ports"]:
        target = port.get("targetPort", port["port"])
        for pod in pods:
            if isinstance(target, str) and target not in _port_names(pod):
                yield f"leads to port {target}, which its pods do not have"


def _by_operator(objects: list[Object]) -> bool:
    return any(one["kind"].startswith("Redis") for one in objects)


def _port_names(pod: Object) -> set[Any]:
    return {
        port.get("name") for container in pod["containers"] for port in container.get("ports", ())
    }


def _backend(name: str, port: Object, objects: list[Object]) -> Iterator[str]:
    services = [
        one for one in objects if one["kind"] == "Service" and one["metadata"]["name"] == name
    ]
    if not services:
        yield f"leads to Service {name}, which is not there"
    for service in services:
        ports = service["spec"]["ports"]
        if not any(
            port.get("name") == one.get("name") or port.get("number") == one["port"]
            for one in ports
        ):
            yield f"leads to port {port} of {name}, which it does not have"
