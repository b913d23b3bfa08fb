"""What ``.env`` says and an image does not: variables to be kept, and names of secrets."""

from __future__ import annotations

import re
from typing import Any, Final

from holdfast.kube.init.facts import Facts, is_local
from holdfast.kube.init.part import Part, fits
from holdfast.kube.refusals.process import is_of_process
from holdfast.kube.secrecy import is_secret
from holdfast.kube.spec.words import Address, Variable
from holdfast.project.code import code
from holdfast.project.effective import effective_session
from holdfast.project.middleware import middleware

_DECIDED: Final = re.compile(
    r"APP_(?:KEY|PREVIOUS_KEYS|ENV|DEBUG|URL|CONFIG_CACHE)|LOG_\w+|DB_\w+"
    r"|SESSION_(?:DRIVER|LIFETIME|COOKIE|DOMAIN|SAME_SITE|ENCRYPT|CONNECTION|SECURE_COOKIE"
    r"|STORE|HTTP_ONLY)"
    r"|(?:SESSION_)?REDIS_(?!CLIENT)\w+|CACHE_(?:STORE|DRIVER|PREFIX)|QUEUE_CONNECTION"
    r"|FILESYSTEM_(?:DISK|DRIVER)|MEMCACHED_HOST|MEMCACHED_PORT|DYNAMODB_CACHE_TABLE"
    r"|AWS_(?:BUCKET|DEFAULT_REGION|ENDPOINT|URL|USE_PATH_STYLE_ENDPOINT)|OCTANE_SERVER"
    r"|DATABASE_URL|TRUSTED_PROXIES|SANCTUM_STATEFUL_DOMAINS|(?:VITE|MIX)_\w+|PHP_CLI_SERVER_WORKERS"
    r"|APP_MAINTENANCE_\w+"
)
"""What the rest of the specification decides, or only a developer's machine needs."""

_LISTED: Final = frozenset((
    "APP_KEY", "APP_PREVIOUS_KEYS", "DB_PASSWORD", "REDIS_PASSWORD", "SESSION_REDIS_PASSWORD",
    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
))  # fmt: skip
"""Secrets that Holdfast knows of by itself."""

_REFERENCE: Final = re.compile(r"[$][{(]\w")
_ELSEWHERE: Final = ("redis.host", "redis.port", "redis.password", "database.", "app.key")
"""Values of the sessions that are decided by where they run."""

_KEPT: Final = ("APP_NAME", "APP_LOCALE", "APP_FALLBACK_LOCALE", "APP_TIMEZONE")
"""What everybody sees, wherever the application runs."""

_STOCK: Final = frozenset((
    "ABLY_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "MAIL_PASSWORD", "MAILGUN_SECRET",
    "MEMCACHED_PASSWORD", "POSTMARK_TOKEN", "POSTMARK_API_KEY", "PUSHER_APP_KEY",
    "PUSHER_APP_SECRET", "RESEND_KEY", "RESEND_API_KEY", "REVERB_APP_KEY", "REVERB_APP_SECRET",
))  # fmt: skip
"""Names in every skeleton's ``.env.example``: they count where they have a value."""

_LEFT_OUT: Final = {
    "SESSION_STORE": "sessions are in the driver's own store",
    "SESSION_HTTP_ONLY": "no script in a page may read the session's cookie",
}
"""What changes sessions, is refused in config, and has no field of its own."""

_SANCTUM: Final = "laravel/sanctum"
_MOST: Final = 60


def config(facts: Facts, spec: dict[str, Any]) -> Part:
    """The section ``config``.

    Args:
        spec: the rest of the specification, as far as it is known.
    """
    part, inner = Part(), Part()
    environment = facts.project.environment
    for name, place in sorted(_needed(facts).items()):
        raw = environment.raw(name)
        if (
            isinstance(raw, tuple) and fits(name, Variable) and not _REFERENCE.search(raw[0])
            and not is_of_process(name)
        ):  # fmt: skip
            inner.line(name, raw[0], place)
    for name, why in _LEFT_OUT.items():
        raw = environment.raw(name)
        if isinstance(raw, tuple) and raw[0].lower() not in ("", "null", "true"):
            part.task(raw[1].place, f"{name} is left out: {why}; does the application need it?")
    _sanctum(facts, spec["host"], inner)
    if "volume" in spec.get("storage", {}).get("uploads", {}):
        _disk(facts, inner)
    if spec["cache"]["store"] == "memcached":
        _memcached(facts, inner)
    file, names = facts.env_file()
    told = {use.name for row in facts.session.rows for use in row.source.uses}
    rest = [
        name for name in names
        if name not in {*inner.lines, *told} and not _DECIDED.fullmatch(name)
        and not _secret(facts, name)
    ]  # fmt: skip
    if rest:
        inner.remark(
            "rest",
            f"Also in {file}, and for you to decide: {', '.join(rest[:_MOST])}"
            + (", ..." if len(rest) > _MOST else "") + ".",
        )  # fmt: skip
    part.within("config", inner, "Variables that are no secrets.")
    return part


def secrets(facts: Facts) -> Part:
    """The section ``secrets``: names, never values."""
    part, inner = Part(), Part()
    file, names = facts.env_file()
    found = sorted(
        name for name in names
        if _secret(facts, name) and not _decided_url(name) and name not in _LISTED
        and not name.startswith(("VITE_", "MIX_")) and not is_of_process(name)
        and fits(name, Variable) and (_set(facts, name) or name not in _STOCK)
    )  # fmt: skip
    if found:
        inner.line("keys", found, f"names in {file}; no value was read out")
    part.within("secrets", inner)
    return part


def _decided_url(name: str) -> bool:
    """Whether an address with a password in it is one that another section takes apart."""
    return bool(_DECIDED.fullmatch(name)) and name.endswith("URL")


def _secret(facts: Facts, name: str) -> bool:
    raw = facts.project.environment.raw(name)
    return is_secret(name, raw[0] if isinstance(raw, tuple) else "")


def _set(facts: Facts, name: str) -> bool:
    value = facts.project.environment.env(name)
    return isinstance(value, tuple) and value[0] not in (None, "")


def _needed(facts: Facts) -> dict[str, str]:
    """The variables without which something that counts would be otherwise, with their places."""
    bare = effective_session(facts.bare)
    without = {row.name: row.value for row in bare.rows}
    changed = [
        row.source
        for row in facts.session.rows
        if without.get(row.name) != row.value and not row.name.startswith(_ELSEWHERE)
    ]
    uses = [use for source in changed for use in source.uses]
    for name in _KEPT:
        raw = facts.project.environment.raw(name)
        uses += [raw[1]] if isinstance(raw, tuple) else []
    return {
        use.name: use.place
        for use in uses
        if not _DECIDED.fullmatch(use.name) and not _secret(facts, use.name)
    }


def _sanctum(facts: Facts, host: str, part: Part) -> None:
    """The hosts whose pages have a session at the API."""
    if not facts.has(_SANCTUM):
        return
    name = "SANCTUM_STATEFUL_DOMAINS"
    said = facts.project.environment.env(name)
    found = middleware(facts.directory, facts.project, facts.directory.of(code)).stateful_api
    if found is None and said is None:
        return
    listed = str(said[0] or "").split(",") if isinstance(said, tuple) else []
    others = [each.strip() for each in listed if not is_local(each.strip().partition(":")[0])]
    where = said[1].place if isinstance(said, tuple) else str(found)
    domains = dict.fromkeys((host, *filter(None, others)))
    part.line(name, ",".join(domains), where, "Whose pages have a session at the API.")


def _disk(facts: Facts, part: Part) -> None:
    """The default disk, where it is on this machine and not the one called ``local``."""
    disk = facts.text("filesystems.default")
    if disk in (None, "local") or facts.text(f"filesystems.disks.{disk}.driver") != "local":
        return
    variable = "FILESYSTEM_DISK" if facts.major >= 9 else "FILESYSTEM_DRIVER"
    part.line(variable, disk, facts.where("filesystems.default"))


def _memcached(facts: Facts, part: Part) -> None:
    """The server of a cache that has no section of its own."""
    setting = "cache.stores.memcached.servers.0.host"
    host = facts.text(setting) or ""
    if fits(host, Address) and not is_local(host):
        part.line("MEMCACHED_HOST", host, facts.where(setting))
    else:
        part.line("MEMCACHED_HOST", "memcached.example.com", fill="the memcached of the cache")
