"""What published base images bring: stop signal, command, entry point.

Facts of docker-library/php, commit 445bf414 (July 2026): STOPSIGNAL SIGQUIT in the fpm variants
(since April 2019, e21810a0), SIGWINCH in apache's, none in cli and zts; ENTRYPOINT
docker-php-entrypoint, which ends in ``exec "$@"``. Facts of serversideup/docker-php v4.3.5:
STOPSIGNAL SIGQUIT in fpm, fpm-nginx and fpm-apache. Facts of php/frankenphp v1.12.7: it is built on
php's zts variants, and keeps their entry point.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from holdfast.check.sources.stage import Base

_DOCKER_HUB = re.compile(r"^(?:(?:index\.)?docker\.io/|public\.ecr\.aws/docker/)?(?:library/)?")
PHP_FPM: Final = re.compile(r"php-fpm[0-9.]*")
"""What its program is called, by the official images and by distributions."""
_SIGNALS = {"3": "QUIT", "15": "TERM", "9": "KILL", "2": "INT", "28": "WINCH"}
_FRANKENPHP = ("frankenphp", "run", "--config", "/etc/frankenphp/Caddyfile")
# Distributions: their images have neither STOPSIGNAL nor ENTRYPOINT, so Docker's SIGTERM holds.
_DISTRIBUTIONS = frozenset(("alpine", "debian", "ubuntu", "rockylinux", "almalinux", "fedora"))


class Published(msgspec.Struct, frozen=True):
    """What is known of an image.

    Args:
        stop_signal: ``QUIT``.
        workdir: where commands run.
        cmd: empty where it has none.
        entrypoint: that hands its process over to the command; empty where it has none, None where
            that is not known.
    """

    stop_signal: str
    workdir: str
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = ()


def repository(base: Base) -> str:
    """Its name without Docker Hub's address: ``php``, ``serversideup/php``."""
    return _DOCKER_HUB.sub("", base.name)


def published(base: Base) -> Published | None:
    """What an image is known to bring; None where nothing is known."""
    words = (base.tag or "").split("-")
    name = repository(base)
    if name == "php" and base.tag:
        return _php(words)
    if name == "serversideup/php" and "fpm" in words:
        return Published("QUIT", "/var/www/html", entrypoint=None)
    if name == "dunglas/frankenphp" and base.tag:
        return Published("TERM", "/app", _FRANKENPHP, ("docker-php-entrypoint",))
    return Published("TERM", "/") if name in _DISTRIBUTIONS else None


def _php(words: list[str]) -> Published:
    signal_, cmd = "TERM", ["php", "-a"]
    if "fpm" in words:
        signal_, cmd = "QUIT", ["php-fpm"]
    elif "apache" in words:
        signal_, cmd = "WINCH", ["apache2-foreground"]
    # WORKDIR is set in the variants that serve.
    workdir = "/" if signal_ == "TERM" else "/var/www/html"
    return Published(signal_, workdir, tuple(cmd), ("docker-php-entrypoint",))


def signal(written: str) -> str:
    """``QUIT`` of ``SIGQUIT``, ``quit`` or ``3``."""
    return _SIGNALS.get(written, written.upper().removeprefix("SIG"))
