"""Whatever lies in a directory: `check` ends, and says one clear thing of it; work is counted."""

from __future__ import annotations

import os
import sys
import tracemalloc

import pytest

from holdfast.check.audit import Request, audit
from holdfast.check.sources.files import MAX_BYTES, MAX_FILES

MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\n"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: php
          image: shop
          env: [{name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: key}}}]
"""
MIB = 1024 * 1024


def run(directory):
    return audit(Request([directory], directory))


def said(result):
    """What is said of what cannot be read: as a finding, or among what was not judged."""
    assert "HF000" not in {found.rule.id for found in result.found}
    findings = [found.finding for found in result.found if found.rule.id == "HF001"]
    return [
        *((finding.place.file, finding.message) for finding in findings),
        *((one.file, one.reason) for one in result.judged.not_judged),
    ]


def calls(function, *arguments):
    """How many functions are called: work that is the same on every machine."""
    count = 0

    def counted(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return count


def peak(function, *arguments):
    """The most bytes that it holds at one time."""
    tracemalloc.start()
    try:
        function(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_manifest_of_100_mib_is_not_taken_into_memory(tmp_path):
    path = tmp_path / "deploy.yaml"
    path.write_text(MANIFEST)
    os.truncate(path, 100 * MIB)
    [(file, why)] = said(run(tmp_path))
    assert file == "deploy.yaml"
    assert f"more than {MAX_BYTES} bytes" in why
    assert peak(run, tmp_path) < 4 * MAX_BYTES


def test_100_mib_from_standard_input(tmp_path):
    request = Request([], tmp_path, stdin=(MANIFEST + "#").encode() + b" " * 100 * MIB)
    [(file, why)] = said(audit(request))
    assert file == "-"
    assert "longer than 10 MiB" in why


def bomb(levels=30):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return MANIFEST + "data:\n" + "".join(f"  {line}\n" for line in lines)


HOSTILE = {
    "an alias bomb": (bomb(), "those of aliases counted each time"),
    "a million keys": (
        MANIFEST + "data: {" + "".join(f"k{n}: v, " for n in range(600_000)) + "}\n",
        "more than 200,000 values",
    ),
    "broken UTF-8": ((MANIFEST + "data: {name: ").encode() + b"\xff\xfe}\n", "not UTF-8"),
    "an anchor in itself": (MANIFEST + "data: &a {b: *a}\n", "contains itself"),
    "no end of brackets": (MANIFEST + "data: " + "[" * 100_000, "maximum nesting depth"),
    "a control character": (MANIFEST + "data: {a: \x07}\n", "control character"),
    "a hundred thousand documents": ("---\n" + (MANIFEST + "---\n") * 100_000, "10,000 documents"),
    "what is cut off": (MANIFEST + 'data: {a: "b\n', "not YAML"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_manifest_that_no_cluster_takes_is_one_finding(tmp_path, name):
    content, words = HOSTILE[name]
    path = tmp_path / "deploy.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    [(file, why)] = said(run(tmp_path))
    assert file == "deploy.yaml"
    assert words in why


def test_the_work_on_an_alias_bomb_does_not_grow_with_its_height(tmp_path):
    path = tmp_path / "deploy.yaml"
    work = []
    for levels in (20, 200):
        path.write_text(bomb(levels))
        work.append(calls(run, tmp_path))
    assert work[1] < 2 * work[0]


def test_variables_made_of_variables_do_not_fill_the_memory(tmp_path):
    env = [f"{{name: V0, value: {'x' * 200_000}}}"]
    env += [f"{{name: V{n}, value: $(V0)$(V{n - 1})}}" for n in range(1, 1000)]
    env += [f"{{name: W, value: {'$(V0)' * 1000}}}", "{name: APP_KEY, value: x}"]
    lines = "".join(f"            - {one}\n" for one in env)
    head = DEPLOYMENT[: DEPLOYMENT.index("          env:")]
    (tmp_path / "deploy.yaml").write_text(f"{head}          env:\n{lines}")
    assert said(run(tmp_path)) == []
    assert peak(run, tmp_path) < 40 * MIB


BROKEN_PHP = {
    "half a file": "<?php return ['driver' => env('SESSION_DRIVER'",
    "no PHP at all": "\x00\x01\x02 {{{{ ((((",
    "no end of brackets": "<?php return " + "[" * 100_000,
    "no end of calls": "<?php return " + "env(" * 20_000 + "'A'" + ")" * 20_000 + ";",
    "broken UTF-8": b"<?php return ['driver' => \"\xff\xfe\"];",
    "a megabyte and more": "<?php return [];" + "#" * 2 * MIB,
}


@pytest.mark.parametrize("file", ["config/session.php", "bootstrap/app.php", "routes/web.php"])
@pytest.mark.parametrize("name", BROKEN_PHP)
def test_php_that_does_not_parse(tmp_path, project, name, file):
    content = BROKEN_PHP[name]
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT)
    assert len(said(run(tmp_path))) <= 1


FILES = (
    "composer.lock", "composer.json", ".env", ".dockerignore", "Dockerfile", "docker-compose.yml",
    "docker/nginx.conf", "docker/php-fpm.conf", "docker/php.ini", "docker/supervisord.conf",
    "docker/entrypoint.sh", ".github/workflows/deploy.yml",
)  # fmt: skip
RUBBISH = {
    "no text": b"\xff\xfe\x00{",
    "brackets": b"[" * 100_000,
    "braces": b"{" * 100_000,
    "lines that go on": b"\\\n" * 50_000,
    "one long line": b"a" * 2 * MIB,
    "commands in commands": b"$(" * 50_000,
    "documents in it": b"FROM a\nRUN <<E\n" * 5_000,
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", RUBBISH.values(), ids=list(RUBBISH))
def test_any_file_may_be_rubbish(tmp_path, project, file, content):
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT)
    assert len(said(run(tmp_path))) <= 1


@pytest.fixture
def project(tmp_path):
    """A Laravel project of the least size."""
    (tmp_path / "artisan").write_text("#!/usr/bin/env php\n")
    (tmp_path / "composer.json").write_text('{"require": {"laravel/framework": "^12.0"}}')
    (tmp_path / "composer.lock").write_text(
        '{"packages": [{"name": "laravel/framework", "version": "v12.61.0"}]}'
    )
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "session.php").write_text(
        "<?php return ['driver' => env('SESSION_DRIVER', 'redis')];"
    )
    return tmp_path


def test_a_directory_of_more_files_than_one_run_looks_at(tmp_path):
    for number in range(MAX_FILES + 1):
        os.close(os.open(tmp_path / f"{number}.txt", os.O_CREAT | os.O_WRONLY))
    [(_, why)] = said(run(tmp_path))
    assert why == f"only the first {MAX_FILES:,} files count"


def test_links_that_go_in_a_circle(tmp_path):
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "again").symlink_to(tmp_path)
    (tmp_path / "deploy" / "here").symlink_to("here")
    (tmp_path / "deploy" / "web.yaml").symlink_to("web.yaml")
    (tmp_path / "deploy" / "shop.yaml").write_text(MANIFEST)
    [(file, why)] = said(run(tmp_path))
    assert file == "deploy/web.yaml"
    assert "Too many levels of symbolic links" in why


def test_a_named_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "deploy.yaml")
    [(file, why)] = said(run(tmp_path))
    assert file == "deploy.yaml"
    assert "not a regular file" in why


def test_a_file_that_cannot_be_read(tmp_path):
    # Root may read all files, but not this one from its beginning.
    (tmp_path / "deploy.yaml").symlink_to("/proc/self/mem")
    [(file, why)] = said(audit(Request([tmp_path / "deploy.yaml"], tmp_path)))
    assert file == "deploy.yaml"
    assert "Input/output error" in why


def test_a_link_out_of_what_is_checked_is_not_followed(tmp_path):
    (tmp_path / "secrets.yaml").write_text(MANIFEST)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "web.yaml").symlink_to("../secrets.yaml")
    result = audit(Request([tmp_path / "deploy"], tmp_path))
    assert result.files == {}
    assert said(result) == [("deploy/web.yaml", "a link to a file outside what is checked")]


def test_a_file_and_a_link_to_it_are_one_manifest(tmp_path):
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").write_text(MANIFEST)
    assert list(run(tmp_path).files) == ["b.yaml"]


def test_a_link_to_nothing_is_nothing(tmp_path):
    (tmp_path / "deploy.yaml").symlink_to("gone.yaml")
    assert said(run(tmp_path)) == []


MANY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-N}
spec:
  template:
    metadata: {labels: {app: shop-N}}
    spec:
      containers:
        - name: php
          image: shop
          env: [{name: APP_KEY, valueFrom: {secretKeyRef: {name: shop-N, key: key}}}]
          envFrom: [{configMapRef: {name: shop-N}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-N}
data: {SESSION_DRIVER: redis, APP_ENV: production, REDIS_HOST: redis-N}
---
apiVersion: v1
kind: Service
metadata: {name: shop-N}
spec: {selector: {app: shop-N}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop-N}
spec:
  rules:
    - host: shop-N.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop-N, port: {number: 80}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop-N}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop-N}
  minReplicas: 2
  maxReplicas: 4
"""


def test_the_work_grows_with_the_number_of_objects_and_not_with_its_square(tmp_path):
    work = []
    for number in (50, 200):
        shops = "---\n".join(MANY.replace("-N", f"-{n}") for n in range(number))
        (tmp_path / "deploy.yaml").write_text(shops)
        work.append(calls(run, tmp_path))
    assert work[1] < 6 * work[0]
