"""A directory made of a few files, and what `check` says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.check.audit import Request, audit
from holdfast.check.rules import RULES

PROJECT = ("config/", "app/", "routes/", "database/", "bootstrap/", ".env", "composer.json")
"""Where a file's name starts like one of these, the directory is a Laravel project."""


def write(directory: Path, files, laravel=None, packages=None):
    """Write files; where they are of a Laravel project, its composer files too."""
    if laravel is None and any(name.startswith(PROJECT) for name in files):
        laravel = "12.40.0"
    if laravel is not None:
        version = str(laravel) if "." in str(laravel) else f"{laravel}.0.0"
        locked = {"laravel/framework": f"v{version}"} | (packages or {})
        files = {
            "artisan": "#!/usr/bin/env php\n",
            "composer.json": json.dumps({"require": dict.fromkeys(locked, "*")}),
            "composer.lock": json.dumps(
                {"packages": [{"name": n, "version": v} for n, v in locked.items()]}
            ),
        } | files
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def checked(tmp_path):
    """Checks files with all rules, or with those of some ids."""

    def check(files, *, laravel=None, packages=None, rules=None):
        write(tmp_path, files, laravel, packages)
        chosen = [rule for rule in RULES if rules is None or rule.id in rules]
        return audit(Request([tmp_path], tmp_path, rules=chosen))

    return check
