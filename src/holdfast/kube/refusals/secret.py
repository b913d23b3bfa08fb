"""What is refused of the Secret, as far as it is known: its variables win over all others.

A container's ``envFrom`` is read in its order, and the Secret comes last. A `.env` file of
somebody's machine, taken for one, brings SESSION_DRIVER=file and REDIS_HOST=127.0.0.1 with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.environment.gather import pinned
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.variables import field_of

_NOTHING = ("", "null", "(null)", "empty", "(empty)")
"""What Laravel's ``env()`` takes for no value."""


def refusals(app: App) -> Iterator[Refusal]:
    """Variables that would say something else than the specification."""
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
