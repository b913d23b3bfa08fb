"""How an application's sessions are saved: said once, for every request."""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.session.merge import Rules


@dataclass(frozen=True, slots=True)
class Policy:
    """What `save` goes by.

    Args:
        rules: what the application declares of its attributes, for merges.
        attempts: how often a save that meets another one is merged and written again. Each failed
            attempt means that somebody else's save got through.
        pause: seconds; the longest wait before the second attempt, doubled for each further one up
            to `longest_pause`. The first one is made at once.
        longest_pause: seconds.
        touch_after: the expiry is moved in steps of this many seconds or more, at most half a
            lifetime. The cookie's expiry moves with it, so that most answers set no cookie: one
            that set it could put a dead id back into a browser that has logged in meanwhile.
    """

    rules: Rules = field(default_factory=Rules)
    attempts: int = 32
    pause: float = 0.002
    longest_pause: float = 0.1
    touch_after: int = 60


DEFAULT = Policy()
