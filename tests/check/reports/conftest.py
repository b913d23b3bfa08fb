"""A result with all that a report has to cope with, made without the engine."""

from __future__ import annotations

import pytest

from holdfast.check.finding import Edit, Finding, Related, Severity
from holdfast.check.reports.report import report
from holdfast.check.result import Counts, NotJudged, Result, Suppressed
from holdfast.check.rule import Found, Rule
from holdfast.check.rules import hf000_internal, hf101_file_sessions_on_several_replicas
from holdfast.manifests.place import Place

SECRET = "hunt3r2hunt3r2"

MANIFEST = f"""\
kind: Deployment
spec:
  replicas: 3
  template:
    spec:
      containers:
        - env:
            - {{name: APP_KEY, value: "{SECRET}"}}
            - name: SESSION_DRIVER
              value: file
            - name: REDIS_PASSWORD
              value: {SECRET}
""".encode()
CONFIG = "<?php\nreturn [\n\t'driver' => env('SESSION_DRIVER', '船'),\x1b[31m\n];\n".encode()
LONG = b"long: " + b"x" * 500 + b" needle " + b"y" * 500 + b"\n"
FILES = {"deploy.yaml": MANIFEST, "config/session.php": CONFIG, "long.yaml": LONG}


FILE_DRIVER = hf101_file_sessions_on_several_replicas.RULE
SMALL = Rule("HF998", "small-thing", "A small thing", Severity.LOW, hf000_internal.check)
MIDDLING = Rule("HF997", "middling-thing", "A thing", Severity.MEDIUM, hf000_internal.check)

DRIVER = Found(
    FILE_DRIVER,
    Finding(
        Place("deploy.yaml", 10, 22, 10, 26),
        "Users of shop are logged out at random.",
        "SESSION_DRIVER=redis",
        "Deployment shop/web",
        (Related(Place("deploy.yaml", 3, 13), "3 replicas"),),
        (Edit("deploy.yaml", MANIFEST.index(b"file\n"), MANIFEST.index(b"file\n") + 4, b"redis"),),
    ),
)
WIDE = Found(
    MIDDLING,
    Finding(Place("config/session.php", 3, 37, 3, 38), "A wide one.\x1b[2J", subject="config"),
)
NEEDLE = Found(SMALL, Finding(Place("long.yaml", 1, 508, 1, 514), "Far to the right."))
PASSWORD = Found(
    SMALL, Finding(Place("deploy.yaml", 12, 22), "A password in the open.", "a Secret")
)
UNKNOWN = Found(
    FILE_DRIVER, Finding(Place("config/session.php"), "It cannot be told.", unknown=True)
)
ALLOWED = Suppressed(
    Found(SMALL, Finding(Place("deploy.yaml", 3, 3), "Allowed.")), "by licence", Place("a.yaml", 2)
)
INTERNAL = Found(hf000_internal.RULE, Finding(Place("."), "HF999 could not judge this"))


@pytest.fixture
def result():
    return Result(
        (DRIVER, WIDE, NEEDLE, PASSWORD, UNKNOWN),
        (ALLOWED,),
        FILES,
        Counts(1, 0, 12, 3, 61, (NotJudged("chart/a b.yaml", "a template"),)),
    )


@pytest.fixture
def reported(result):
    """Makes a report of it; of other findings where some are given."""

    def make(*found, fail_on=Severity.HIGH, **options):
        given = Result(found, (), FILES, Counts(rules=3)) if found else result
        return report(given, fail_on=fail_on, **options)

    return make


@pytest.fixture
def samples():
    """The findings by name."""
    return {
        "driver": DRIVER,
        "wide": WIDE,
        "needle": NEEDLE,
        "password": PASSWORD,
        "unknown": UNKNOWN,
        "internal": INTERNAL,
    }


@pytest.fixture
def secret():
    return SECRET
