"""The same rendering as a base, components and an overlay for each environment.

The base is the application without its optional parts, a component is what one of these adds, an
overlay is the base, its components and the rest: what it builds is what ``render --env`` writes,
object for object. Patches are JSON 6902, since only these say exactly what a list becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from msgspec import structs

from holdfast.kube.app import App
from holdfast.kube.emit import block, emit
from holdfast.kube.files import files
from holdfast.kube.layer import Layer, Objects, between, by_identity, over
from holdfast.kube.patch import Operation
from holdfast.kube.render import render
from holdfast.kube.spec.laravel_app import Spec
from holdfast.kube.spec.workers import ScaleOn

ALONE = "default"
"""The overlay of an application without environments."""

_Part: TypeAlias = Callable[[Spec, Spec], Spec]


def kustomized(app: App, environments: Mapping[str, App]) -> dict[str, str]:
    """Path and text of each file.

    Args:
        app: as it is without an environment.
        environments: by name; without any there is one overlay, ``default``.
    """
    bare = replace(app, spec=_without_parts(app.spec))
    base = _objects(bare)
    made = _base(bare)
    sources = [app, *environments.values()]
    components: dict[str, Layer] = {}
    for name in _PARTS:
        if found := _component(bare, name, sources):
            components[name] = found
            made |= _directory(f"components/{name}", _COMPONENT, found)
    for name, wanted in (environments or {ALONE: app}).items():
        made |= _overlay(f"overlays/{name}", base, components, wanted)
    return made


def _mesh(bare: Spec, wanted: Spec) -> Spec:
    return structs.replace(bare, mesh=wanted.mesh)


def _monitoring(bare: Spec, wanted: Spec) -> Spec:
    return structs.replace(bare, monitoring=wanted.monitoring)


def _keda(bare: Spec, wanted: Spec) -> Spec:
    scaled = {worker.name: worker for worker in wanted.workers if worker.scale_on.jobs}
    workers = tuple(
        structs.replace(worker, scale_on=scaled[worker.name].scale_on, max=scaled[worker.name].max)
        if worker.name in scaled
        else worker
        for worker in bare.workers
    )
    return structs.replace(bare, workers=workers)


_PARTS: dict[str, _Part] = {"keda": _keda, "monitoring": _monitoring, "mesh": _mesh}
"""What clusters have or do not have: how a specification without it gets it as another one has."""


def _without_parts(spec: Spec) -> Spec:
    workers = tuple(
        structs.replace(worker, scale_on=ScaleOn(), max=None) if worker.scale_on.jobs else worker
        for worker in spec.workers
    )
    return structs.replace(spec, mesh=None, monitoring=None, workers=workers)


def _component(bare: App, part: str, sources: list[App]) -> Layer | None:
    """What a part adds to the base, as the first that has it wants it."""
    for source in sources:
        spec = _PARTS[part](bare.spec, source.spec)
        if spec != bare.spec:
            return between(_objects(bare), _objects(replace(bare, spec=spec)))
    return None


def _base(bare: App) -> dict[str, str]:
    made = {f"base/{path}": text for path, text in files(render(bare)).items()}
    resources = [path.removeprefix("base/") for path in made]
    return made | {"base/kustomization.yaml": emit([_KUSTOMIZATION | {"resources": resources}])}


def _overlay(
    directory: str, base: Objects, components: Mapping[str, Layer], wanted: App
) -> dict[str, str]:
    """The base, the components that fit, and what is left to be changed then."""
    reached, used = base, []
    for name, layer in components.items():
        if _PARTS[name](_without_parts(wanted.spec), wanted.spec) == _without_parts(wanted.spec):
            continue
        try:
            reached = over(reached, layer)
        except LookupError:  # it meets another component: the rest does its work
            continue
        used.append(f"../../components/{name}")
    rest = between(reached, _objects(wanted))
    head = _KUSTOMIZATION | {"resources": ["../../base"]}
    return _directory(directory, head | ({"components": used} if used else {}), rest)


def _directory(directory: str, head: Mapping[str, Any], layer: Layer) -> dict[str, str]:
    """A kustomization, and beside it the objects that it adds."""
    made = {}
    kustomization = dict(head)
    if layer.added:
        made[f"{directory}/resources.yaml"] = emit(layer.added)
        kustomization["resources"] = [*head.get("resources", ()), "resources.yaml"]
    patches = [
        *({"patch": block(_deletion(one))} for one in layer.removed),
        *(
            {"patch": _text(operations), "target": _target(one)}
            for one, operations in layer.patched
        ),
    ]
    if patches:
        kustomization["patches"] = patches
    return made | {f"{directory}/kustomization.yaml": emit([kustomization])}


def _text(operations: list[Operation]) -> str:
    """A patch, whose last value keeps its end although kustomize trims patches.

    kustomize v5.5.0, plugin/builtin/patchtransformer/PatchTransformer.go, Config.
    """
    last: Any = operations[-1].get("value")
    while isinstance(last, dict | list) and last:
        last = last[max(last)] if isinstance(last, dict) else last[-1]
    trimmed = isinstance(last, str) and last.endswith("\n")
    return block(operations) + ("# keeps the last line's end\n" if trimmed else "")


def _deletion(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$patch": "delete",
        "apiVersion": one["apiVersion"],
        "kind": one["kind"],
        "metadata": {
            key: one["metadata"][key] for key in ("name", "namespace") if key in one["metadata"]
        },
    }


def _target(one: Mapping[str, Any]) -> dict[str, str]:
    return {"kind": one["kind"], "name": one["metadata"]["name"]}


def _objects(app: App) -> Objects:
    return by_identity(one for some in render(app).objects.values() for one in some)


_KUSTOMIZATION = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
_COMPONENT = {"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
