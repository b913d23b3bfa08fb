"""`holdfast schema` as a person types it."""

from __future__ import annotations

import json

import pytest
import yaml

from holdfast.kube.schema import crd, json_schema


def test_a_cluster_is_given_the_definition(holdfast):
    ended = holdfast("schema")
    assert (ended.status, ended.err) == (0, "")
    assert yaml.safe_load(ended.out) == crd()


def test_an_editor_is_given_json_schema(holdfast):
    ended = holdfast("schema", "--format", "json-schema")
    assert json.loads(ended.out) == json_schema()
    assert ended.out.endswith("}\n")


@pytest.mark.parametrize("option", ["-o", "--output"])
def test_into_a_file(holdfast, tmp_path, option):
    file = tmp_path / "crd.yaml"
    ended = holdfast("schema", option, str(file))
    assert (ended.status, ended.out, ended.err) == (0, "", "")
    assert yaml.safe_load(file.read_text()) == crd()


def test_where_no_file_can_be(holdfast, tmp_path):
    ended = holdfast("schema", "-o", str(tmp_path / "none" / "crd.yaml"))
    assert (ended.status, ended.out) == (3, "")
    assert "cannot write" in ended.err


def test_a_directory_is_no_file(holdfast, tmp_path):
    assert holdfast("schema", "-o", str(tmp_path)).status == 3


def test_another_format(holdfast):
    ended = holdfast("schema", "--format", "openapi")
    assert ended.status == 2
    assert "json-schema" in ended.err
