"""The report of a rehearsal as one HTML file that needs no network."""

from holdfast.cli.html.page import page

__all__ = ["page"]
