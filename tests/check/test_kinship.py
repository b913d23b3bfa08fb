"""Manifests of several applications beside the code of one: each process gets its own settings."""

from __future__ import annotations

import pytest

from holdfast.check.audit import Request, collect
from holdfast.check.sources.files import Files


def deployment(name, image, env="", more=""):
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  template:
    spec:
      containers:
        - name: php
          image: {image}
          env: [{{name: APP_ENV, value: production}}, {{name: LOG_CHANNEL, value: stderr}}{env}]
{more}
"""


@pytest.fixture
def known(tmp_path):
    """The names of the Deployments whose code is known."""
    root = tmp_path / "acme-shop"
    (root / "config").mkdir(parents=True)
    (root / "artisan").write_text("")
    (root / "composer.json").write_text('{"require": {"laravel/framework": "^12.0"}}')

    def names(*texts):
        (root / "deploy.yaml").write_text("---\n".join(texts))
        return sorted(
            process.workload.name
            for target in collect(Request([root], root), Files(root))
            for process in target.processes()
            if process.workload is not None and process.settings.project is not None
        )

    return names


def test_one_application(known):
    assert known(deployment("web", "anything")) == ["web"]


@pytest.mark.parametrize(
    ("env", "more"),
    [
        (", {name: APP_KEY, value: k}", ""),
        ("", "          envFrom: [{configMapRef: {name: shop}}]"),
        ("", "          envFrom: [{secretRef: {name: shop}}]"),
        (", {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: k}}}", ""),
    ],
)
def test_web_and_worker_of_different_images_share_what_they_read(known, env, more):
    web, worker = (deployment(n, f"registry/{n}:1", env, more) for n in ("web", "worker"))
    assert known(web, worker) == ["web", "worker"]


def test_the_same_image_in_another_version(known):
    assert known(deployment("a", "x/shop:1"), deployment("b", "x/shop:2")) == ["a", "b"]


def test_another_application_beside_it_does_not_get_its_code(known):
    shop, blog = deployment("web", "acme/shop-web:1"), deployment("other", "acme/blog:3")
    assert known(shop, blog) == ["web"]


def test_two_that_may_both_be_it_are_not_guessed(known):
    assert known(deployment("one", "one:1"), deployment("two", "two:1")) == []


def test_words_that_every_application_has_tell_nothing(known):
    assert known(deployment("one", "acme-app:1"), deployment("two", "web-app:1")) == ["one"]
    assert known(deployment("one", "laravel-app:1"), deployment("two", "web-app:1")) == []
