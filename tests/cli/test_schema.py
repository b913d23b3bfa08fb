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


@pytest.mark.parametrize("format", ["crd", "json-schema"])
@pytest.mark.parametrize("there", ["crd", "json-schema", None])
def test_a_schema_takes_the_place_of_a_schema(holdfast, tmp_path, format, there):
    file = tmp_path / "schema"
    if there is None:
        file.touch()
    else:
        holdfast("schema", "--format", there, "-o", str(file))
    assert holdfast("schema", "--format", format, "-o", str(file)).status == 0
    assert file.read_text() == holdfast("schema", "--format", format).out


@pytest.mark.parametrize(
    "text",
    [
        "# yaml-language-server: $schema=laravelapp.schema.json\nkind: LaravelApp\n",
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n",
        '{\n  "$schema": "https://json-schema.org/draft/2020-12/schema"}',
    ],
)
def test_another_file_is_left(holdfast, tmp_path, text):
    file = tmp_path / "app.yaml"
    file.write_text(text)
    ended = holdfast("schema", "-o", str(file))
    assert ended.status == 2
    assert "is no schema of a LaravelApp" in ended.err
    assert file.read_text() == text


def test_a_link_is_not_followed(holdfast, tmp_path):
    (tmp_path / "crd.yaml").symlink_to("elsewhere.yaml")
    assert holdfast("schema", "-o", str(tmp_path / "crd.yaml")).status == 2
    assert not (tmp_path / "elsewhere.yaml").exists()
