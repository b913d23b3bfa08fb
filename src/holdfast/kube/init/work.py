"""What runs behind requests: queues, Horizon, the schedule, migrations."""

from __future__ import annotations

import re
from typing import Final

from holdfast.kube.init.commented import Block, Line
from holdfast.kube.init.facts import Facts
from holdfast.kube.init.part import Part, fits
from holdfast.kube.spec.words import Seconds
from holdfast.kube.spec.workers import Queue, QueueName
from holdfast.project.horizon import PACKAGE as HORIZON
from holdfast.project.horizon import Supervisor, supervisors
from holdfast.project.migrations import migrations
from holdfast.project.scheduled import scheduled
from holdfast.project.values import Unknown

_USUAL: Final = 60
"""Seconds that ``queue:work`` and Horizon give a job that says nothing."""
Told = tuple[tuple[int, str], ...]
"""Seconds that a job may take, and where that is said."""

_RENDERED: Final = ("redis", "database", "sqs")
_MARGIN: Final = 30
"""Seconds between the longest job and the moment when somebody else may take it."""
_MASTER_MEMORY: Final = 192
"""Megabytes for Horizon's master and its supervisors, beside the workers."""


def queues(facts: Facts) -> Part:
    """The sections ``queue`` and ``workers``."""
    part = Part()
    name = facts.text("queue.default") or ""
    driver = facts.text(f"queue.connections.{name}.driver") or name
    where = facts.where("queue.default")
    horizon = facts.has(HORIZON)
    if driver not in _RENDERED and not horizon:
        _without(facts, driver, where, part)
        return part
    queue = Part()
    if horizon and driver != "redis":
        queue.line("connection", "redis", f"Horizon needs it; {where} says {driver or 'none'}")
    else:
        queue.line("connection", driver, where)
    plan = supervisors(facts.project) if horizon else ()
    told = tuple((each.timeout, each.place) for each in plan) if isinstance(plan, tuple) else ()
    _retry_after(facts, "redis" if horizon else name, told, queue)
    if driver == "sqs":
        _sqs(facts, name, queue)
    table = facts.text(f"queue.connections.{name}.table") or "jobs"
    if driver == "database" and not horizon and facts.lacks_table(table):
        command = "make:queue-table" if facts.major >= 11 else "queue:table"
        queue.task("database/migrations", f"no migration makes {table}: php artisan {command}")
    part.within("queue", queue)
    part.take([_horizon(facts, plan) if horizon else _workers(facts, name)])
    return part


def _without(facts: Facts, driver: str, where: str, part: Part) -> None:
    """Nothing waits: a request does its jobs itself."""
    if driver in ("sync", "null", "", "deferred", "background"):
        classes = len(facts.queued.classes)
        more = f"; {classes} classes could be queued, by workers and a queue" if classes else ""
        said = driver or "not told"
        part.remark("workers", f"No workers: the queue is {said} ({where}){more}.")
        return
    part.remark("workers", f"No workers: the queue {driver} ({where}) is not rendered.")
    part.task(where, f"jobs in {driver} need workers of your own, or one of {', '.join(_RENDERED)}")


def _retry_after(facts: Facts, name: str, told: Told, part: Part) -> None:
    setting = f"queue.connections.{name}.retry_after"
    value = facts.known(setting)
    # What a variable sets is set by Holdfast, from the longest job.
    if value is not None and facts.fixed(setting) and fits(value.value, Seconds):
        longest, where = _longest(facts, told)
        if isinstance(value.value, int) and longest < value.value:
            part.line("retryAfter", value.value, str(value.source))
            return
        more = min(longest + _MARGIN, 86_400)
        part.line("retryAfter", more, "", f"{value.source} says {value.value}: see what is to do.")
        part.task(
            str(value.source),
            f"a job of {longest} s ({where}) is done twice: write 'retry_after' => {more}",
        )


def _sqs(facts: Facts, name: str, part: Part) -> None:
    prefix = facts.text(f"queue.connections.{name}.prefix") or ""
    queue = facts.text(f"queue.connections.{name}.queue") or "default"
    said = facts.text(f"queue.connections.{name}.region") or ""
    region = said if re.fullmatch(r"[a-z0-9-]+", said) else "us-east-1"
    url = f"{prefix.rstrip('/')}/{queue}"
    where = facts.where(f"queue.connections.{name}.prefix")
    if "your-account-id" not in url and fits({"sqsQueueUrl": url}, Queue):
        part.line("sqsQueueUrl", url, where)
    else:
        part.line(
            "sqsQueueUrl", f"https://sqs.{region}.amazonaws.com/123456789012/{queue}",
            fill="the queue's address",
        )  # fmt: skip


def _longest(facts: Facts, told: Told) -> tuple[int, str]:
    """How long a job may take, and who says so."""
    own = [(each.timeout, str(each.spot)) for each in facts.queued.classes if each.timeout]
    return max((*told, *own), default=(_USUAL, "queue:work's own limit"))


def _horizon(facts: Facts, found: tuple[Supervisor, ...] | Unknown) -> Part:
    part, group = Part(), Part()
    group.line("name", "horizon")
    group.line("horizon", content=True, where=f"{HORIZON} in composer.lock")
    if isinstance(found, Unknown) or not found:
        if isinstance(found, Unknown):
            why = f"{found.place}: {found.why}"
        else:
            why = "config/horizon.php has no environment for production: Horizon starts nothing"
            group.task("config/horizon.php", "add an environment 'production'")
        longest, where = _longest(facts, ())
        group.line("longestJob", longest, where, f"Its queues and timeouts are not told: {why}.")
    else:
        _supervised(facts, found, group)
    part.lines["workers"] = Line([group.lines])
    part.tasks += group.tasks
    return part


def _supervised(facts: Facts, found: tuple[Supervisor, ...], group: Part) -> None:
    named = dict.fromkeys(queue for each in found for queue in each.queues or ("default",))
    _forgotten(facts, tuple(named), group)
    longest, where = _longest(facts, tuple((each.timeout, each.place) for each in found))
    why = f"Its queues are {', '.join(named)}: config/horizon.php says which."
    group.line("longestJob", min(max(longest, 1), 86_400), where, why)
    memory = sum(each.processes * each.memory for each in found) + _MASTER_MEMORY
    processes = sum(each.processes for each in found)
    resources = Part()
    resources.line("memory", f"{memory}Mi", f"{processes} processes at most, and their master")
    group.within("resources", resources)


def _workers(facts: Facts, connection: str) -> Part:
    part, group = Part(), Part()
    own = facts.text(f"queue.connections.{connection}.queue") or "default"
    named = dict.fromkeys((own, *sorted(facts.queued.queues)))
    places = [str(facts.queued.queues[name]) for name in named if name in facts.queued.queues]
    group.line("name", "default")
    group.line(
        "queues", [name for name in named if fits(name, QueueName)][:20], ", ".join(places[:3]),
        *(["In the order in which they are worked off; a group of its own scales on its own."]
          if len(named) > 1 else []),
    )  # fmt: skip
    if facts.queued.unknown:
        spots = ", ".join(map(str, facts.queued.unknown[:3]))
        group.task(spots, "the name of the queue is no literal: is it among the workers' queues?")
    longest, where = _longest(facts, ())
    group.line("longestJob", min(longest, 86_400), where)
    group.line("tries", 1, "queue:work's own; a job may say more by $tries")
    why: tuple[str, ...] = ()
    if not facts.queued.classes:
        why = ("Nothing in the application's own code is queued; a package may do it.",)
    blocks: list[Block] = [group.lines]
    part.lines["workers"] = Line(blocks, "", why)
    part.tasks += group.tasks
    return part


def _forgotten(facts: Facts, named: tuple[str, ...], part: Part) -> None:
    """Queues that jobs go to and no supervisor works off."""
    for queue, spot in facts.queued.queues.items():
        if queue not in named:
            part.task(str(spot), f"no supervisor of config/horizon.php works off the queue {queue}")


def schedule(facts: Facts) -> Part:
    """The section ``scheduler``."""
    part, inner = Part(), Part()
    found = facts.directory.of(scheduled)
    if not found.tasks:
        part.remark("scheduler", "No scheduler: nothing is scheduled in the application's code.")
        return part
    count = f"{len(found.tasks)} tasks" if len(found.tasks) > 1 else "1 task"
    if found.seconds:
        why = f"{found.seconds[0]} runs more often than each minute, so a process stays for it."
        inner.line("mode", "process", str(found.seconds[0]), why)
    else:
        inner.line("mode", "cronjob", f"{count}, the first at {found.tasks[0]}")
    part.within("scheduler", inner)
    return part


def migrate(facts: Facts) -> Part:
    """The section ``migrations``, where there are none."""
    part = Part()
    if not facts.directory.of(migrations).there:
        part.line("migrations", None, "there is no database/migrations")
    return part
