"""One session's life: its attributes as a request sees them, and how they are loaded and saved.

``session`` knows no I/O; ``load`` and ``commit`` have the flows that read and write it in a store,
``merge`` the rules for two requests that changed it at the same time.
"""

from __future__ import annotations

from holdfast.session.commit import save
from holdfast.session.load import load
from holdfast.session.policy import Levels, Policy
from holdfast.session.rules import Rules
from holdfast.session.session import Session

__all__ = ["Levels", "Policy", "Rules", "Session", "load", "save"]
