"""A refused file as a person meets it: a line for each mistake, with the way out below it."""

from __future__ import annotations

import pytest

APP = """\
apiVersion: holdfast.dev/v1alpha1
kind: LaravelApp
metadata: {name: shop}
spec:
  image: registry.example.com/shop:latest
  host: shop.example.com
  secretName: shop-env
  config: {APP_KEY: 'base64:c2VjcmV0'}
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app.yaml").write_text(APP)
    return tmp_path / "app.yaml"


def test_each_mistake_is_a_line_with_its_way_out(holdfast, file):
    ended = holdfast("render", "app.yaml")
    assert (ended.status, ended.out) == (2, "")
    first, way_out, second, other = ended.err.splitlines()
    assert first.startswith("holdfast: app.yaml:5:10: a tag that moves")
    assert second.startswith("holdfast: app.yaml:8:12: APP_KEY is secret")
    assert way_out.strip().startswith("hint: a digest")
    assert other.strip() == "hint: the Secret of secretName, which all pods read"


def test_a_secret_is_not_repeated(holdfast, file):
    assert "c2VjcmV0" not in holdfast("render", "app.yaml").err


def test_nothing_is_written(holdfast, file):
    assert holdfast("render", "app.yaml", "-o", "manifests").status == 2
    assert not (file.parent / "manifests").exists()


def test_brackets_of_a_path_are_shown(holdfast, file):
    file.write_text(APP + "  workers: [{name: 5}]\n")
    assert "spec.workers[0].name is a number, not text" in holdfast("render", "app.yaml").err


def test_a_developers_env_file_is_no_secret(holdfast, file):
    file.write_text(APP.replace(":latest", ":1").partition("  config")[0])
    (file.parent / ".env").write_text("APP_KEY=base64:x\nSESSION_DRIVER=file\n")
    ended = holdfast("render", "app.yaml", "--secret-env", ".env")
    assert ended.status == 2
    assert "app.yaml:7:15: SESSION_DRIVER in the Secret wins" in ended.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("APP_KEY=hush\nREDIS_PASSWORD=\n", "REDIS_PASSWORD of --secret-env is empty"),
        ("", "the file of --secret-env lacks APP_KEY, DB_CONNECTION, "),
        ("APP_KEY=hush\nAPP_KEY=hush\n", ".env:2:1: APP_KEY is in line 1 already"),
        ('APP_KEY="hush\nB=1\n', ".env:1:1: a quote is opened and not closed"),
        ("APP_KEY='hush\n", ".env:1: a closing quote is missing"),
    ],
)
def test_a_secret_that_cannot_work(holdfast, file, text, said):
    file.write_text(APP.replace(":latest", ":1").partition("  config")[0])
    (file.parent / ".env").write_text(text)
    ended = holdfast("render", "app.yaml", "--secret-env", ".env")
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
    assert "hush" not in ended.err
