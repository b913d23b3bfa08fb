"""Skew: one replica has another setting than the rest, as a half-done rollout leaves it.

Of a Secret or a ConfigMap, that is. Nothing fails then, and sessions are lost all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.compare import Program, Setup


@dataclass(frozen=True, slots=True)
class Skew:
    """A setting of one replica that is not that of the others.

    Args:
        setting: the environment variable.
        programs: those that read it.
        other: its value at that replica, from the value at the others; None where they have none.
        effect: what becomes of sessions in stock Laravel, for people.
    """

    setting: str
    programs: tuple[Program, ...]
    other: Callable[[str | None], str] = field(repr=False)
    effect: str

    def lacks(self, setup: Setup) -> str | None:
        """Why it cannot be done to a setup, for people; None where it can."""
        if set(self.programs).isdisjoint(setup.programs):
            return f"its replicas have no {self.setting}"
        return None


SKEWS: dict[str, Skew] = {
    "key-skew": Skew(
        "APP_KEY",
        ("laravel", "shop"),
        lambda _: fresh_app_key(),
        "the cookies that others made are void there, and each visit replaces them",
    ),
    "encrypt-skew": Skew(
        "SESSION_ENCRYPT",
        ("laravel", "shop"),
        lambda usual: "false" if usual == "true" else "true",
        "what others saved is empty there, and each visit overwrites it",
    ),
    "name-skew": Skew(
        "APP_NAME",
        ("laravel",),
        lambda _: "Other",
        "its cookie and its keys have other names, and the session of one side is not on the other",
    ),
}
"""By the name of the fault that does it."""
