"""Every project: what is written is accepted, renders, and a check finds nothing in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from holdfast.check.audit import Request, audit
from holdfast.kube.emit import emit
from holdfast.kube.placeholders import placeholders
from holdfast.kube.read import read
from holdfast.kube.render import render
from tests.kube.init.made import NAMES, copied, written

GIVEN = {"image": "registry.example.com/shop:1.4.2", "host": "shop.example.org", "name": "shop"}
PROXIES, NO_PROXY = "config/trustedproxy.php", "HF401"
ENV_IN_IMAGE = "HF303"
"""The shop's own Dockerfile copies its .env; that is no finding about the manifests."""


def judged(base: Path, *paths: Path) -> set[str]:
    """The rules that find something; what a rule cannot tell is not there."""
    found = audit(Request(list(paths), base)).found
    return {one.rule.id for one in found if not one.finding.unknown}


@pytest.mark.parametrize("dotenv", [True, False], ids=["env", "no-env"])
@pytest.mark.parametrize("name", NAMES)
def test_accepted_rendered_checked(name, dotenv, tmp_path):
    root = copied(name, tmp_path / "project", dotenv=dotenv)
    found = written(root, **GIVEN)
    app = read(found.text.encode(), "app.yaml")
    assert (app.name, app.spec.image, app.spec.host) == ("shop", GIVEN["image"], GIVEN["host"])
    objects = [one for some in render(app).objects.values() for one in some]
    assert {"Deployment", "Service"} <= {one["kind"] for one in objects}
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(emit(objects))
    assert judged(tmp_path, manifests) == set()
    if not dotenv:
        return
    to_do = next((task for task in found.tasks if task.where == PROXIES), None)
    untrusting = {NO_PROXY} if to_do is not None else set()
    assert judged(tmp_path, manifests, root) - {ENV_IN_IMAGE} == untrusting
    if to_do is not None:
        (root / PROXIES).write_text(to_do.what[to_do.what.index("<?php") :])
        assert judged(tmp_path, manifests, root) <= {ENV_IN_IMAGE}


@pytest.mark.parametrize("name", NAMES)
def test_text_and_values_are_one(name, tmp_path):
    found = written(copied(name, tmp_path / "project"))
    assert yaml.safe_load(found.text) == found.app
    assert found == written(tmp_path / "project")
    assert all(len(line) <= 100 for line in found.text.splitlines() if line.lstrip()[:1] == "#")


CHOICES = ("driver", "store", "region")
"""What is one of a few words cannot be told from a person's choice."""


@pytest.mark.parametrize("name", NAMES)
def test_render_names_what_nobody_has_filled_in(name, tmp_path):
    found = written(copied(name, tmp_path / "project"))
    app = read(found.text.encode(), "app.yaml")
    filled = {
        gap.path.removeprefix("spec.")
        for gap in found.gaps
        if not gap.path.endswith(CHOICES) and there(found.app, gap.path)
    }
    assert filled
    assert filled <= set(placeholders(app))


def there(app, path):
    """Whether a value stands there; a gap may be a line that is not there yet."""
    for step in path.split("."):
        if not isinstance(app, dict) or step not in app:
            return False
        app = app[step]
    return True


@pytest.mark.parametrize("name", NAMES)
def test_each_gap_is_marked_where_it_is(name, tmp_path):
    found = written(copied(name, tmp_path / "project"))
    assert found.text.count("# To be filled in:") == len(found.gaps) > 0
    assert "spec.image" in {gap.path for gap in found.gaps}
    for gap in found.gaps:
        value = found.app
        for step in re.split(r"[.\[\]]+", gap.path):
            value = value[step]
        assert str(value) in found.text
