"""Which files of a repository an image holds, and where.

Only what is certain: files that are named, and directories, from the build context or from another
stage of the same file. What a wildcard, an archive, a download or another image brings is not
known.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec

from holdfast.check.image.base import published
from holdfast.check.image.tree import Tree
from holdfast.check.sources import dockerignore
from holdfast.check.sources.dockerfile import Dockerfile
from holdfast.check.sources.dockerignore import Ignore
from holdfast.check.sources.stage import Copy, Effective
from holdfast.check.sources.stages import effective, stage_named, stages
from holdfast.manifests.text import Text, text_of
from holdfast.manifests.unreadable import Unreadable

_NOT_NAMED = re.compile(r"[*?\[]|^[a-z]+://|^git@")
# Directories that base images have: a file goes into them also without a slash at the end.
_DIRECTORY = re.compile(r"/(?:bin|sbin|etc|tmp|opt|srv|[\w-]+\.d)$")
_MAX_FILES = 200_000  # of all stages


@dataclass(frozen=True, slots=True)
class File:
    """A file of an image.

    Args:
        path: in the image.
        name: in the repository; the Dockerfile's where it stands in a here-document.
        inline: what it holds, where it stands in a here-document.
        copy: that brings it in.
    """

    path: str
    name: str
    copy: Copy = field(repr=False)
    inline: Text | None = field(default=None, repr=False)

    def text(self, tree: Tree) -> Text | None:
        """What it holds; None where that is no text, or cannot be read."""
        if self.inline is not None:
            return self.inline
        data = tree.read(self.name)
        found = text_of(data, self.name) if data is not None else None
        return None if isinstance(found, Unreadable) else found


def context_of(dockerfile: Dockerfile, tree: Tree) -> str | None:
    """The directory that the image is built in, by what it copies; None where that is not clear."""
    own = posixpath.dirname(dockerfile.file)
    candidates = [own]
    # The root is its own parent.
    while (above := posixpath.dirname(candidates[-1])) != candidates[-1]:
        candidates.append(above)
    named = _named(dockerfile)
    fitting = [
        each
        for each in candidates
        if all(_there(tree, posixpath.join(each, name)) for name in named)
    ]
    with_code = [each for each in fitting if posixpath.join(each, "composer.json") in tree.names]
    if len(with_code) == 1:
        return with_code[0]
    return fitting[0] if len(fitting) == 1 else None


def _named(dockerfile: Dockerfile) -> set[str]:
    """The files and directories of the context that are named."""
    found: set[str] = set()
    for stage in stages(dockerfile):
        at_end = effective(dockerfile, str(stage.index))
        for copy in at_end.copies if at_end else ():
            if copy.origin is None:
                found.update(
                    value.text.strip("/")
                    for value in copy.sources
                    if value.text and not _NOT_NAMED.search(value.text)
                )
    return {posixpath.normpath(name) for name in found if name} - {"."}


def _there(tree: Tree, name: str) -> bool:
    name = posixpath.normpath(name)
    return name in tree.names or name in tree.directories


def ignore_of(dockerfile: Dockerfile, context: str, tree: Tree) -> Ignore | None:
    """What keeps files of the context out; None where it cannot be read."""
    for name in (f"{dockerfile.file}.dockerignore", posixpath.join(context, ".dockerignore")):
        if name in tree.names and (data := tree.read(name)) is not None:
            found = dockerignore.read(data, name)
            return found if isinstance(found, Ignore) else None
    return Ignore()


def files_of(
    dockerfile: Dockerfile, stage: Effective, tree: Tree, context: str | None
) -> dict[str, File]:
    """The files of a stage by their paths."""
    ignore = ignore_of(dockerfile, context, tree) if context is not None else None
    return _Content(dockerfile, tree, context, ignore).of(stage)


def workdir(stage: Effective, written: str | None) -> str:
    """Where a relative path counts from; a name of its own where that is not known."""
    base = published(stage.base)
    if written is not None:
        return posixpath.join(base.workdir if base else "/?", written)
    return base.workdir if base else "/?"


class _Content(msgspec.Struct, frozen=True):
    dockerfile: Dockerfile
    tree: Tree
    context: str | None
    ignore: Ignore | None
    # By the index of a stage.
    known: dict[int, dict[str, File]] = msgspec.field(default_factory=dict)

    def of(self, stage: Effective) -> dict[str, File]:
        index = stage.stages[-1].index
        if index not in self.known:
            found: dict[str, File] = {}
            left = _MAX_FILES - sum(map(len, self.known.values()))
            for copy in stage.copies:
                for file in self._copied(stage, copy):
                    if len(found) < left:
                        found[file.path] = file
            self.known[index] = found
        return self.known[index]

    def _copied(self, stage: Effective, copy: Copy) -> Iterator[File]:
        if copy.target.text is None:
            return
        target = posixpath.join(workdir(stage, copy.workdir), copy.target.text)
        into = (
            copy.target.text.endswith(("/", "."))
            or len(copy.sources) > 1
            or posixpath.normpath(target) == workdir(stage, copy.workdir)
            or _DIRECTORY.search(target) is not None
        )
        for heredoc in copy.instruction.heredocs:
            path = posixpath.join(target, heredoc.name) if into else target
            yield File(posixpath.normpath(path), self.dockerfile.file, copy, heredoc.content)
        for value in copy.sources:
            if not value.text or _NOT_NAMED.search(value.text):
                continue
            if copy.origin is None:
                yield from self._of_context(copy, value.text, target, into=into)
            else:
                yield from self._of_stage(stage, copy, value.text, target, into=into)

    def _of_context(self, copy: Copy, source: str, target: str, *, into: bool) -> Iterator[File]:
        if self.context is None or self.ignore is None:
            return
        inside = posixpath.normpath(source.strip("/") or ".")
        name = posixpath.normpath(posixpath.join(self.context, inside))
        name = "" if name == "." else name
        if name in self.tree.names:
            if not self.ignore.excludes(inside):
                path = posixpath.join(target, posixpath.basename(name)) if into else target
                yield File(posixpath.normpath(path), name, copy)
        elif name in self.tree.directories:
            for relative in self.tree.below(name):
                if not self.ignore.excludes(posixpath.normpath(posixpath.join(inside, relative))):
                    path = posixpath.normpath(posixpath.join(target, relative))
                    yield File(path, posixpath.join(name, relative), copy)

    def _of_stage(
        self, stage: Effective, copy: Copy, source: str, target: str, *, into: bool
    ) -> Iterator[File]:
        every = stages(self.dockerfile)
        found = stage_named(every, copy.origin or "")
        # A stage can take from those before it alone, so that this ends.
        if found is None or found.index >= stage.stages[-1].index:
            return
        other = effective(self.dockerfile, str(found.index))
        source = posixpath.normpath(posixpath.join("/", source))
        for path, file in self.of(other).items() if other else ():
            if path == source:
                moved = posixpath.join(target, posixpath.basename(path)) if into else target
            elif path.startswith(source.rstrip("/") + "/"):
                moved = posixpath.join(target, posixpath.relpath(path, source))
            else:
                continue
            yield replace(file, path=posixpath.normpath(moved), copy=copy)
