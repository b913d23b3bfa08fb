"""What is refused of images, variables and the cache."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec.structs import FieldInfo, fields

from holdfast.kube.app import App
from holdfast.kube.refusals import beside_sessions, process, variables
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import WEB_MOST, Rule, all_refused, rule, web_most
from holdfast.kube.spec.laravel_app import Images

_MOVES = "a tag that moves makes pods of one rollout run different versions, and none can go back"
_FIXED = "a digest (@sha256:...) or a tag that never moves, e.g. :1.2.3"
_TAG = "@sha256:|:[^/:@]+$"


def _moves(image: str) -> bool:
    return not re.search(_TAG, image) or image.endswith(":latest")


def _fixed(path: str) -> str:
    return f"{path}.matches('{_TAG}') && !{path}.endsWith(':latest')"


def _image(field: FieldInfo) -> Rule:
    return rule(
        ("images", field.encode_name),
        _MOVES,
        _FIXED,
        broken=lambda app: _moves(getattr(app.spec.images, field.name)),
        cel=_fixed(f"self.spec.images.{field.encode_name}"),
    )


RULES = (
    rule(
        ("image",),
        _MOVES,
        _FIXED,
        broken=lambda app: _moves(app.spec.image),
        cel=_fixed("self.spec.image"),
    ),
    *map(_image, fields(Images)),
    *variables.RULES,
    *process.RULES,
    rule(
        ("config",),
        "DB_CONNECTION sqlite is a file in each pod: each has other users, and sessions and caches"
        " of its own",
        "database, with its driver",
        broken=lambda app: (
            app.spec.database is None and app.spec.config.get("DB_CONNECTION") == "sqlite"
        ),
        cel=(
            "has(self.spec.database) || !('DB_CONNECTION' in self.spec.config)"
            " || self.spec.config['DB_CONNECTION'] != 'sqlite'"
        ),
    ),
    rule(
        ("cache", "store"),
        "each pod would have a cache of its own: locks hold nobody off, session blocking among"
        " them, and limits on logins count by pod",
        "cache.store: database, or one pod alone: web.min: 1, no workers",
        broken=lambda app: (
            app.spec.cache.store in ("file", "array")
            and (web_most(app) > 1 or bool(app.spec.workers))
        ),
        cel=(
            f"!(self.spec.cache.store in ['file', 'array']) || ({WEB_MOST} <= 1"
            " && size(self.spec.workers) == 0)"
        ),
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """All that is refused of images, variables and the cache."""
    yield from all_refused(RULES, app)
    yield from variables.known_keys(app)
    yield from variables.decided_by_sections(app)
    yield from beside_sessions.refusals(app)
