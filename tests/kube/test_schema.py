"""The CustomResourceDefinition: an API server takes it, and it says what we say."""

from __future__ import annotations

import copy
import json
import re

import cel
import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from holdfast.kube.app import App
from holdfast.kube.refusals.gather import RULES
from holdfast.kube.schema import crd, json_schema, structural
from holdfast.kube.spec.laravel_app import LaravelApp

from . import (
    test_edge_refusals,
    test_network,
    test_refusals_session,
    test_refusals_web,
    test_session_store,
    test_storage,
    test_workers_refused,
)
from .conftest import IMAGE
from .schemas import MINORS, problems
from .specs import documents

CRD = crd()
ROOT = structural()
FEW = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=list(HealthCheck),
)


def nodes(schema, path="$"):
    """Each node that is a schema, with its path."""
    yield path, schema
    for name, one in schema.get("properties", {}).items():
        yield from nodes(one, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if part in schema:
            yield from nodes(schema[part], f"{path}.{part}")


def defaulted(value, schema):
    """As the API server has it before it validates: without nulls, with defaults.

    Source: kubernetes.io, «Defaulting and Nullable» of custom resource definitions.
    """
    if isinstance(value, list):
        return [defaulted(one, schema["items"]) for one in value]
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    kept = {
        name: one
        for name, one in value.items()
        if one is not None or fields.get(name, {}).get("nullable")
    }
    for name, field in fields.items():
        if name not in kept and "default" in field:
            kept[name] = copy.deepcopy(field["default"])
    of_all = schema.get("additionalProperties", {})
    return {name: defaulted(one, fields.get(name, of_all)) for name, one in kept.items()}


class TestTheDefinition:
    @pytest.mark.parametrize("minor", MINORS)
    def test_kubernetes_own_schema_takes_it(self, minor):
        assert problems(CRD, minor) == []

    def test_it_is_plain_and_the_same_each_time(self):
        assert json.dumps(crd()) == json.dumps(CRD)
        crd()["spec"]["group"] = "x"
        assert crd() == CRD

    def test_its_name_is_plural_and_group(self):
        names = CRD["spec"]["names"]
        assert CRD["metadata"]["name"] == f"{names['plural']}.{CRD['spec']['group']}"
        assert (names["kind"], names["listKind"]) == ("LaravelApp", "LaravelAppList")
        assert (names["singular"], names["shortNames"]) == ("laravelapp", ["lapp"])

    def test_people_see_what_counts(self):
        (version,) = CRD["spec"]["versions"]
        columns = {one["name"]: one["jsonPath"] for one in version["additionalPrinterColumns"]}
        assert list(columns) == ["Host", "Driver", "Min", "Max", "Age"]
        properties = ROOT["properties"]
        assert columns.pop("Age") == ".metadata.creationTimestamp"
        for path in columns.values():
            where = properties
            for step in path[1:].split("."):
                where = where[step].get("properties", {}) if where is properties else where[step]
                where = where.get("properties", where)
        assert version["subresources"] == {"status": {}}
        assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)


class TestStructural:
    """The rules of structural schemas (kubernetes.io, custom resource definitions)."""

    KEYWORDS = frozenset(
        (
            *("type", "description", "properties", "required", "items", "additionalProperties"),
            *("enum", "default", "nullable", "pattern", "minLength", "maxLength", "minimum"),
            *("maximum", "minItems", "maxItems", "maxProperties"),
            *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
        )
    )

    def test_every_node_has_a_type_and_no_word_that_is_not_allowed(self):
        for path, node in nodes(ROOT):
            assert node.get("type") in {"object", "array", "string", "integer", "boolean"}, path
            assert node.keys() <= self.KEYWORDS, path

    def test_of_properties_and_additional_ones_there_is_one(self):
        for path, node in nodes(ROOT):
            assert not {"properties", "additionalProperties"} <= node.keys(), path
            if node["type"] == "array":
                assert node["items"]["type"], path
            if node["type"] == "object" and path != "$.metadata":
                kinds = {"properties", "additionalProperties"} & node.keys()
                assert kinds or node["x-kubernetes-preserve-unknown-fields"] or node == {}, path

    def test_what_is_required_is_there(self):
        for path, node in nodes(ROOT):
            assert set(node.get("required", ())) <= node.get("properties", {}).keys(), path

    def test_of_metadata_only_the_name_is_restricted(self):
        assert ROOT["properties"]["metadata"].keys() == {"type", "properties"}
        assert ROOT["properties"]["metadata"]["properties"].keys() == {"name"}

    def test_defaults_are_valid_where_they_stand(self):
        for path, node in nodes(ROOT):
            if "default" in node:
                jsonschema_rs.validate(node, defaulted(node["default"], node)), path

    def test_null_is_kept_only_where_it_says_something(self):
        kept = [path for path, node in nodes(ROOT) if node.get("nullable")]
        assert kept == ["$.spec.migrations"]

    def test_whatever_a_rule_goes_through_has_an_end(self):
        # The API server estimates what a rule costs at most, and refuses one without a limit.
        for path, node in nodes(ROOT):
            if "x-kubernetes-validations" in node and path != "$":
                assert node["maxProperties"] <= 200, path
        spec = ROOT["properties"]["spec"]["properties"]
        assert spec["aliases"]["maxItems"] == 100
        assert spec["config"]["additionalProperties"]["maxLength"] == 8192

    def test_everything_has_a_description_or_speaks_for_itself(self):
        assert ROOT["properties"]["spec"]["properties"]["host"]["description"]
        assert all(node["description"] for _, node in nodes(ROOT) if "description" in node)

    def test_patterns_mean_the_same_to_every_engine(self):
        # Python's, the API server's RE2, an editor's: no escapes, no looking around, both ends.
        patterns = {node["pattern"]: path for path, node in nodes(ROOT) if "pattern" in node}
        assert len(patterns) > 20
        for pattern, path in patterns.items():
            assert pattern.startswith("^"), path
            assert pattern.endswith("$"), path
            assert "\\" not in pattern, path
            assert "(?" not in pattern, path

    def test_unknown_parts_are_kept_where_they_are_somebody_elses(self):
        spec = ROOT["properties"]["spec"]["properties"]
        patch = spec["environments"]["additionalProperties"]
        assert patch == {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        assert ROOT["properties"]["status"]["x-kubernetes-preserve-unknown-fields"]


class TestRules:
    def test_their_fields_are_there(self):
        for rule in RULES:
            where = ROOT
            for step in rule.field[1:].split("."):
                where = where["properties"][step]
            assert where["type"], rule.field

    def test_their_messages_are_lines(self):
        rules = ROOT["x-kubernetes-validations"]
        assert len(rules) == len(RULES) == len({one["message"] + one["rule"] for one in rules})
        assert all(0 < len(one["message"]) <= 2048 and "\n" not in one["message"] for one in rules)

    @given(documents())
    @FEW
    def test_the_server_refuses_what_the_file_is_refused_for(self, document):
        read = msgspec.convert(document, LaravelApp)
        app = App(name=read.metadata.name, spec=read.spec)
        known = defaulted(document, ROOT)
        for rule, program in PROGRAMS:
            refused = list(rule.refused(app))
            assert program.execute({"self": known}) is not bool(refused), (rule.cel, refused)

    @pytest.mark.parametrize("index", range(len(RULES)))
    def test_each_has_an_application_that_it_refuses(self, index):
        # Random applications meet most of them; here each one, for certain.
        rule, program = PROGRAMS[index]
        found = [one for one in _BREAKING if list(rule.refused(_app(one)))]
        assert found, rule.message
        for one in found:
            assert program.execute({"self": defaulted(_document(one), ROOT)}) is False

    def test_no_pattern_costs_more_than_the_server_takes(self):
        # cel-go, checker/cost.go: 0.1 a byte of text times 0.25 a byte of pattern; an API server
        # counts four bytes a character, and takes 10 million a rule (apiextensions' limits).
        texts = 200 * 8192 * 4 * 0.1
        for rule, _ in PROGRAMS:
            of_values = re.findall(r"self.spec.config\[k\].matches\('(.*?)'\)", rule.cel)
            assert sum(texts * len(pattern) * 0.25 for pattern in of_values) < 10_000_000

    def test_keys_are_what_they_may_be(self):
        checks = [
            (path, one)
            for path, node in nodes(ROOT)
            if path != "$"
            for one in node.get("x-kubernetes-validations", ())
        ]
        assert {path for path, _ in checks} == {
            "$.spec.config",
            "$.spec.edge.ingress.annotations",
            "$.spec.environments",
            "$.spec.monitoring.labels",
        }
        program = cel.compile(dict(checks)["$.spec.config"]["rule"])
        assert program.execute({"self": {"A_1": "x"}}) is True
        assert program.execute({"self": {"A-1": "x"}}) is False
        assert program.execute({"self": {"A" * 129: "x"}}) is False


PROGRAMS = [(rule, cel.compile(rule.cel)) for rule in RULES]


def _document(spec, name="shop-of-the-north"):
    """Args: what stands below ``spec``; ``name`` is the application's."""
    name = spec.get("name", name)
    spec = {key: value for key, value in spec.items() if key != "name"}
    smallest = {"image": IMAGE, "host": "shop.example.com", "secretName": "shop-env"}
    return {
        "apiVersion": "holdfast.dev/v1alpha1",
        "kind": "LaravelApp",
        "metadata": {"name": name},
        "spec": smallest | spec,
    }


def _app(spec):
    read = msgspec.convert(_document(spec), LaravelApp)
    return App(name=read.metadata.name, spec=read.spec)


REDIS = {"redis": {"external": {"host": "10.1.2.3"}}, "session": {"driver": "cookie"}}
SQS = {"queue": {"connection": "sqs"}}
WORKER = {"name": "a"}


def _of_worker(**worker):
    return {"workers": [WORKER | worker]} | REDIS


_BREAKING = [
    *(spec for _, _, spec, *_ in test_refusals_session.REFUSED),
    *({"config": {name: value}} for name, value, *_ in test_refusals_session.CONFIG),
    *(spec for _, spec, *_ in test_refusals_web.REFUSED),
    *test_workers_refused.BREAKING,
    *(spec for spec, *_ in test_edge_refusals.REFUSED.values()),
    *(spec for spec, *_ in test_storage.REFUSED.values()),
    *(spec for spec, _ in test_session_store.REFUSED),
    *({**spec, "network": {"egress": []}} for spec, _ in test_network.REFUSED),
    {"redis": {}},
    {"redis": {"external": {"host": "10.1.2.3"}}},
    {"queue": {"connection": "redis"}},
    {"queue": {"connection": "redis"}, "session": {"driver": "cookie"}},
    SQS,
    {"queue": {"connection": "sqs", "sqsQueueUrl": "https://example.com/1/jobs"}},
    {"cache": {"store": "redis"}},
    {"cache": {"store": "redis"}, "session": {"driver": "cookie"}},
    {
        "cache": {"store": "memcached"},
        "session": {"driver": "memcached", "store": {"external": {"host": "m"}}},
    },
    {"cache": {"store": "memcached"}},
    {"cache": {"store": "array"}, "scheduler": {}, "web": {"min": 1}},
    {"workers": [WORKER, WORKER]},
    _of_worker(name="a" * 40),
    _of_worker(grace=1),
    _of_worker(longestJob=600) | {"laravel": 10},
    _of_worker(max=5),
    _of_worker(max=5, scaleOn={"jobs": 1, "cpu": 1}),
    _of_worker(min=0),
    {"workers": [WORKER | {"max": 5, "scaleOn": {"jobs": 1}}]},
    {"workers": [WORKER | {"horizon": True}]},
    _of_worker(horizon=True, max=5, scaleOn={"jobs": 1}),
    _of_worker(horizon=True, queues=["b"]),
    {"mesh": {}},
    {"mesh": {"istio": {}, "linkerd": {}}},
    {"mesh": {"istio": {"mode": "ambient", "revision": "a"}}},
]
"""Each rule is broken by one at least."""


class TestDefaults:
    @given(documents())
    @FEW
    def test_what_the_server_puts_in_is_what_we_mean(self, document):
        known = defaulted(document, ROOT)
        assert msgspec.convert(known, LaravelApp) == msgspec.convert(document, LaravelApp)

    @given(documents())
    @FEW
    def test_the_server_takes_what_we_take(self, document):
        known = defaulted(document, ROOT)
        assert list(SERVER.iter_errors(known)) == []


def _with_null(schema):
    """OpenAPI's ``nullable`` in the words of JSON Schema."""
    if isinstance(schema, list):
        return [_with_null(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _with_null(one) for name, one in schema.items() if name != "nullable"}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


SERVER = jsonschema_rs.validator_for(_with_null(ROOT))


class TestForEditors:
    EDITOR = jsonschema_rs.validator_for(json_schema())

    @given(documents())
    @FEW
    def test_it_takes_what_we_take(self, document):
        assert list(self.EDITOR.iter_errors(document)) == []

    @pytest.mark.parametrize(
        "spec",
        [{"web": {"mim": 1}}, {"web": {"min": 0}}, {"config": {"A": 1}}, {"host": "A b"}],
    )
    def test_it_marks_what_we_refuse(self, spec):
        assert not self.EDITOR.is_valid(_document(spec))
        assert self.EDITOR.is_valid(_document({}))

    def test_it_says_which_dialect(self):
        assert json_schema()["$schema"].endswith("2020-12/schema")
