"""Random applications: always objects that an API server takes, always the same bytes.

HOLDFAST_APPLICATIONS says how many; `make test` takes few, the same ones each time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, settings

from holdfast.kube.app import App
from holdfast.kube.emit import emit
from holdfast.kube.refusals.gather import refusals
from holdfast.kube.render import render

from .audited import findings, rendered
from .consistent import inconsistencies
from .schemas import all_problems
from .specs import valid_apps

MANY = int(os.environ.get("HOLDFAST_APPLICATIONS", "25"))
SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=MANY,
    suppress_health_check=list(HealthCheck),
)


def manifests(app: App) -> str:
    return emit(one for some in render(app).objects.values() for one in some)


@given(valid_apps())
@SETTINGS
def test_nothing_is_refused_of_what_is_rendered(app):
    assert list(refusals(app)) == []


@given(valid_apps())
@SETTINGS
def test_every_object_is_one_that_an_api_server_takes(app):
    objects = [one for some in render(app).objects.values() for one in some]
    assert all_problems(objects, app, minors=[app.kubernetes]) == []


@given(valid_apps())
@SETTINGS
def test_the_same_application_is_the_same_bytes(app):
    first, again = render(app), render(app)
    assert emit(o for some in first.objects.values() for o in some) == manifests(app)
    assert first == again


@given(valid_apps())
@SETTINGS
def test_every_name_leads_somewhere(app):
    objects = [one for some in render(app).objects.values() for one in some]
    assert inconsistencies(objects, app) == []


NOT_SAFE = {"cookie": {"HF409", "HF411"}}
"""What a driver brings with it, whatever is rendered beside it."""


@given(valid_apps())
@SETTINGS
def test_check_finds_nothing(app):
    known = NOT_SAFE.get(app.spec.session.driver, set())
    found = findings(rendered(app), laravel=app.spec.laravel)
    assert [one for one in found if not one.endswith("?") and one[:5] not in known] == []


def applications() -> list[App]:
    """As many as there are to be, each once."""
    found: list[App] = []

    @given(valid_apps())
    @settings(SETTINGS, phases=[Phase.generate])
    def every(app):
        found.append(app)

    every()
    return found


def digest(apps: list[App]) -> str:
    """Of the manifests of several, one after the other."""
    made = hashlib.sha256()
    for app in apps:
        made.update(manifests(app).encode())
    return made.hexdigest()


def test_another_process_makes_the_same_bytes(tmp_path):
    # What Hypothesis draws depends on what is imported, so the others are handed what was drawn.
    apps = applications()
    assert len(apps) >= MANY
    file = tmp_path / "apps.json"
    file.write_bytes(msgspec.json.encode(apps))
    seen = {
        subprocess.run(
            [sys.executable, "-c", OTHER, str(file)],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "4711")
    }
    assert seen == {digest(apps) + "\n"}


OTHER = """
import sys
from pathlib import Path
import msgspec
from holdfast.kube.app import App
from tests.kube.test_properties import digest
print(digest(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[App])))
"""
