"""Random applications over every field of the specification.

``documents()`` are LaravelApps as a file would have them, of the right shape; most are refused for
what they say. ``valid_apps()`` are Apps that are not: what is refused is taken out of a document
until nothing is, so hardly anything is drawn in vain.

    @given(valid_apps())
    @settings(derandomize=True)
    def test_something(app): ...
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect
from msgspec.inspect import Type

from holdfast.kube.app import NEWEST, OLDEST, App
from holdfast.kube.expected import bare, nullable
from holdfast.kube.merge import merged
from holdfast.kube.needed import required
from holdfast.kube.refusals.gather import refusals
from holdfast.kube.shape import kind_of, wrong
from holdfast.kube.spec.edge import Edge, Mesh
from holdfast.kube.spec.laravel_app import LaravelApp, Spec
from holdfast.kube.spec.session import DynamoTable, ExternalServer, Store
from holdfast.kube.spec.storage import Uploads
from holdfast.kube.spec.words import Host, Image, Network, Quantity
from holdfast.kube.spec.workers import OtherRedis, ScaleOn

from .matching import matching


def _pattern(kind: Any) -> str:
    found, _ = bare(inspect.type_info(kind))
    return found.pattern


_ASCII = st.characters(min_codepoint=32, max_codepoint=126)
_ONE_OF: dict[type, tuple[str, ...]] = {
    Edge: ("ingress", "gateway"),
    Mesh: ("istio", "linkerd"),
    OtherRedis: ("external",),
    ScaleOn: ("jobs", "cpu"),
    Store: ("single", "sentinel", "operator", "external", "dynamodb"),
    Uploads: ("s3", "gcs", "azure", "volume"),
}
"""Mostly one of these fields: two are seldom right."""

_MOSTLY = st.sampled_from([True, True, False])
_SENSIBLE = {
    _pattern(Image): st.sampled_from(
        ["registry.example.com/shop:1.2.3", "a:5000/b@sha256:" + "0f" * 32, "a/b:c", "shop:latest"]
    ),
    _pattern(Quantity): st.sampled_from(["50m", "1", "0.5", "64Mi", "512Mi", "2Gi", "1T", "0.001"]),
    _pattern(Host): st.sampled_from(
        ["shop.example.com", "example.com", "www.shop.example.com", "a-b.example.org"]
    ),
    _pattern(Network): st.sampled_from(["10.1.0.0/16", "192.168.7.7/32", "fd00::/8", "0.0.0.0/0"]),
}
"""By their pattern: what random characters never say."""

_GIVES_AFFINITY = st.sampled_from(["nginx", "traefik", "haproxy", "alb"])
_CURES = {
    ("image",): ("", "image", "registry.example.com/shop:1.2.3"),
    ("web", "drain"): ("web", "drain", 60),
}
"""Values in place of some that are refused where they are absent, too."""

_HOST = {"host": "db.example.com", "network": "10.1.0.0/16"}
_FILES = {
    "session": {"driver": "file", "store": None, "affinity": None},
    "storage": {"uploads": {"volume": {"access": "ReadWriteOnce"}}},
    "web": {"min": 1, "max": None},
    "workers": [],
    "scheduler": None,
}
_JOBS = {"name": "jobs", "max": 5, "scaleOn": {"jobs": 10}}
_HORIZON = {"name": "horizon", "horizon": True, "queues": ["default"], "longestJob": 50}
_OTHER_REDIS = {
    "redis": {"external": _HOST},
    "queue": {"connection": "redis", "retryAfter": None},
    "session": {"driver": "database", "store": None, "connection": None},
    "database": {"driver": "mysql", **_HOST},
}
_FRAGMENTS: list[dict[str, Any]] = [
    *(
        {"session": {"driver": "redis", "store": {kind: {"replicas": 3}}, "connection": None}}
        for kind in ("sentinel", "operator")
    ),
    {"session": {"driver": "redis", "store": {"single": {"memory": "1Gi", "storage": "8Gi"}}}},
    _FILES,
    {**_FILES, "session": {}, "database": {"driver": "sqlite"}, "migrations": {}},
    {
        "workers": [_JOBS],
        "queue": {"connection": "database", "retryAfter": None},
        "database": {"driver": "pgsql", **_HOST},
    },
    {"workers": [{"name": "cpu", "max": 3, "scaleOn": {"cpu": 70}}], "queue": {"retryAfter": None}},
    {**_OTHER_REDIS, "workers": [_JOBS]},
    {**_OTHER_REDIS, "workers": [_HORIZON]},
    {"web": {"min": 2, "max": 9, "autoscale": {"cpu": 50, "busy": None}, "grace": None}},
    {"web": {"min": 2, "max": 9, "runtime": "fpm-nginx", "autoscale": {"busy": 60}}},
    *(
        {"web": {"runtime": "octane", "server": server, "grace": None, "health": "/up"}}
        for server in ("swoole", "roadrunner", "frankenphp")
    ),
    *(
        {
            "edge": {
                "ingress": None,
                "gateway": {
                    "controller": controller,
                    "channel": "experimental",
                    "className": "a",
                    **dict.fromkeys(("name", "namespace", "section", "version")),
                },
            }
        }
        for controller in ("envoy-gateway", "istio", "cilium", "traefik", "other")
    ),
    {"edge": {"gateway": None, "ingress": {"controller": "alb"}, "trustedProxies": ["10.0.0.0/8"]}},
    *(
        {"storage": {"uploads": {**dict.fromkeys(("s3", "gcs", "azure", "volume")), kind: bucket}}}
        for kind, bucket in (
            ("s3", {"bucket": "shop"}),
            ("gcs", {"bucket": "shop", "project": "my-project"}),
            ("azure", {"account": "shopfiles", "container": "files"}),
            ("volume", {"access": "ReadWriteMany", "storageClass": "efs"}),
        )
    ),
    {"mesh": {"istio": {"mode": "sidecar"}, "linkerd": None}},
    {"monitoring": {}},
]
"""What random choices seldom come to; put into a document as an environment's patch would be."""

_VALUE = "base64:" + "A" * 43 + "="
_NEEDED = ("image", "host", "secretName")
_CURIOUS = st.sampled_from(
    ["SESSION_DRIVER", "DB_PASSWORD", "APP_DEBUG", "APP_NAME", "REDIS_HOST", "ASSET_URL", "A"]
)
_MEANT = st.sampled_from(["true", "Shop", "${APP_NAME}", "redis://u:p@cache", "https://cdn/a", ""])


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Plain data of a kind; null where it may be."""
    bared, _ = bare(kind)
    strategy = _of(bared)
    return st.none() | strategy if nullable(kind) else strategy


def _of(kind: Type) -> st.SearchStrategy[Any]:
    match kind:
        case inspect.StructType():
            return _struct(kind)
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            least = kind.ge or 0
            usual = st.integers(least, min(least + 5, kind.le or least + 5))
            return usual | st.integers(kind.ge, kind.le)
        case inspect.StrType():
            return _text(kind)
        case inspect.VarTupleType():
            most = min(kind.max_length or 3, 3)
            return st.lists(values(kind.item_type), min_size=kind.min_length or 0, max_size=most)
        case inspect.DictType():
            return st.dictionaries(values(kind.key_type), values(kind.value_type), max_size=3)
    raise AssertionError(kind)


def _text(kind: inspect.StrType) -> st.SearchStrategy[str]:
    if kind.pattern in _SENSIBLE:
        return _SENSIBLE[kind.pattern]
    if kind.pattern is None:
        return st.text(_ASCII, min_size=kind.min_length or 0, max_size=20)
    return st.sampled_from(matching(kind.pattern, kind.min_length or 0, kind.max_length or 10_000))


def _struct(kind: inspect.StructType) -> st.SearchStrategy[dict[str, Any]]:
    fields = {field.encode_name: field for field in kind.fields}
    apart = {"environments", "config", "status"} if kind.cls in (Spec, LaravelApp) else set()
    drawn = {name: values(field.type) for name, field in fields.items() if name not in apart}
    if kind.cls is Spec:
        drawn["config"] = st.dictionaries(_CURIOUS, _MEANT, max_size=3)
    needed = {name: strategy for name, strategy in drawn.items() if fields[name].required}
    optional = {name: strategy for name, strategy in drawn.items() if name not in needed}
    return _mapping(needed, optional, _ONE_OF.get(kind.cls, ()))


@st.composite
def _mapping(
    draw: st.DrawFn,
    needed: dict[str, st.SearchStrategy[Any]],
    optional: dict[str, st.SearchStrategy[Any]],
    one_of: tuple[str, ...],
) -> dict[str, Any]:
    value = {name: draw(strategy) for name, strategy in needed.items()}
    chosen = draw(st.sampled_from([*one_of, *one_of, None])) if one_of else None
    for name, strategy in optional.items():
        if name == chosen or (name not in one_of and draw(_MOSTLY)):
            value[name] = draw(strategy)
    return value


_DOCUMENTS = values(kind_of(LaravelApp))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """What a file has, of the right shape."""
    return copy.deepcopy(draw(_DOCUMENTS))  # hypothesis hands the same parts out again


@st.composite
def valid_apps(draw: st.DrawFn) -> App:
    """Applications that are rendered."""
    document = draw(documents())
    kubernetes = draw(st.integers(OLDEST, NEWEST))
    secret = draw(st.booleans())
    for fragment in draw(st.lists(st.sampled_from(_FRAGMENTS), max_size=3)):
        document["spec"] = copy.deepcopy(merged(document["spec"], fragment))
    spec = document["spec"]
    if draw(st.integers(0, 3)) == 3:
        _make_alone(spec)
    _fit(spec.get("session") or {}, draw)
    if (spec.get("session") or {}).get("affinity") and draw(st.booleans()):
        spec["edge"] = {"ingress": {"controller": draw(_GIVES_AFFINITY)}}
    while paths := [one.path for one in refusals(_app(document, kubernetes, secret))]:
        _take_out(spec, paths)
    return _app(document, kubernetes, secret)


def _fit(session: dict[str, Any], draw: st.DrawFn) -> None:
    """A store that its driver can use."""
    match session.get("driver"):
        case "memcached":
            session["store"] = {"external": draw(values(kind_of(ExternalServer)))}
        case "dynamodb":
            session["store"] = {"dynamodb": draw(values(kind_of(DynamoTable)))}
        case "database" | "cookie" | "file":
            session.pop("store", None)


def _make_alone(spec: dict[str, Any]) -> None:
    """One pod: some drivers allow no more."""
    spec.setdefault("web", {})["min"] = 1
    spec["web"].pop("max", None)
    for name in ("workers", "scheduler"):
        spec.pop(name, None)


def _take_out(spec: dict[str, Any], paths: Iterable[tuple[str | int, ...]]) -> None:
    """What is refused first and is there; where it is an absence, the first section that is there.

    Of what is needed in its place (a group's name) the whole goes.
    """
    for path in paths:
        if path in _CURES:
            section, name, value = _CURES[path]
            (spec.setdefault(section, {}) if section else spec)[name] = value
            return
        for length in range(len(path), 0, -1):
            rest = copy.deepcopy(spec)
            if path[0] not in _NEEDED and _drop(rest, path[:length]) and _is_right(rest):
                spec.clear()
                spec.update(rest)
                return
    del spec[min(spec.keys() - set(_NEEDED))]


def _drop(value: Any, path: tuple[str | int, ...]) -> bool:
    """Take out what is at a path; whether there was something."""
    *above, last = path
    for step in above:
        if not _has(value, step):
            return False
        value = value[step]
    if _has(value, last):
        del value[last]
        return True
    return False


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _is_right(spec: dict[str, Any]) -> bool:
    return not any(wrong(spec, kind_of(Spec)))


def _app(document: dict[str, Any], kubernetes: int, secret: bool) -> App:
    read = msgspec.convert(document, LaravelApp)
    app = App(
        name=read.metadata.name,
        spec=read.spec,
        namespace=read.metadata.namespace,
        labels=read.metadata.labels,
        kubernetes=kubernetes,
    )
    return replace(app, secret=dict.fromkeys(required(app), _VALUE)) if secret else app
