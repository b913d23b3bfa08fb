"""What stands in a repository beside Laravel's code and manifests: images, pipelines, servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Final

from holdfast.check.image.image import Image, images_of
from holdfast.check.image.tree import Tree
from holdfast.check.result import NotJudged
from holdfast.check.sources import nginx
from holdfast.check.sources.ci import Step, steps, system_of
from holdfast.check.sources.nginx import Directive, walk
from holdfast.manifests.text import text_of
from holdfast.manifests.unreadable import Unreadable

_DOCKERFILE: Final = re.compile(
    r"(?:Dockerfile|Containerfile)(?:[.-](?!dockerignore$).+)?|.+\.(?i:dockerfile)"
)
# Of development and tests, put aside, or a template of something.
_NO_IMAGE: Final = re.compile(
    r"(?:^|[-_./])(?:dev|devel|development|local|tests?|testing|ci|debug|devcontainer|bak|old|orig"
    r"|j2|tmpl|tpl|template|erb|twig)(?:$|[-_./])"
)
_NGINX: Final = re.compile(r".+\.conf(?:\.(?:template|tpl|dist))?|.+\.nginx")
_SERVES: Final = frozenset(("server", "location", "fastcgi_pass", "proxy_pass", "log_format"))


@dataclass(frozen=True, eq=False)
class Repository:
    """What was found.

    Args:
        images: that are built here, those of development left out.
        steps: what pipelines and Composer run.
        nginx: configurations of nginx, by the file's name.
        not_judged: what is one of these and could not be read.
    """

    images: tuple[Image, ...] = ()
    steps: tuple[Step, ...] = ()
    nginx: tuple[tuple[str, tuple[Directive, ...]], ...] = ()
    not_judged: tuple[NotJudged, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        """Whether there is anything to judge."""
        return bool(self.images or self.steps or self.nginx)


def repository(names: Iterable[str], read: Callable[[str], bytes | None]) -> Repository:
    """Read what is there.

    Args:
        names: of all files, as they are shown.
        read: the bytes of one; None where it cannot be read.
    """
    tree = Tree(frozenset(names), read)
    images: list[Image] = []
    found: list[Step] = []
    refused: list[NotJudged] = []
    servers: list[tuple[str, tuple[Directive, ...]]] = []
    for name in sorted(tree.names):
        path = PurePath(name)
        if _DOCKERFILE.fullmatch(path.name) and not _NO_IMAGE.search(name.lower()):
            made = images_of(read(name) or b"", name, tree)
            if isinstance(made, Unreadable):
                refused.append(NotJudged(name, made.why))
            else:
                images.extend(made)
        elif system := system_of(path):
            found.extend(steps(read(name) or b"", name, system))
        elif _NGINX.fullmatch(path.name):
            servers.extend((name, directives) for directives in _servers(read(name) or b"", name))
    return Repository(tuple(images), tuple(found), tuple(servers), tuple(refused))


def _servers(data: bytes, name: str) -> Iterator[tuple[Directive, ...]]:
    """The directives of a file, where they surely are nginx's."""
    text = text_of(data, name)
    found = nginx.parse(text) if not isinstance(text, Unreadable) else ()
    if not isinstance(found, Unreadable) and any(each.name in _SERVES for each, _ in walk(found)):
        yield found
