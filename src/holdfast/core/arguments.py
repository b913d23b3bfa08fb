"""Arguments that are refused where they are given, not at the first request that needs them."""

from __future__ import annotations

from collections.abc import Collection

from holdfast.core.errors import UsageError


def require_choice(name: str, value: object, choices: Collection[object]) -> None:
    """Raise UsageError unless a value is one of the choices.

    Args:
        name: the argument's, for people: ``Levels.login``.
        value: what was given.
        choices: all that may be.
    """
    if value not in choices:
        raise UsageError(
            f"{name} is {value!r}, which is no choice",
            hint=f"one of: {', '.join(map(repr, choices))}",
        )


def require_number(name: str, value: float, *, least: int = 0, whole: bool = True) -> None:
    """Raise UsageError unless a value is a number, whole as a rule, and not too small."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:
        raise UsageError(
            f"{name} is {value!r}", hint=f"a {'whole ' * whole}number from {least} on is wanted"
        )


def require_texts(name: str, value: object, *, start: str = "") -> None:
    """Raise UsageError unless a value is a collection of texts, not one text.

    Args:
        name: the argument's.
        value: what was given.
        start: what each of them begins with.
    """
    hint = f"a collection of texts is wanted: [{start + '...'!r}]"
    if isinstance(value, str | bytes) or not isinstance(value, Collection):
        raise UsageError(f"{name} is {value!r}", hint=hint)
    for text in value:
        if not (isinstance(text, str) and text and text.startswith(start)):
            raise UsageError(f"{name} has {text!r} in it", hint=hint)


def require_kind(name: str, value: object, kind: type) -> None:
    """Raise UsageError unless a value is an object of a class."""
    if not isinstance(value, kind):
        raise UsageError(f"{name} is {value!r}", hint=f"{kind.__name__}(...) is wanted")
