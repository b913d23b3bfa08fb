"""What pipelines run, and where that stands."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.sources import ci
from holdfast.check.sources.ci import System


def rows(name: str, text: str):
    system = ci.system_of(PurePath(name))
    return [
        (step.name, " ".join(map(str, c.values())), c.place.line, c.place.column)
        for step in ci.steps(text.encode(), name, system)
        for c in step.script.commands
    ]


def test_github():
    text = """\
on: push
jobs:
  deploy:
    steps:
      - uses: a/b
      - run: a
      - name: x
        run: |
          b c
          if d; then
            e
          fi
      - run: "f g"
      - run: >-
          h
          i
      - shell: pwsh
        run: j
"""
    assert rows(".github/workflows/a.yml", text) == [
        ("deploy", "a", 6, 14), ("deploy", "b c", 9, 11), ("deploy", "d", 10, 14),
        ("deploy", "e", 11, 13), ("deploy", "f g", 13, 15), ("deploy", "h i", 14, 14),
    ]  # fmt: skip


def test_gitlab():
    text = (
        "before_script: [a]\nx:\n  script:\n    - b\n    - [c, d]\n  only: [e]\nvariables: {f: g}\n"
    )
    assert rows(".gitlab-ci.yml", text) == [
        ("before_script", "a", 1, 17), ("x", "b", 4, 7), ("x", "c", 5, 8), ("x", "d", 5, 11),
    ]  # fmt: skip


def test_others():
    bitbucket = "pipelines:\n  default:\n    - step:\n        script:\n          - a\n"
    assert rows("bitbucket-pipelines.yml", bitbucket) == [("", "a", 5, 13)]
    azure = "stages:\n- jobs:\n  - steps:\n    - script: a\n    - bash: b\n    - task: X@1\n"
    assert rows("azure-pipelines.yml", azure) == [("", "a", 4, 15), ("", "b", 5, 13)]
    circle = (
        "jobs:\n  x:\n    steps:\n      - checkout\n      - run: a\n      - run: {command: b}\n"
    )
    assert rows(".circleci/config.yml", circle) == [("x", "a", 5, 14), ("x", "b", 6, 24)]


def test_composer():
    text = '{"scripts": {"a": ["@php artisan x", "@b", "App\\\\C::d"], "e": "f g"}}'
    assert [row[:2] for row in rows("composer.json", text)] == [
        ("a", "@php artisan x"), ("e", "f g"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["a.yml", "workflows/a.yml", "config.yml", ".github/a.yml"])
def test_other_files(name):
    assert ci.system_of(PurePath(name)) is None


@given(st.binary(max_size=200), st.sampled_from(System))
def test_it_never_raises(data, system):
    ci.steps(data, "x", system)


WORD = st.recursive(
    st.sampled_from(["run", "a b", "", "'", 1, None, "script"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["jobs", "run", "script", "scripts", "x"]), below, max_size=3
        )
    ),
    max_leaves=12,
)


@given(WORD, st.sampled_from(System))
def test_any_shape(value, system):
    import json

    ci.steps(json.dumps(value).encode(), "x", system)
