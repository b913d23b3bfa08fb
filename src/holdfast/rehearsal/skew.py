"""Skew: one replica has another setting than the rest, as a half-done rollout leaves it.

Of a Secret or a ConfigMap, that is. Nothing fails then, and sessions are lost all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from holdfast.rehearsal.app_key import fresh_app_key

Setting = Literal["APP_KEY", "SESSION_ENCRYPT", "APP_NAME"]


@dataclass(frozen=True, slots=True)
class Skew:
    """A setting of one replica that is not that of the others.

    Args:
        setting: the environment variable.
        other: its value at that replica, from the value at the others; None where they have none.
        effect: what becomes of sessions in stock Laravel, for people.
    """

    setting: Setting
    other: Callable[[str | None], str] = field(repr=False)
    effect: str


SKEWS: dict[str, Skew] = {
    "key-skew": Skew(
        "APP_KEY",
        lambda _: fresh_app_key(),
        "the cookies that others made are void there, and each visit replaces them",
    ),
    "encrypt-skew": Skew(
        "SESSION_ENCRYPT",
        lambda usual: "false" if usual == "true" else "true",
        "what others saved is empty there, and each visit overwrites it",
    ),
    "name-skew": Skew(
        "APP_NAME",
        lambda _: "Other",
        "its cookie and its keys have other names, and the session of one side is not on the other",
    ),
}
"""By the name of the fault that does it."""
