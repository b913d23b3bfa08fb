"""What an image is known to hold, to start with and to be stopped by."""

from __future__ import annotations

import pytest

from holdfast.check.image.image import Image
from holdfast.check.repository import repository


def images(files: dict[str, str]) -> list[Image]:
    data = {name: text.encode() for name, text in files.items()}
    return list(repository(data, data.get).images)


def image(dockerfile: str, name: str = "Dockerfile", **files: str) -> Image:
    (found,) = images({name: dockerfile, **{n.replace("__", "/"): t for n, t in files.items()}})
    return found


@pytest.mark.parametrize(
    ("name", "dockerfile", "files", "context"),
    [
        ("Dockerfile", "FROM a\nCOPY . .", ["x"], ""),
        ("docker/Dockerfile", "FROM a\nCOPY docker/x /x", ["docker/x"], ""),
        ("docker/Dockerfile", "FROM a\nCOPY x /x", ["docker/x"], "docker"),
        ("docker/Dockerfile", "FROM a\nCOPY x /x", ["docker/x", "x"], None),
        ("docker/Dockerfile", "FROM a\nCOPY . .", ["composer.json"], ""),
        ("api/Dockerfile", "FROM a\nCOPY . .", ["api/composer.json", "web/x"], "api"),
        ("Dockerfile", "FROM a\nCOPY nowhere /x", ["x"], None),
        ("Dockerfile", "FROM a\nCOPY --from=b nowhere /x\nCOPY *.md https://x/y /z/", [], ""),
    ],
)
def test_the_context(name, dockerfile, files, context):
    (found,) = images({name: dockerfile, **dict.fromkeys(files, "")})
    assert found.context == context


def test_what_is_copied():
    found = image(
        "FROM php:8.3-fpm AS build\nWORKDIR /src\nCOPY . .\n"
        "FROM debian:12\nCOPY --from=build /src/app /srv/app\nCOPY --from=build /src/a.txt /b.txt\n"
        "COPY conf /etc/conf\nCOPY a.txt /usr/local/bin\nCOPY a.txt c.txt\nCOPY *.md /docs/\n"
        "COPY <<EOF /etc/x.conf\nyes\nEOF\n",
        **{"app__one.php": "1", "app__two.php": "2", "conf__c": "", "a.txt": "", "r.md": ""},
        **{".dockerignore": "app/two.php\n"},
    )
    assert {path: file.name for path, file in found.files.items()} == {
        "/srv/app/one.php": "app/one.php",
        "/b.txt": "a.txt",
        "/etc/conf/c": "conf/c",
        "/usr/local/bin/a.txt": "a.txt",
        "/c.txt": "a.txt",
        "/etc/x.conf": "Dockerfile",
    }
    text = found.files["/etc/x.conf"].text(found.tree)
    assert text is not None
    assert (text.string, text.place().line) == ("yes\n", 12)


@pytest.mark.parametrize(
    ("dockerfile", "script", "process", "shell", "complete"),
    [
        ("FROM php:8-fpm", "", ("php-fpm",), None, True),
        ("FROM php:8-apache", "", ("apache2-foreground",), None, True),
        ("FROM php:8-cli\nCMD a b", "", None, None, True),
        ('FROM php:8-cli\nCMD ["a", "b"]', "", ("a", "b"), None, True),
        ('FROM php:8-fpm\nENTRYPOINT ["a"]', "", ("a",), None, True),
        ('FROM x\nCMD ["a"]', "", None, None, False),
        ('FROM x\nENTRYPOINT ["tini", "--", "a"]\nCMD ["b"]', "", ("a", "b"), None, True),
        ('FROM x\nENTRYPOINT ["/base-entrypoint"]', "", ("/base-entrypoint",), None, False),
        ('FROM x\nENTRYPOINT ["/run.sh"]\nCMD ["b"]', 'exec "$@"', ("b",), None, True),
        ('FROM x\nENTRYPOINT ["/run.sh"]\nCMD ["b"]', 'exec c "$@"', ("c", "b"), None, True),
        ('FROM x\nENTRYPOINT ["/run.sh", "d"]\nCMD b', 'exec "$@"', None, None, True),
        ('FROM x\nENTRYPOINT ["/run.sh"]', "exec e f", ("e", "f"), None, True),
        ('FROM x\nENTRYPOINT ["/run.sh"]', 'exec "$CMD"', None, None, True),
        ('FROM x\nENTRYPOINT ["/run.sh"]', "a; b", None, "b", True),
        ('FROM x\nENTRYPOINT ["/run.sh"]', "a; b &", None, None, True),
        ('FROM x\nENTRYPOINT ["/run.sh"]', "a; exit 0", None, None, True),
        (
            'FROM x\nENTRYPOINT ["/run.sh"]\nCMD ["c"]',
            'm() { exec "$@"; }; m "$@"',
            ("c",),
            None,
            True,
        ),
        ('FROM x\nENTRYPOINT ["/run.sh"]', "if a; then b; fi", None, None, True),
        ('FROM x\nENTRYPOINT ["/run.sh"]', "if a; then", None, None, False),
        ('FROM x\nENTRYPOINT ["sh", "-c", "a && exec b"]', "", None, None, True),
        ('FROM x\nENTRYPOINT ["bash", "/run.sh"]\nCMD ["b"]', 'exec "$@"', ("b",), None, True),
        ('FROM x\nWORKDIR /\nENTRYPOINT ["./run.sh"]', "exec b", ("b",), None, True),
        ('FROM debian\nWORKDIR /\nCMD ["sh", "run.sh"]', "exec b", ("b",), None, True),
    ],
)
def test_the_start(dockerfile, script, process, shell, complete):
    found = image(
        dockerfile.replace("\n", "\nCOPY run.sh /run.sh\n", 1),
        **{"run.sh": f"#!/bin/sh\n{script}\n"},
    )
    assert found.start.process == process
    assert (found.start.shell.name if found.start.shell else None) == shell
    assert found.start.complete is complete


def test_a_script_that_is_no_shells():
    found = image(
        'FROM x\nCOPY run /run\nENTRYPOINT ["/run"]', run="#!/usr/bin/env php\n<?php a();\n"
    )
    assert found.start.commands == ()
    assert not found.start.complete


def test_scripts_of_known_directories_are_started_too():
    found = image(
        "FROM serversideup/php:8.3-fpm-nginx\nCOPY x.sh /etc/entrypoint.d/10-x.sh\n",
        **{"x.sh": "php artisan up\n"},
    )
    assert [command.values() for command in found.start.commands] == [["php", "artisan", "up"]]


@pytest.mark.parametrize(
    ("dockerfile", "signal"),
    [
        ("FROM php:8-fpm", "QUIT"),
        ("FROM docker.io/library/php:8-fpm-alpine", "QUIT"),
        ("ARG V=8\nFROM php:${V}-fpm", "QUIT"),
        ("ARG V=8-fpm\nFROM php:${V}", None),
        ("FROM php:8-apache", "WINCH"),
        ("FROM php:8", "TERM"),
        ("FROM alpine", "TERM"),
        ("FROM serversideup/php:8.3-fpm-nginx", "QUIT"),
        ("FROM serversideup/php:8.3-frankenphp", None),
        ("FROM registry.example.com/php:8-fpm", None),
        ("FROM registry.example.com/php:8-fpm\nSTOPSIGNAL 3", "QUIT"),
        ("FROM php:8-fpm\nSTOPSIGNAL sigterm", "TERM"),
        ("FROM php:8-fpm\nSTOPSIGNAL $X", None),
    ],
)
def test_the_stop_signal(dockerfile, signal):
    stop = image(dockerfile).stop_signal
    assert (stop[0] if stop else None) == signal


@pytest.mark.parametrize(
    ("steps", "line"),
    [
        ("RUN cp .env.example .env", 3),
        ("RUN cp .env.example .env\nRUN rm -f .env", None),
        ("RUN cp .env.example .env && php artisan x && mv .env /tmp/e", None),
        ("RUN [ -f .env ] || cp .env.example .env", 3),
        ("RUN if [ $X ]; then cp .env.example .env; fi", None),
        ("RUN echo A=1 >> /app/.env", 3),
        ('RUN ["cp", ".env.example", ".env"]', 3),
        ("COPY .env.example .env", 3),
        ("RUN php -r \"file_exists('.env') || copy('.env.example', '.env');\"", 3),
        ("RUN php -r \"copy('.env', '.env.example');\"", None),
        ("RUN php -r", None),
        ("COPY .env.example .", None),
        ("COPY . .", 3),
        ("COPY . .\nRUN rm .env", None),
    ],
)
def test_the_dotenv(steps, line):
    found = image(f"FROM php:8-cli\nWORKDIR /app\n{steps}\n", **{".env": "", ".env.example": ""})
    assert (found.dotenv.place.line if found.dotenv else None) == line


def test_a_dotenv_beside_the_application_is_none_of_its_own():
    files = {"artisan": "", "docker__.env": "", "composer.json": ""}
    assert image("FROM php:8-cli\nCOPY . /app\n", **files).dotenv is None
    files = {"src__artisan": "", "src__.env": ""}
    assert image("FROM php:8-cli\nCOPY src /app\n", **files).dotenv is not None


def test_configuration_that_is_copied():
    found = image(
        "FROM php:8-fpm\nCOPY www.conf /usr/local/etc/php-fpm.d/\n"
        "COPY p.ini /usr/local/etc/php/conf.d/\n"
        "COPY n.conf /etc/nginx/conf.d/default.conf\nCOPY s.conf /etc/supervisor/conf.d/s.conf\n"
        'COPY s.conf /app/supervisord.conf\nCMD ["supervisord", "-n"]\n'
        "RUN docker-php-ext-install -j2 pdo_mysql && pecl install redis-6.1 igbinary\n",
        **{
            "www.conf": "[www]\npm = static\n",
            "p.ini": "a=1\n",
            "n.conf": "server { listen 1; }\n",
        },
        **{"s.conf": "[program:a]\ncommand=b\n"},
    )
    assert [setting.name for setting in found.fpm] == ["pm"]
    assert [setting.name for setting in found.php_ini] == ["a"]
    assert [directive.name for directive in found.nginx] == ["server"]
    assert [program.name for program in found.supervisor] == ["a"]
    assert found.php_extensions == {"pdo_mysql", "redis", "igbinary"}


def test_an_image_a_stage_that_ends():
    found = images({
        "Dockerfile": "FROM a AS base\nRUN one\nFROM b AS assets\nFROM base AS web\n"
        "COPY --from=assets /x /x\nRUN two\nFROM base AS worker\nRUN three\nFROM web AS dev\n",
        "Dockerfile.dev": "FROM a\n",
        ".devcontainer/Dockerfile": "FROM a\n",
    })  # fmt: skip
    ran = [[run.instruction.arguments.string for run, _ in one.build_commands] for one in found]
    assert ran == [["one", "two"], ["one", "three"]]
    found = images({"Dockerfile": "FROM a AS base\nFROM base AS web\nFROM base AS worker\n"})
    assert [one.final.stages[-1].name for one in found] == ["web", "worker"]


def test_what_is_not_understood_is_said():
    found = repository(["Dockerfile"], {"Dockerfile": b"hello"}.get)
    assert not found
    assert [one.file for one in found.not_judged] == ["Dockerfile"]


@pytest.mark.parametrize(
    "dockerfile",
    [
        "FROM a\nCOPY . /x\n"
        + "".join(f"FROM a\nCOPY --from={n} /x /x\nCOPY --from={n} /x /y\n" for n in range(99)),
        "FROM a\nWORKDIR /x\n" + "RUN a\n" * 400 + "FROM a\n" + "COPY --from=0 /x /x\n" * 500,
        "".join(f"FROM a AS s{n}\nCOPY . /x\nRUN b\n" for n in range(100)),
        "FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\nRUN b\n" for n in range(99)),
    ],
)
def test_nobody_wrote_it_in_good_faith(dockerfile):
    names = {f"d/{number}/x": "" for number in range(300)}
    for one in images({"Dockerfile": dockerfile, **names}):
        assert len(one.files) <= 1_000
        assert one.build_commands is not None
        assert one.dotenv is None


@pytest.mark.parametrize("dockerfile", ["FROM a\n" * 101, "FROM a\n" + "RUN b\n" * 1_000])
def test_there_is_a_limit(dockerfile):
    assert images({"Dockerfile": dockerfile}) == []
