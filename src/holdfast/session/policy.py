"""How an application's sessions are saved: said once, for every request."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias, get_args

from holdfast.core.arguments import require_choice, require_kind, require_number
from holdfast.core.errors import UsageError
from holdfast.core.metrics import Metrics, NoMetrics
from holdfast.session.rules import Rules
from holdfast.stores.contract import Level, Store

WhenUndecodable: TypeAlias = Literal["fresh", "refuse"]


@dataclass(frozen=True, slots=True)
class Levels:
    """The guarantee level of each kind of write, see ``stores.contract.Level``.

    Args:
        login: a session that gets a new id: a login, a regenerated id.
        logout: a session that is invalidated.
        data: every other write.

    Raises:
        UsageError: there is no such level.
    """

    login: Level = "fast"
    logout: Level = "fast"
    data: Level = "fast"

    def __post_init__(self) -> None:
        for kind in fields(self):
            require_choice(f"Levels.{kind.name}", getattr(self, kind.name), get_args(Level))

    def require_of(self, store: Store) -> None:
        """Raise UsageError where a store can never hold one of them, however well it is."""
        for kind in fields(self):
            level = getattr(self, kind.name)
            if level not in store.levels:
                raise UsageError(
                    f"Levels.{kind.name} is {level!r}, which {store.where} can never hold",
                    hint="leave it at 'fast', or open a Redis with replicas=N in its URL",
                )


@dataclass(frozen=True, slots=True)
class Policy:
    """What `load` and `save` go by.

    Args:
        rules: what the application declares of its attributes, for merges.
        levels: what each kind of write is to survive.
        grace_seconds: for how long a replaced id leads its own browser to the new one, so that
            requests in flight at a login are not logged out; 0: not at all.
        fence_seconds: for how long nothing is created under an id that has ended: the longest that
            a request runs. Writers that do not know about conditions are what it stops. As long a
            logout finds a session that has moved; with 0 it ends with SessionGone instead.
        undecodable: what becomes of a session whose stored bytes cannot be read. ``fresh``: the
            bytes are set aside in the store's quarantine and the visitor gets a new session;
            ``refuse``, and where the quarantine cannot take them: `Undecodable`.
        attempts: how often a save that meets another one is merged and written again. Each failed
            attempt means that somebody else's save got through.
        pause: seconds; the longest wait before the third attempt, doubled for each further one up
            to ``longest_pause``. The second one is made at once.
        longest_pause: seconds.
        repeats: how often a write whose answer was lost is performed again to learn what became of
            it, with pauses as above.
        repeat_seconds: for how long, from when it was first performed on: after that it is not
            performed again, but what has begun goes on for as long as the store lets it.
        touch_after: the expiry is moved in steps of this many seconds or more, at most half a
            lifetime. The cookie's expiry moves with it, so that most answers set no cookie: one
            that set it could put a dead id back into a browser that has logged in meanwhile.
        metrics: is told of ``merged``, ``conflict``, ``followed`` (by a logout too), ``gone``,
            ``undecodable`` (with ``reason``), ``not_set_aside``, ``repeated``, ``unknown``, and by
            the middleware of ``cookie_not_opened``; ``docs/python-services.md`` says what they
            mean.

    Raises:
        UsageError: a value that none of this can be.
    """

    rules: Rules = field(default_factory=Rules)
    levels: Levels = field(default_factory=Levels)
    grace_seconds: int = 10
    fence_seconds: int = 60
    undecodable: WhenUndecodable = "fresh"
    attempts: int = 64
    pause: float = 0.002
    longest_pause: float = 0.2
    repeats: int = 12
    repeat_seconds: float = 10
    touch_after: int = 60
    metrics: Metrics = field(default_factory=NoMetrics, repr=False)

    def __post_init__(self) -> None:
        require_kind("Policy.rules", self.rules, Rules)
        require_kind("Policy.levels", self.levels, Levels)
        require_choice("Policy.undecodable", self.undecodable, get_args(WhenUndecodable))
        for name in ("grace_seconds", "fence_seconds", "repeats", "touch_after"):
            require_number(f"Policy.{name}", getattr(self, name))
        require_number("Policy.attempts", self.attempts, least=1)
        for name in ("pause", "longest_pause", "repeat_seconds"):
            require_number(f"Policy.{name}", getattr(self, name), whole=False)


DEFAULT = Policy()
