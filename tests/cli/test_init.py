"""``holdfast init`` as a person sees it."""

from __future__ import annotations

import json
import os

import pytest
import yaml

from tests.kube.init.made import copied, written

SECRET = "correct-horse-battery-staple"
DEEP = 60_000


@pytest.fixture
def blog(tmp_path):
    return copied("blog", tmp_path / "blog")


def test_stdout_is_the_file(holdfast, blog):
    ended = holdfast("init", str(blog))
    assert ended.status == 0
    assert ended.out == written(blog).text
    assert yaml.safe_load(ended.out)["metadata"] == {"name": "notebook"}
    lines = ended.err.splitlines()
    assert lines[0] == "To be filled in, since nothing in the project says it:"
    assert "  spec.image: the image, by digest or by a tag that never moves" in lines
    assert "To be done in the project or its image:" in lines
    assert "  database/migrations: no migration makes cache: php artisan cache:table" in lines


def test_a_file_is_written_once(holdfast, blog, tmp_path):
    target = tmp_path / "app.yaml"
    first = holdfast("init", str(blog), "-o", str(target))
    assert (first.status, first.out) == (0, "")
    assert first.err.splitlines()[-1] == f"Written: {target}. Next: holdfast render {target}"
    target.write_text("edited")
    again = holdfast("init", str(blog), "-o", str(target))
    assert again.status == 2
    assert f"{target} is there already" in again.err
    assert target.read_text() == "edited"
    assert holdfast("init", str(blog), "-o", str(target), "--force").status == 0
    assert target.read_text() == written(blog).text


def test_a_link_that_leads_nowhere_is_there(holdfast, blog, tmp_path):
    (tmp_path / "app.yaml").symlink_to(tmp_path / "elsewhere")
    assert holdfast("init", str(blog), "-o", str(tmp_path / "app.yaml")).status == 2
    assert not (tmp_path / "elsewhere").exists()


def test_no_directory_for_the_file(holdfast, blog, tmp_path):
    ended = holdfast("init", str(blog), "-o", str(tmp_path / "none" / "app.yaml"))
    assert ended.status == 3
    assert "cannot write" in ended.err


def test_json(holdfast, blog, tmp_path):
    ended = holdfast("init", str(blog), "--json", "-o", str(tmp_path / "app.yaml"))
    told = json.loads(ended.out)
    found = written(blog)
    assert told["app"] == found.app == yaml.safe_load((tmp_path / "app.yaml").read_text())
    assert told["gaps"][0]["path"] == "spec.image"
    assert {"where", "what"} == set(told["tasks"][0])
    assert told["read"]["spec.session.cookie"] == ".env:11 SESSION_COOKIE"


def test_what_is_asked_for(holdfast, blog):
    words = ["--image", "a.example.com/b:1", "--host", "b.example.com", "--name", "b"]
    told = yaml.safe_load(holdfast("init", str(blog), *words, "--env", "SESSION_COOKIE=sid").out)
    assert told["metadata"]["name"] == "b"
    assert (told["spec"]["image"], told["spec"]["host"]) == ("a.example.com/b:1", "b.example.com")
    assert told["spec"]["session"]["cookie"] == "sid"


def test_this_shell_has_no_say(holdfast, blog, monkeypatch):
    before = holdfast("init", str(blog)).out
    monkeypatch.setenv("SESSION_COOKIE", "of-this-shell")
    assert holdfast("init", str(blog)).out == before


@pytest.mark.parametrize(
    ("text", "image"),
    [
        (
            "FROM php:8.3-fpm-alpine\nWORKDIR /srv/app\nUSER 1001\n",
            ("/srv/app", 1001, "fpm-nginx"),
        ),
        ("FROM dunglas/frankenphp:1-php8.3\n", ("/app", 33, "frankenphp")),
        (
            "FROM php:8.3-fpm AS base\nFROM base\nUSER www-data\n",
            ("/var/www/html", 33, "fpm-nginx"),
        ),
        ("ARG A=1\n", ("/var/www/html", 33, "fpm-nginx")),
        ("", ("/var/www/html", 33, "fpm-nginx")),
        ("FROM $UNKNOWN\n", ("/var/www/html", 33, "fpm-nginx")),
    ],
)
def test_a_dockerfile(holdfast, blog, text, image):
    (blog / "Dockerfile").write_text(text)
    told = yaml.safe_load(holdfast("init", str(blog)).out)["spec"]
    assert (told["root"], told["user"], told["web"]["runtime"]) == image


def test_what_the_image_installs_is_no_task(holdfast, blog):
    (blog / "Dockerfile").write_text("FROM php:8.3-fpm\nRUN pecl install redis\n")
    assert "PHP's extension redis" not in holdfast("init", str(blog)).err


def test_a_dockerfile_that_is_none(holdfast, blog):
    (blog / "Dockerfile").mkdir()
    assert holdfast("init", str(blog)).status == 0


@pytest.mark.parametrize(
    ("files", "words", "status", "says"),
    [
        ({"composer.lock": "{}", "composer.json": "{}"}, [], 2, "which Laravel it runs on"),
        ({}, ["--laravel", "7"], 2, "no Laravel 7 is known"),
        ({}, ["--env", SECRET], 2, "--env is not NAME=VALUE"),
        ({}, ["--name", "No Name"], 2, "--name No Name is no name"),
        ({}, ["--host", "localhost"], 2, "--host localhost is no host name"),
        ({}, ["--image", "A B"], 2, "--image A B is no image"),
        ({"config/session.php": "<?php ["}, [], 3, "config/session.php:1: not valid PHP"),
        ({"config/session.php": "<?php return " + "[" * DEEP}, [], 3, "not valid PHP"),
        ({".env": f"KEY={SECRET} x"}, [], 3, ".env:1: a text with blanks"),
        ({".env": "x" * 2_000_000}, [], 3, "has more than 1048576 bytes"),
        ({"composer.lock": "[" * 100_000}, [], 3, "composer.lock is not JSON"),
    ],
)
def test_refused(holdfast, blog, files, words, status, says):
    for name, text in files.items():
        (blog / name).write_text(text)
    ended = holdfast("init", str(blog), *words)
    assert (ended.status, ended.out) == (status, "")
    message, hint = ended.err.splitlines()
    assert says in message
    assert hint.startswith("  hint: ")
    assert SECRET not in ended.err


def test_no_project(holdfast, tmp_path):
    assert "is no Laravel project" in holdfast("init", str(tmp_path)).err
    (tmp_path / "file").touch()
    assert "is no directory" in holdfast("init", str(tmp_path / "file")).err
    assert "there is no directory" in holdfast("init", str(tmp_path / "none")).err
    (tmp_path / "loop").symlink_to("loop")
    assert holdfast("init", str(tmp_path / "loop")).status == 3


def test_what_does_not_matter_does_not_stop_it(holdfast, blog):
    """Code and packages that cannot be read, links in circles, pipes, huge files."""
    (blog / "app/Broken.php").write_text("<?php class A implements ShouldQueue { $queue Storage::")
    (blog / "app/Huge.php").write_text("<?php // Storage:: ShouldQueue\n" + "x();" * 500_000)
    (blog / "app/circle").symlink_to(blog / "app")
    (blog / "app/Loop.php").symlink_to("Loop.php")
    os.mkfifo(blog / "app/Pipe.php")
    os.mkfifo(blog / "Dockerfile")
    (blog / "app/Bytes.php").write_bytes(b"<?php // ShouldQueue \xff\xfe\x00")
    ended = holdfast("init", str(blog))
    assert ended.status == 0
    assert "app/Broken.php:1:1: not looked at" in ended.err


ATTACK = "x\\nspec: {image: evil}\\r\\n\\x1b[31m\\u{2028}- a: # b"


def test_values_stay_values(holdfast, blog):
    session = f"<?php return ['driver' => 'redis', 'cookie' => \"{ATTACK}\", 'lifetime' => 5];"
    (blog / "config/session.php").write_text(session)
    app = f"<?php return ['name' => \"{ATTACK}\", 'url' => \"https://{ATTACK}\"];"
    (blog / "config/app.php").write_text(app)
    (blog / ".env").write_text('APP_LOCALE="a\\nb: c # d"\nSESSION_DOMAIN="x\\ny"\n')
    ended = holdfast("init", str(blog))
    told = yaml.safe_load(ended.out)
    assert ended.status == 0
    assert set(told) == {"apiVersion", "kind", "metadata", "spec"}
    assert told["spec"]["image"].startswith("registry.example.com/")
    assert told["spec"]["config"]["APP_LOCALE"] == "a\nb: c # d"
    assert "\x1b" not in ended.out + ended.err


def test_a_name_of_a_file_is_no_command_of_a_terminal(holdfast, blog):
    (blog / "app/\x1b[31mred.php").write_text("<?php class A implements ShouldQueue {")
    ended = holdfast("init", str(blog))
    assert "red.php" in ended.err
    assert "\x1b" not in ended.err + ended.out


def test_help(holdfast):
    ended = holdfast("init", "--help")
    assert ended.status == 0
    for option in ("--output", "-o", "--image", "--host", "--name", "--env", "--force", "--json"):
        assert option in ended.out


def test_a_link_is_replaced_and_not_written_through(holdfast, blog, tmp_path):
    (tmp_path / "mine").write_text("mine")
    target = tmp_path / "app.yaml"
    target.symlink_to("mine")
    assert holdfast("init", str(blog), "-o", str(target), "--force").status == 0
    assert (tmp_path / "mine").read_text() == "mine"
    assert target.read_text() == written(blog).text


def test_a_file_that_comes_meanwhile_is_left(holdfast, blog, tmp_path, monkeypatch):
    target = tmp_path / "app.yaml"
    target.symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr("os.path.lexists", lambda _path: False)
    ended = holdfast("init", str(blog), "-o", str(target))
    assert ended.status == 2
    assert f"{target} is there already" in ended.err
    assert not (tmp_path / "elsewhere").exists()
