"""One session's life: its attributes as a request sees them, and how they are loaded and saved.

``session`` knows no I/O; ``lifecycle`` has the flows that read and write it in a store.
"""

from __future__ import annotations

from holdfast.session.lifecycle import load, save
from holdfast.session.session import Session

__all__ = ["Session", "load", "save"]
