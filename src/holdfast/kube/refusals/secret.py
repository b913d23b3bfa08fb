"""What is refused of the Secret, as far as it is known: its variables win over all others.

A container's ``envFrom`` is read in its order, and the Secret comes last. A `.env` file of
somebody's machine, taken for one, brings SESSION_DRIVER=file and REDIS_HOST=127.0.0.1 with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast.kube.app import App
from holdfast.kube.environment.gather import pinned
from holdfast.kube.needed import required
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.variables import field_of

_NOTHING = ("", "null", "(null)", "empty", "(empty)")
"""What Laravel's ``env()`` takes for no value."""
_OTHER_WORDS = ("true", "(true)", "false", "(false)")
"""What it makes a boolean of (Illuminate/Support/Env.php, ``getOption``)."""


def refusals(app: App) -> Iterator[Refusal]:
    """Variables that would say something else than the specification, or nothing at all."""
    yield from _contradicting(app)
    if app.secret is not None:
        yield from _lacking(app, app.secret)


def _lacking(app: App, secret: Mapping[str, str]) -> Iterator[Refusal]:
    """What pods cannot run without; the reason never has a value in it."""
    lacking = [name for name in sorted(set(required(app))) if name not in secret]
    if lacking:
        yield Refusal(
            ("secretName",),
            f"the file of --secret-env lacks {', '.join(lacking)}",
            f"add {'them' if len(lacking) > 1 else 'it'} there"
            + ("; or say `database` in this file" if "DB_CONNECTION" in lacking else ""),
        )
    for name in sorted(set(required(app)) & secret.keys()):
        if (why := _unusable(secret[name])) is not None:
            yield Refusal(("secretName",), f"{name} of --secret-env {why}", "the value itself")
    if app.spec.database is None and secret.get("DB_CONNECTION") == "sqlite":
        yield Refusal(
            ("secretName",),
            "DB_CONNECTION of --secret-env is sqlite, a file in each pod: each has other users, and"
            " sessions and caches of its own",
            "a server that all pods reach; or `database`, with its driver",
        )


def _unusable(value: str) -> str | None:
    if not value.strip():
        return "is empty"
    if value.lower() in (*_NOTHING, *_OTHER_WORDS):
        return "is a word that Laravel takes for something else (null, empty, true, false)"
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return "has quotes in it, which Laravel takes off and other programs do not"
    return None


def _contradicting(app: App) -> Iterator[Refusal]:
    decided = pinned(app)
    for name, value in sorted((app.secret or {}).items()):
        field = field_of(app, name)
        usual = value == decided[name] if name in decided else value.lower() in _NOTHING
        if field is not None and not usual:
            yield Refusal(("secretName",), _wins(name), f"take it out of the Secret; {_way(field)}")
    for index, name in enumerate(app.spec.secrets.keys):
        if (field := field_of(app, name)) is not None:
            yield Refusal(
                ("secrets", "keys", index), _wins(name), f"take it out of the Secret; {_way(field)}"
            )


def _wins(name: str) -> str:
    return f"{name} in the Secret wins over what is decided here, since pods read it last"


def _way(field: str) -> str:
    decides, _, why = field.partition(": ")
    return why if decides == "nothing" else f"{field} decides it"
