"""The commands that apply a rendering: nothing runs the new version before it has migrated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from shlex import quote

from holdfast.kube.app import Object
from holdfast.kube.files import file_of
from holdfast.kube.objects import COMPONENT
from holdfast.kube.render import Rendered

_LOOK = 10
"""Seconds between two looks at whether the Job has failed."""
_AT_LEAST = 60
"""Seconds that its pod may take to start."""
_RUN = ("web", "workers", "scheduler", "edge")
"""Concerns of the new version, and of who is sent to it."""


def of_files(rendered: Rendered, directory: str, strangers: Sequence[str] = ()) -> list[str]:
    """For a directory with a file for each concern.

    Args:
        strangers: names of files in it that are not ours, so that it is not applied as a whole.
    """
    every = f" -f {quote(directory)}"
    if strangers:
        every = _each(directory, rendered.objects)
    names = ", ".join(strangers)
    return [
        *([f"# not ours, and not applied: {names}"] if strangers else []),
        *_ordered(
            rendered,
            f"kubectl apply{_each(directory, _before(rendered))}",
            f"kubectl apply{every}",
        ),
    ]


def of_overlay(rendered: Rendered, overlay: str) -> list[str]:
    """For a kustomization: what is applied first is told apart by the labels of its components.

    Args:
        rendered: what it builds.
        overlay: its directory.
    """
    of_version = {name for concern in _RUN for name in _components(rendered, concern)}
    first = {name for concern in _before(rendered) for name in _components(rendered, concern)}
    selector = f"{COMPONENT} in ({','.join(sorted(first - of_version))})"
    return _ordered(
        rendered,
        f"kubectl kustomize {quote(overlay)} | kubectl apply -f - -l '{selector}'",
        f"kubectl apply -k {quote(overlay)}",
    )


def of_stdout(rendered: Rendered) -> list[str]:
    """For a stream, which has no place to wait at."""
    return [
        f"# piped into kubectl apply, the new version runs before {_name(job)} has migrated:"
        " -o DIR makes files, and has the commands in their order"
        for job in _jobs(rendered)
    ]


def _ordered(rendered: Rendered, first: str, last: str) -> list[str]:
    for job in _jobs(rendered):
        delete = f"kubectl delete{_where(job)} {_name(job)}"
        return [
            f"{first} &&",
            f"{_waited(job)} &&",
            last,
            f"# where it fails the old version serves on: mend what the log says, {delete}, again",
        ]
    return [last]


def _waited(job: Object) -> str:
    """A wait that ends when the Job has failed, too: ``kubectl wait`` knows one condition alone."""
    seconds = job["spec"].get("activeDeadlineSeconds", 600) + _AT_LEAST
    wait, name = f"kubectl wait{_where(job)} {_name(job)}", _name(job)
    return (
        f"(for i in $(seq {-(-seconds // _LOOK)}); do"
        f" {wait} --for=condition=complete --timeout={_LOOK}s 2>/dev/null && exit;"
        f" {wait} --for=condition=failed --timeout=0s 2>/dev/null && break; done;"
        f" kubectl logs{_where(job)} {name} --tail=50; exit 1)"
    )


def _each(directory: str, concerns: Iterable[str]) -> str:
    return "".join(f" -f {quote(f'{directory}/{file_of(concern)}')}" for concern in concerns)


def _before(rendered: Rendered) -> list[str]:
    """The concerns up to migrations."""
    concerns = list(rendered.objects)
    return concerns[: concerns.index("migrations") + 1] if "migrations" in concerns else []


def _components(rendered: Rendered, concern: str) -> Iterator[str]:
    for one in rendered.objects.get(concern, ()):
        yield one["metadata"]["labels"][COMPONENT]


def _jobs(rendered: Rendered) -> list[Object]:
    return [one for one in rendered.objects.get("migrations", ()) if one["kind"] == "Job"]


def _name(job: Object) -> str:
    return f"job/{job['metadata']['name']}"


def _where(job: Object) -> str:
    namespace = job["metadata"].get("namespace")
    return f" -n {namespace}" if namespace else ""
