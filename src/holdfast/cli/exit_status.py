"""What the command's exit status means; 2 and 3 are the errors' own (``core/errors.py``)."""

from __future__ import annotations

from typing import Final

HOLDS: Final = 0
VIOLATED: Final = 1
USAGE: Final = 2
BUG: Final = 70
INTERRUPTED: Final = 130
