"""One run of ``check``: paths in, a result out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.check.apps import alone, apps, codes
from holdfast.check.engine import judged, sifted, sort_key
from holdfast.check.kubernetes.objects import Objects
from holdfast.check.kubernetes.workload import workloads
from holdfast.check.repository import Repository, repository
from holdfast.check.result import Counts, NotJudged, Result
from holdfast.check.rule import Found, Rule
from holdfast.check.rules import RULES
from holdfast.check.sources.files import Files, real
from holdfast.check.sources.kustomize.build import NAMES as KUSTOMIZATIONS
from holdfast.check.sources.kustomize.build import kustomizations
from holdfast.check.sources.manifests import SUFFIXES, looks_like_manifest, manifests
from holdfast.check.suppressions import in_annotations, in_comments
from holdfast.check.target import Target
from holdfast.core.errors import HoldfastError


@dataclass(frozen=True)
class Request:
    """What is to be checked.

    Args:
        paths: directories and files.
        stdin: manifests from standard input; None for none.
        base: what names are shown relative to.
        projects: Laravel projects outside the paths.
        extra: variables that win over those of manifests and ``.env``.
        laravel: the major version, where no project says it.
        rules: that are run.
        exclude: files and directories that are left out, as ``Files`` has it.
    """

    paths: Sequence[Path]
    base: Path
    stdin: bytes | None = field(default=None, repr=False)
    projects: Sequence[Path] = ()
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
    laravel: int | None = None
    rules: Sequence[Rule] = RULES
    exclude: Sequence[str] = ()


def audit(request: Request) -> Result:
    """Check.

    Raises:
        UsageError: a path is not there.
    """
    files = Files(request.base, request.exclude)
    targets = collect(request, files)
    found = judged(targets, request.rules)
    _read_named(found, files)
    allowed = [
        *in_comments(files.contents),
        *in_annotations(one for target in targets for one in target.objects),
    ]
    kept, suppressed = sifted(found, allowed, request.rules)
    return Result(
        tuple(sorted(kept, key=sort_key)),
        tuple(suppressed),
        files.contents,
        _counts(targets, files, request.rules),
    )


def _read_named(found: Sequence[Found], files: Files) -> None:
    """Have the files that findings name: reports and comments need those of the project too."""
    places = (
        place
        for one in found
        for place in (one.finding.place, *(related.place for related in one.finding.related))
    )
    for name in sorted({place.file for place in places if place.line} - {"-"}):
        files.read(files.base / name)


def collect(request: Request, files: Files) -> list[Target]:
    """What is to be judged, read from disk.

    Raises:
        UsageError: a path is not there.
    """
    paths = list(files.walk(request.paths))
    # Of a project that is named beside the paths its code and its image count, no manifests.
    every = list(dict.fromkeys([*paths, *files.walk(request.projects)]))
    found = list(codes(every, request.base, request.laravel))
    built = kustomizations(paths, files)
    sources = [
        (files.shown(path), data)
        for path in _once(path for path in paths if path.suffix in SUFFIXES)
        if path.name not in KUSTOMIZATIONS
        and not any(one.uses(real(path)) for one in built)
        and (data := files.read(path)) is not None
        and looks_like_manifest(path, data)
    ]
    if request.stdin is not None:
        files.put("-", request.stdin)
        sources.append(("-", request.stdin))
    read = manifests(sources)
    beside = repository_of(every, files)
    failed: dict[str, HoldfastError] = {}
    bundles = [*read.bundles, *((b.directory, Objects(b.objects)) for b in built if b.objects)]
    targets = [
        Target(
            name,
            objects,
            apps(running, found, failed, beside.images, extra=request.extra),
            files=files.contents,
            workloads=running,
        )
        for name, objects in bundles
        for running in (workloads(objects),)
    ]
    deployed = {app.directory for target in targets for app in target.apps}
    targets.extend(
        Target(code.name, Objects(()), (app,), files=files.contents)
        for code in found
        if code.directory not in deployed and (app := alone(code, failed, request.extra))
    )
    targets = with_repository(targets, beside, files)
    if read.unreadable:
        targets.append(Target("", Objects(()), (), read.unreadable, files.contents))
    files.not_judged.extend(NotJudged(one.directory, one.why) for one in built if one.refused)
    files.not_judged.extend(
        NotJudged(one.place.file, "a template") for one in read.unreadable if one.template
    )
    files.not_judged.extend(
        NotJudged(name, str(error), isinstance(error.__cause__, OSError))
        for name, error in failed.items()
    )
    return targets


def _once(paths: Iterable[Path]) -> Iterator[Path]:
    """Files without the links to others of them: what they hold is there once."""
    every = list(paths)
    there = {path for path in every if not path.is_symlink()}
    for path in every:
        if path in there or real(path) not in there:
            there.add(real(path))
            yield path


def repository_of(paths: Sequence[Path], files: Files) -> Repository:
    """Images, pipelines and servers among some files."""
    by_name = {files.shown(path): path for path in paths}
    return repository(by_name, lambda name: files.read(by_name[name]))


def with_repository(targets: list[Target], beside: Repository, files: Files) -> list[Target]:
    """The targets, of which those know the repository that its images are run by.

    Which manifest runs which image is not written anywhere: of several bundles those with Laravel
    in them count.
    """
    files.not_judged.extend(beside.not_judged)
    if not beside:
        return targets
    running = [target for target in targets if target.apps and len(target.objects)]
    deployed = [target for target in targets if len(target.objects)]
    if not targets:
        return [Target("", Objects(()), (), (), files.contents, beside)]
    knowing = running or deployed or targets
    return [replace(t, repository=beside) if t in knowing else t for t in targets]


def _counts(targets: Sequence[Target], files: Files, rules: Sequence[Rule]) -> Counts:
    return Counts(
        images=len({image.file for t in targets for image in t.repository.images}),
        projects=len({app.directory for t in targets for app in t.apps} - {None}),
        manifests=len({one for target in targets for one in target.objects}),
        workloads=len({one.object for target in targets for one in target.workloads}),
        rules=len(rules),
        not_judged=tuple(files.not_judged),
    )
