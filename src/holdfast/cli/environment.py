"""Where a rehearsal ran, and the command that repeats it, without secrets."""

from __future__ import annotations

import os
import platform
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from holdfast import __version__
from holdfast.rehearsal.laravel import FRAMEWORK
from holdfast.rehearsal.plan import Plan
from holdfast.servers.programs import find_program

_PROGRAMS = {
    "PHP": ("php", "--version"),
    "nginx": ("nginx", "-v"),
    "HAProxy": ("haproxy", "-v"),
    "Redis": ("redis-server", "--version"),
    "memcached": ("memcached", "-V"),
    "MariaDB": ("mariadbd", "--version"),
    "PostgreSQL": ("psql", "--version"),
}
_SERVERS = {
    "redis": "Redis",
    "memcached": "memcached",
    "mariadb": "MariaDB",
    "postgresql": "PostgreSQL",
}
_VERSION = re.compile(r"\d+(?:\.\d+)+")

_PASSWORD = re.compile(r"(?P<before>://[^/@\s:]*:)[^/\s]*(?=@)|(?P<alone>://)[^/@\s:]+(?=@)")
_FIELD = re.compile(
    r"(?P<name>[\w-]*(?:key|pass|pwd|secret|token|auth|credential)[\w-]*=)(?!env:)[^&\s]*",
    re.IGNORECASE,
)
_APP_KEY = re.compile(r"base64:[A-Za-z0-9+/=_-]+")


@dataclass(frozen=True, slots=True)
class Environment:
    """What somebody needs who wants to see the same.

    Args:
        facts: name and value, in the order of showing.
        command: the command line, quoted for a shell, its secrets masked.
    """

    facts: tuple[tuple[str, str], ...]
    command: str


def here(words: Sequence[str], plan: Plan) -> Environment:
    """This machine, the programs that were started on it, and what was played.

    Args:
        words: the command's arguments.
        plan: what they came to.
    """
    facts = [
        *_played(plan),
        ("Holdfast", __version__),
        ("Python", platform.python_version()),
        *((name, found) for name in _started(plan) if (found := _version(_PROGRAMS[name]))),
        ("written", datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("cores", str(len(os.sched_getaffinity(0)))),
    ]
    return Environment(tuple(facts), repeating(words))


def _played(plan: Plan) -> Iterator[tuple[str, str]]:
    """Said in full: a default may change, and a scenario file too."""
    if plan.target is not None:
        yield "deployment", plan.target.address
        yield "rate", f"{plan.target.rate:g} requests a second"
    else:
        yield "replicas", str(plan.replicas)
    yield "users", str(plan.users)
    yield "seconds", f"{plan.seconds:g} for each run"
    faults = ", ".join(f"{fault} at {at:.3g} s" for at, fault in plan.schedule)
    yield "faults", faults or "none"
    yield "seed", str(plan.seed)
    directory = plan.own.directory if plan.own else None
    started = plan.target is None and any(setup.app == "laravel" for setup in plan.setups)
    if started and (found := _laravel(directory)):
        yield "Laravel", found


def _started(plan: Plan) -> Iterator[str]:
    """The programs that a run of the plan starts, where they are installed."""
    if plan.target is not None:
        return
    if any("laravel" in setup.programs for setup in plan.setups):
        yield from ("PHP", "nginx")
    if plan.balancer != "builtin" or any(setup.engine == "sentinel" for setup in plan.setups):
        yield "HAProxy"
    own = [setup for setup in plan.setups if not setup.given]
    kinds = {kind for setup in own for kind in (setup.driver, setup.engine)}
    yield from (name for kind, name in _SERVERS.items() if kind in kinds)


def _laravel(directory: Path | None) -> str | None:
    """The version that PHP loads: the project's own, or that of our application."""
    ours = Path(os.environ.get("LARAVEL_AUTOLOAD") or FRAMEWORK)
    autoload = directory / "vendor/autoload.php" if directory else ours
    if not autoload.is_file():
        return None
    code = "require $argv[1]; echo 'VERSION ', Illuminate\\Foundation\\Application::VERSION;"
    return _version(("php", "-r", code, str(autoload)), after="VERSION ")


def repeating(words: Sequence[str]) -> str:
    """The command line for a shell, with ``***`` for what may be a secret."""
    shown = ["holdfast"]
    for before, word in pairwise(["", *words]):
        option, equals, value = word.partition("=")
        if before == "--login":
            shown.append(_login(word))
        elif option == "--login" and equals:
            shown.append(f"--login={_login(value)}")
        elif before == "--on-fault":
            shown.append(_command(word))
        elif option == "--on-fault" and equals:
            shown.append(f"--on-fault={_command(value)}")
        else:
            shown.append(_masked(word))
    return shlex.join(shown)


def _command(text: str) -> str:
    """A command without its arguments, any of which may be a secret."""
    program, _, arguments = text.strip().partition(" ")
    return f"{program} ***" if arguments else program


def _login(text: str) -> str:
    """A login without the values of its fields, but for variables and what has a visitor's number.

    Any of them may be a password, whatever its name.
    """
    try:
        method, path, *pairs = shlex.split(text)
    except ValueError:
        return "***"
    return shlex.join([method, _masked(path), *map(_form_field, pairs)])


def _form_field(pair: str) -> str:
    name, equals, value = pair.partition("=")
    if equals and (value.startswith("env:") or "{n}" in value):
        return pair
    return f"{name}=***" if equals else "***"


def _masked(word: str) -> str:
    def password(match: re.Match[str]) -> str:
        return (match["before"] or match["alone"]) + "***"

    word = _PASSWORD.sub(password, word)
    return _APP_KEY.sub("base64:***", _FIELD.sub(r"\g<name>***", word))


def _version(words: tuple[str, ...], after: str = "") -> str | None:
    """What a program says its version is, ``after`` a word; None where it is not installed or does
    not say.
    """
    program = find_program(words[0])
    if program is None:
        return None
    try:
        ended = subprocess.run(
            [program, *words[1:]], capture_output=True, timeout=10, check=False, text=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    said = ended.stdout + ended.stderr
    found = _VERSION.search(said.partition(after)[2] if after else said)
    return found[0] if found else None
