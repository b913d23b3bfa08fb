"""Which containers run Laravel, and what is known of those that are given no variables."""

from __future__ import annotations

import pytest

from holdfast.check.audit import Request, collect
from holdfast.check.sources.files import Files


@pytest.fixture
def processes(tmp_path):
    def found(name, image, env="[]"):
        (tmp_path / "config").mkdir(exist_ok=True)
        (tmp_path / "artisan").write_text("")
        (tmp_path / "composer.json").write_text('{"require": {"laravel/framework": "^12.0"}}')
        (tmp_path / "config" / "session.php").write_text(
            "<?php return ['driver' => env('SESSION_DRIVER', 'file')];"
        )
        (tmp_path / "deploy.yaml").write_text(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n"
            f"    spec:\n      containers: [{{name: {name}, image: '{image}', env: {env}}}]\n"
        )
        return [
            process
            for target in collect(Request([tmp_path], tmp_path), Files(tmp_path))
            for process in target.processes()
            if process.workload is not None
        ]

    return found


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("laravel", "registry/shop:1"),
        ("app", "acme/laravel-shop:1"),
        ("php", "ghcr.io/acme/my_laravel_api@sha256:00"),
    ],
)
def test_one_that_is_called_so_runs_laravel(processes, name, image):
    assert len(processes(name, image)) == 1


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("nginx", "acme/laravel-web:1"),
        ("web", "acme/laravel-nginx:1"),
        ("db", "acme/laravel-database:1"),
        ("app", "laravel.example.com/shop:1"),
        ("app", "laravelish/shop:1"),
    ],
)
def test_what_stands_beside_laravel_does_not(processes, name, image):
    assert processes(name, image) == []


def test_without_variables_an_env_file_that_nobody_sees_decides(processes):
    [process] = processes("laravel", "shop:1")
    unknown = process.unknown("session.driver")
    assert unknown is not None
    assert "none of Laravel's variables is set" in unknown.message
    assert unknown.place.line == 7


def test_with_some_of_them_the_defaults_count(processes):
    [process] = processes("laravel", "shop:1", "[{name: APP_ENV, value: production}]")
    assert process.settings.text("session.driver") == "file"
