"""A directory made of a few files, and what `check` says of it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from holdfast.check.audit import Request, audit
from holdfast.check.finding import Severity
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

    def check(files, *, laravel=None, packages=None, rules=None, env=None):
        write(tmp_path, files, laravel, packages)
        chosen = [rule for rule in RULES if rules is None or rule.id in rules]
        return audit(Request([tmp_path], tmp_path, extra=env or {}, rules=chosen))

    return check


@pytest.fixture
def changed(tmp_path):
    """Checks a copy of a directory, some of whose files are changed or new."""

    def check(source, *changes):
        shutil.copytree(source, tmp_path, dirs_exist_ok=True)
        for name, edits in (item for files in changes for item in files.items()):
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(edits if isinstance(edits, str) else edited(path.read_text(), edits))
        return audit(Request([tmp_path], tmp_path))

    return check


def edited(text, edits):
    """A text with words, or what a pattern finds, replaced; each must be there."""
    for old, new in edits:
        pattern = re.escape(old) if old in text else old
        text, count = re.subn(pattern, lambda _, new=new: new, text)
        assert count, old
    return text


@pytest.fixture
def of_entry():
    """Splits what was found for certain: files that the rules of a catalogue's entry name, and
    other findings of the worst kind.
    """

    def split(result, *entries):
        rules = {rule.id for rule in RULES if set(entries) & set(rule.gotchas)}
        sure = [found for found in result.found if not found.finding.unknown]
        files = {
            place.file
            for found in sure
            if found.rule.id in rules and entries[0] in found.rule.gotchas
            for place in (found.finding.place, *(r.place for r in found.finding.related))
        }
        others = [
            (found.rule.id, found.finding)
            for found in sure
            if found.rule.severity is Severity.CRITICAL and found.rule.id not in rules
        ]
        return files, others

    return split
