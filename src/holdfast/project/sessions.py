"""Whether an application opens sessions at all: one that answers an API alone opens none."""

from __future__ import annotations

import re
from typing import Final

from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.packages import packages
from holdfast.project.script import Call, Script
from holdfast.project.syntax import PhpFile
from holdfast.project.values import Broken

_BOOTSTRAP: Final = "bootstrap/app.php"
_KERNEL: Final = "app/Http/Kernel.php"
_OPENS: Final = re.compile(
    rb"StartSession|statefulApi|EnsureFrontendRequestsAreStateful|\bsession\(|\bSession::"
)
_IN_WEB: Final = re.compile(rb"""middleware['"]?\s*(?:\(|=>)\s*\[?\s*['"]web['"]""")
_PAGES: Final = re.compile(
    r"(?:filament|livewire|inertiajs|statamic|backpack|orchid|tcg|awcodes)/.*"
    r"|laravel/(?:horizon|telescope|nova|pulse|fortify|jetstream|breeze|folio|passport|ui|spark.*)"
)
"""Packages that bring pages of their own."""


def without_sessions(directory: Directory) -> bool:
    """Whether surely no request opens one, as far as the application's own code says."""
    listed = directory.of(files)
    if any(directory.has(name, _OPENS) for name in listed):
        return False
    routing = _routing(directory)
    if routing is None:  # as before Laravel 11: the groups are the application's own
        kernel = directory.tree(_KERNEL)
        return isinstance(kernel, PhpFile) and b"middlewareGroups" in kernel.data
    if any(directory.has(name, _IN_WEB) for name in listed):
        return False
    if any(
        _PAGES.fullmatch(name) and not package.dev
        for name, package in packages(directory).packages.items()
    ):
        return False
    return not any(
        routing.argument(position, name) is not None
        for position, name in ((0, "using"), (1, "web"), (5, "pages"), (8, "then"))
    )


def _routing(directory: Directory) -> Call | None:
    file = directory.tree(_BOOTSTRAP)
    if file is None or isinstance(file, Broken):
        return None
    return next((call for call in Script(file).calls() if call.name == "->withRouting"), None)
