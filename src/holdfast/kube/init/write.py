"""The file: all sections, and what is left to do."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from holdfast.kube.init import commented, data, files, identity, sessions, variables, web, work
from holdfast.kube.init import redis as redis_servers
from holdfast.kube.init.facts import Facts
from holdfast.kube.init.names import unread
from holdfast.kube.init.part import Part, Task
from holdfast.kube.init.regions import one_region
from holdfast.kube.spec.laravel_app import API_VERSION, KIND

_REVERB: Final = "laravel/reverb"


class Gap(msgspec.Struct, frozen=True):
    """A value that is an example.

    Args:
        path: in the file, ``spec.image``.
        what: has to stand there.
    """

    path: str
    what: str


class Read(msgspec.Struct, frozen=True):
    """A value, and where it is from.

    Args:
        path: in the file.
        where: the place in the project.
    """

    path: str
    where: str


class Written(msgspec.Struct, frozen=True):
    """A LaravelApp.

    Args:
        text: YAML with comments.
        app: what it says.
        gaps: what is to be filled in.
        tasks: what is to be done in the project.
        read: where values are from.
    """

    text: str
    app: dict[str, Any]
    gaps: tuple[Gap, ...]
    tasks: tuple[Task, ...]
    read: tuple[Read, ...]


def write(facts: Facts) -> Written:
    """A project's LaravelApp."""
    whole = Part()
    called, where = identity.name(facts)
    whole.line("apiVersion", API_VERSION)
    whole.line("kind", KIND)
    name = Part()
    name.line("name", called, where, "Objects are called after it: it stays what it is.")
    whole.within("metadata", name)
    spec = _spec(facts, called)
    whole.within("spec", spec)
    lines = list(commented.lines(whole.lines))
    return Written(
        text="".join(f"# {line}\n" for line in _head(facts)) + commented.text(whole.lines),
        app=commented.values(whole.lines),
        gaps=tuple(Gap(path, line.fill) for path, line in lines if line.fill),
        tasks=tuple(dict.fromkeys([*whole.tasks, *_around(facts)])),
        read=tuple(Read(path, line.where) for path, line in lines if line.where),
    )


def _head(facts: Facts) -> list[str]:
    return [
        f"Written by `holdfast init` from a Laravel {facts.project.release}.",
        "Behind a value is where it was read; `holdfast render` makes the manifests.",
    ]


def _spec(facts: Facts, called: str) -> Part:
    spec = identity.identity(facts, called)
    layout = redis_servers.layout(facts)
    spec.within("web", web.web(facts))
    host = str(commented.values(spec.lines)["host"])
    spec.within("session", sessions.session(facts, layout, host))
    spec.take([
        data.cache(facts),
        data.database(facts),
        redis_servers.other(facts, layout),
        work.queues(facts),
        work.schedule(facts),
        work.migrate(facts),
        files.storage(facts),
    ])  # fmt: skip
    spec.tasks += web.proxies(facts).tasks
    if layout.others and not layout.sessions:
        spec.tasks += redis_servers.client(facts).tasks
    one_region(spec.lines)
    config = variables.config(facts, commented.values(spec.lines))
    spec.take([config, variables.secrets(facts)])
    spec.tasks += unread(facts, commented.values(spec.lines))
    return spec


def _around(facts: Facts) -> list[Task]:
    """What is no part of a LaravelApp, or could not be looked at."""
    found = []
    if facts.has(_REVERB):
        what = "its server is not rendered: run `reverb:start` in a Deployment of its own"
        found.append(Task(_REVERB, what))
    if facts.project.cached:
        found.append(
            Task(facts.project.cached, "it was read in place of .env and config/: is it current?")
        )
    elif not facts.project.environment.file and not facts.asked.env:
        read = facts.env_file()[1]
        what = "it is not there" + (", .env.example was read in its place" if read else "")
        found.append(Task(".env", f"{what}: does the application that runs say otherwise? --env"))
    found += [Task(str(broken.spot), f"not looked at: {broken.why}") for broken in facts.broken]
    return found
