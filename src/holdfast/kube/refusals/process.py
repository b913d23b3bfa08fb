"""Variables that are read before the application is: by the shell, the loader, PHP, its server.

`envFrom` gives them to every container of the application's image, hooks and `prepare` among them,
and to the server whose configuration is rendered. Laravel's own among them say where it keeps what
is mounted or cached at its usual places (Illuminate/Foundation/Application.php,
``normalizeCachePath`` and ``storagePath``), or what kind of process it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule

_NAMES = (
    "^(PATH|HOME|HOSTNAME|ENV|BASH_ENV|BASHOPTS|SHELL|SHELLOPTS|IFS|CDPATH|PS4|PWD|OLDPWD|TMPDIR"
    "|LD_[A-Z0-9_]+|GLIBC_TUNABLES|PHPRC|PHP_INI_SCAN_DIR|PHP_INI_DIR|CADDY_[A-Z0-9_]+"
    "|FRANKENPHP_[A-Z0-9_]+|XDG_[A-Z_]+|POD_NAME|APP_(CONFIG|SERVICES|PACKAGES|ROUTES|EVENTS)_CACHE"
    "|APP_RUNNING_IN_CONSOLE|LARAVEL_STORAGE_PATH)$"
)
_BEFORE = (
    "it is read before the application is, by the shell, PHP or its server, whose commands and"
    " configuration are rendered for what they find in the image"
)
_IN_IMAGE = "ENV in the image's Dockerfile, if the image needs it"
FIELD = f"nothing: {_BEFORE}"
"""In place of the field that decides such a variable."""


def is_of_process(name: str) -> bool:
    """Whether a variable is one of these."""
    return bool(re.fullmatch(_NAMES, name))


def _refused(app: App) -> Iterator[Refusal]:
    for name in app.spec.config:
        if is_of_process(name):
            yield Refusal(("config", name), _BEFORE, _IN_IMAGE, of_key=True)


RULES = (
    Rule(
        ("config",),
        f"{_BEFORE}: {_IN_IMAGE}",
        _refused,
        f"self.spec.config.all(k, !k.matches('{_NAMES}'))",
    ),
)
