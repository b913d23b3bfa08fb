"""Laravel's session lock: requests of one browser one after the other, PHP's and ours.

As ``Route::block`` and ``session.block`` (Illuminate/Session/Middleware/StartSession.php,
handleRequestWhileBlocking, 8 to 13): the name is ``session:`` and the id that the request came
with, whatever id it leaves with; taken before the session is read, given back after it was saved;
10 s, 10 s and 50 ms by default. As Laravel from 11.20 on, it gives up before a pause that would
pass the limit.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.core.errors import SessionLocked, StoreError, StoreUnavailable
from holdfast.core.flow import Flow, Sleep, do
from holdfast.stores.locks import Acquire, Held, Locked, Release, Unknown

PAUSE_SECONDS = 0.05
"""Between two attempts; Laravel's is fixed too."""

OWNER_LENGTH = 16
"""As ``Str::random()`` makes them."""

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Limits:
    """How long.

    Args:
        lock_seconds: the lock ends by itself after so many. A request that takes longer is no
            longer alone, as in Laravel; its save is conditional and merged all the same.
        wait_seconds: how long a request waits for its turn; 0: one attempt.
    """

    lock_seconds: int = 10
    wait_seconds: float = 10


DEFAULT = Limits()


def acquire(sid: str, limits: Limits, *, clock: Callable[[], float] = time.monotonic) -> Flow[str]:
    """Wait for a session's lock, take it, and give its owner, which :func:`release` wants.

    Where this fails, by cancellation too, no lock is left behind that it may have taken.

    Args:
        sid: the id that the request came with.
        limits: how long.
        clock: seconds, from anywhere.

    Raises:
        SessionLocked: somebody else held it until the wait was over.
        StoreError: the store of locks cannot be used.
    """
    owner = "".join(secrets.choice(_LETTERS) for _ in range(OWNER_LENGTH))
    attempt = Acquire(_name(sid), owner, limits.lock_seconds)
    last = clock() + limits.wait_seconds - PAUSE_SECONDS
    unanswered = False
    taken = True  # for all that is known
    try:
        while True:
            taken = True
            try:
                answer = yield from do(attempt)
            except StoreError:
                taken = unanswered
                raise
            match answer:
                case Locked():
                    return owner
                case Held():
                    taken = unanswered = False
                case Unknown():
                    unanswered = True
            if clock() > last:
                raise _late(answer, limits)
            yield from do(Sleep(PAUSE_SECONDS))
    except GeneratorExit:
        raise  # closed: nobody performs anything any more
    except BaseException:
        if taken:
            yield from release(sid, owner)
        raise


def release(sid: str, owner: str) -> Flow[bool]:
    """Give a session's lock back; False: it had ended before, and others may have been beside us.

    A store that does not answer is no error: the work is done, and the lock ends by itself.
    """
    with_certainty = True
    while True:
        try:
            answer = yield from do(Release(_name(sid), owner))
        except StoreError:
            return True
        if not isinstance(answer, Unknown):
            return answer or not with_certainty
        if not with_certainty:
            return True
        with_certainty = False


def _name(sid: str) -> str:
    return f"session:{sid}"


def _late(answer: Held | Unknown, limits: Limits) -> SessionLocked | StoreUnavailable:
    if isinstance(answer, Unknown):
        return StoreUnavailable(
            f"the session's lock: {answer.reason}, for {limits.wait_seconds:g} s",
            hint="is the store of locks running, and reachable?",
        )
    return SessionLocked(
        f"another request held the session's lock for {limits.wait_seconds:g} s; "
        "nothing was read or written",
        hint="run it again later, answer 423, or lock fewer requests",
    )
