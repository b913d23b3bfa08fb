"""The action, the job and the hook: what they run is run, with our own command."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from holdfast import __version__
from holdfast.cli.app import app

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("holdfast")
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: php
          image: shop
          env: [{name: SESSION_DRIVER, value: file}]
"""


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "holdfast").symlink_to(COMMAND)
    (tmp_path / "holdfast").mkdir()
    (tmp_path / "holdfast" / "bin").symlink_to(tmp_path / "bin")
    (tmp_path / "some manifests").mkdir()
    (tmp_path / "some manifests" / "deploy.yaml").write_text(MANIFEST)
    return tmp_path


def read(name):
    return yaml.safe_load((ROOT / name).read_text())


def run(script, directory, **variables):
    search = f"{directory / 'bin'}:/usr/bin:/bin"
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=directory,
        env={"PATH": search, "RUNNER_TEMP": str(directory), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_action(repository):
    step = read("action.yml")["runs"]["steps"][-1]
    assert "${{" not in step["run"]
    ended = run(step["run"], repository, PATHS=".", ARGUMENTS="--strict", SARIF="a b.sarif")
    assert ended.returncode == 1, ended.stderr
    assert "::error title=HF101" in ended.stdout
    assert (repository / "a b.sarif").exists()
    step_env = set(step["env"])
    assert step_env == {"PATHS", "ARGUMENTS", "SARIF"}


def test_an_input_of_the_action_is_no_code(repository):
    step = read("action.yml")["runs"]["steps"][-1]
    run(step["run"], repository, PATHS="$(touch owned) `touch owned`", ARGUMENTS="; touch owned")
    assert not (repository / "owned").exists()


def test_the_gitlab_job(repository):
    template = read("templates/check.gitlab-ci.yml")
    job = template["holdfast-check"]
    ended = run(job["script"][-1], repository, **template["variables"])
    assert ended.returncode == 1, ended.stderr
    assert (repository / job["artifacts"]["reports"]["junit"]).exists()
    assert all((repository / name).exists() for name in job["artifacts"]["paths"])


def test_the_gitlab_job_can_install_from_git():
    """Debian's slim images bring no git, and the comment above tells to install from it."""
    text = (ROOT / "templates/check.gitlab-ci.yml").read_text()
    assert "git+https://" in text
    assert not read("templates/check.gitlab-ci.yml")["holdfast-check"]["image"].endswith("slim")


def test_all_pages_name_the_version_that_is_next():
    version = ".".join(__version__.split(".")[:2])
    for name in ("docs/check.md", "templates/check.gitlab-ci.yml"):
        named = re.findall(r"(?:holdfast@|rev: )v([\d.]+)", (ROOT / name).read_text())
        assert named
        assert set(named) == {version}, name


def test_the_hook():
    (hook,) = read(".pre-commit-hooks.yaml")
    words = shlex.split(hook["entry"])
    function, _bound, _ignored = app.parse_args(words[1:], print_error=False, exit_on_error=False)
    assert function.__name__ == "check"
    files = re.compile(hook["files"])
    for name in ("deploy/a.yaml", ".env.production", "config/session.php", "docker/Dockerfile.web"):
        assert files.search(name), name
    assert not files.search("README.md")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    wanted = {need for name in ("check", "project") for need in extras[name]}
    assert set(hook["additional_dependencies"]) == {n for n in wanted if "holdfast" not in n}
