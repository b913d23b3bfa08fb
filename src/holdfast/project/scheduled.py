"""What an application schedules, and whether anything of it runs more often than each minute.

Tasks stand in ``routes/console.php``, ``app/Console/Kernel.php`` or ``withSchedule`` of
``bootstrap/app.php``; an ``Artisan::command`` closure with a frequency is one too (from Laravel 11
on). A frequency below a minute is there from 10.15 on; ``schedule:run`` then stays for the minute.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.script import Call, Script, receiver
from holdfast.project.syntax import PhpFile, word
from holdfast.project.values import Broken, Spot

if TYPE_CHECKING:
    from tree_sitter import Node

_AMONG: Final = re.compile(rb"\b\w*[sS]chedule\w*\s*(?:\??->|::)|\bArtisan::command\b")
_TASKS: Final = frozenset(("command", "job", "call", "exec"))
_SECONDS: Final = re.compile(r"->every(?:\w*Seconds?|Second)")
_HELD: Final = ("variable_name", "member_access_expression", "nullsafe_member_access_expression")
_FREQUENCY: Final = re.compile(
    r"->(?:every\w+|cron|hourly\w*|daily\w*|twice\w+|weekly\w*|monthly\w*|quarterly\w*|yearly\w*"
    r"|lastDayOfMonth|weekdays|weekends|at|(?:mon|tues|wednes|thurs|fri|satur|sun)days)"
)


class Schedule(msgspec.Struct, frozen=True):
    """What is scheduled.

    Args:
        tasks: where each is made.
        seconds: where one is said to run more often than each minute.
        broken: files that cannot be read.
    """

    tasks: tuple[Spot, ...]
    seconds: tuple[Spot, ...]
    broken: tuple[Broken, ...] = ()


def scheduled(directory: Directory) -> Schedule:
    """Look through an application's own code for tasks."""
    tasks: list[Spot] = []
    seconds: list[Spot] = []
    broken: list[Broken] = []
    for name in directory.of(files):
        file = directory.matching(name, _AMONG)
        if isinstance(file, Broken):
            broken.append(file)
        elif isinstance(file, PhpFile):
            script = Script(file)
            calls = list(script.calls())
            tasks += dict.fromkeys(task.spot for call in calls for task in _tasks(script, call))
            seconds += [call.spot for call in calls if _SECONDS.fullmatch(call.name)]
    return Schedule(tuple(tasks), tuple(seconds) if tasks else (), tuple(broken))


def _is_schedule(node: Node) -> bool:
    """Whether a task is made on it: ``$schedule``, ``$this->schedule``."""
    return node.type in _HELD and "schedule" in word(node).rpartition(">")[2].lower()


def _tasks(script: Script, call: Call) -> Iterator[Call]:
    """The task that a call makes, if it makes one."""
    if call.name.rpartition("::")[2].removeprefix("->") in _TASKS:
        on = receiver(call.node)
        # Applications have classes and properties of their own that hand tasks on.
        if call.name.startswith("Schedule::") or (on is not None and _is_schedule(on)):
            yield call
    if _FREQUENCY.fullmatch(call.name):
        first, node = None, receiver(call.node)
        while node is not None and (below := script.call(node)) is not None:
            first, node = below, receiver(node)
        if first is not None and first.name == "Artisan::command":
            yield first
