"""Work that makes many objects and keeps nearly all of them until the command ends."""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Python looks for garbage once more at its end; there is none that matters by then.
atexit.register(gc.freeze)


@contextmanager
def short_life() -> Iterator[None]:
    """Leave the search for garbage out: it took a third of a check's time and found nothing.

    What was made stays out of it afterwards: else all of it would be gone through on leaving.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.freeze()
            gc.enable()
