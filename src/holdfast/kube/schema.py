"""The schema of a ``LaravelApp``: for editors as JSON Schema, for clusters as the CRD.

Both are made of the structs. What a CustomResourceDefinition may say is less (structural schemas:
kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions): no $ref,
no alternatives that only add null, no propertyNames, nothing of metadata but the name.
"""

from __future__ import annotations

from typing import Any

import msgspec

from holdfast.kube.app import Object
from holdfast.kube.refusals.gather import RULES
from holdfast.kube.spec.laravel_app import API_VERSION, KIND, LaravelApp

GROUP, VERSION = API_VERSION.split("/")
PLURAL = "laravelapps"

Schema = dict[str, Any]

_KEPT = (
    *("description", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum"),
    *("minItems", "maxItems", "maxProperties"),
)
_TYPES = {str: "string", int: "integer", bool: "boolean"}


def json_schema() -> Schema:
    """JSON Schema 2020-12, as msgspec makes it of the structs; refuses unknown keys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_made_by_msgspec(),
    }


def crd() -> Object:
    """The CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["lapp"],
                "categories": ["all", "holdfast"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": _columns(),
                    "schema": {"openAPIV3Schema": structural()},
                }
            ],
        },
    }


def structural() -> Schema:
    """The schema of the object as the API server takes it, with the refusals that CEL can say."""
    definitions: dict[str, Schema] = _made_by_msgspec()["$defs"]
    name = definitions["Metadata"]["properties"]["name"]
    root = definitions[KIND]
    return {
        "type": "object",
        "description": root["description"],
        "required": ["metadata", "spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string"} | _kept(name)},
            },
            "spec": _structural(definitions["Spec"], definitions),
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
        "x-kubernetes-validations": [
            {"rule": rule.cel, "message": rule.message, "fieldPath": rule.field} for rule in RULES
        ],
    }


def _made_by_msgspec() -> Schema:
    """As plain data: its defaults are what the structs have, tuples among them."""
    made: Schema = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(LaravelApp)))
    return made


def _columns() -> list[Schema]:
    columns = {
        "Host": ("string", "host"),
        "Driver": ("string", "session.driver"),
        "Min": ("integer", "web.min"),
        "Max": ("integer", "web.max"),
    }
    return [
        {"name": name, "type": kind, "jsonPath": f".spec.{path}"}
        for name, (kind, path) in columns.items()
    ] + [{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}]


def _structural(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """One node, with all below it.

    A field that may be absent or null has no ``nullable``: the API server takes a null out then,
    which is what it means here. Only where null says something else than absent it is kept.
    """
    schema = _resolved(schema, definitions)
    alternatives = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if alternatives:
        (only,) = alternatives
        made = _structural({**only, **_without(schema, "anyOf")}, definitions)
        return made | {"nullable": True} if schema.get("default") is not None else made
    made = {"type": schema.get("type") or _TYPES[type(schema["enum"][0])], **_kept(schema)}
    if properties := schema.get("properties"):
        made["properties"] = {
            name: _structural(one, definitions) for name, one in properties.items()
        }
        if schema["required"]:
            made["required"] = schema["required"]
    elif "items" in schema:
        made["items"] = _structural(schema["items"], definitions)
    elif made["type"] == "object":
        made |= _map(schema, definitions)
    if schema.get("default") is not None:
        made["default"] = _default(schema["default"], made)
    return made


def _resolved(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """With what it refers to in it; its own words win."""
    if "$ref" not in schema:
        return schema
    referred = definitions[schema["$ref"].rpartition("/")[2]]
    return {**referred, **_without(schema, "$ref")}


def _map(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """A mapping with keys of the user's: any values, or values of one kind."""
    values = schema.get("additionalProperties")
    if not values:
        return {"x-kubernetes-preserve-unknown-fields": True}
    made: Schema = {"additionalProperties": _structural(values, definitions)}
    if keys := schema.get("propertyNames"):
        kind = keys.get("title", f"text that matches {keys['pattern']}")
        made["x-kubernetes-validations"] = [
            {
                "rule": (
                    f"self.all(key, size(key) <= {keys['maxLength']}"
                    f" && key.matches('{keys['pattern']}'))"
                ),
                "message": f"keys are {kind}",
            }
        ]
    return made


def _default(value: Any, schema: Schema) -> Any:
    """Of a mapping, what its fields do not have by themselves: nulls, and their own defaults."""
    properties = schema.get("properties")
    if not isinstance(value, dict) or not properties:
        return value
    reduced = {
        name: _default(one, properties[name]) for name, one in value.items() if one is not None
    }
    return {
        name: one for name, one in reduced.items() if one != properties[name].get("default", None)
    }


def _kept(schema: Schema) -> Schema:
    return {name: schema[name] for name in _KEPT if name in schema}


def _without(schema: Schema, name: str) -> Schema:
    return {key: value for key, value in schema.items() if key != name}
