"""Which server a container starts, and with which arguments: directly or by a line of shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import Final

import msgspec

from holdfast.check.kubernetes.objects import items
from holdfast.check.kubernetes.stores.mounted import files_of
from holdfast.check.kubernetes.stores.redis_conf import UNKNOWN, Word
from holdfast.check.kubernetes.workload import Container
from holdfast.check.sources.shell import SHELLS
from holdfast.manifests.place import Place

PROGRAMS: Final = {
    "redis-server": "redis", "redis-sentinel": "redis",
    "valkey-server": "valkey", "valkey-sentinel": "valkey",
    "keydb-server": "keydb", "dragonfly": "dragonfly",
    "memcached": "memcached",
    "mysqld": "mysql", "mariadbd": "mariadb", "mysqld_safe": "mysql",
    "postgres": "postgresql",
}  # fmt: skip
"""Names of programs, and what they are."""

# What goes before a program without changing what it is given.
_WRAPPERS: Final = ("exec", "tini", "dumb-init", "--", "gosu", "su-exec", "docker-entrypoint.sh")
_ENDS: Final = ("&&", "||", ";", "|", "&", "\n", ">", ">>", "<", "2")
# What a script may do beside starting the server without touching its settings.
_HARMLESS: Final = ("set", "exec", "umask", "ulimit", "mkdir", "chown", "chmod", "sysctl")
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))")
# What the shell works out: ${NAME:-default}, $(command), `command`.
_WORKED_OUT = re.compile(r"\$\{[A-Za-z_]\w*[^}\w][^}]*\}|\$\([^)]*\)|`[^`]*`")
_EXPANDED = re.compile(r"\$\(([A-Za-z_]\w*)\)")
_RUNS_ARGUMENTS: Final = re.compile(r'^exec "\$@"\s*\Z', re.MULTILINE)
_OPTION: Final = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
_MAX_SCRIPT: Final = 64 * 1024


class Invocation(msgspec.Struct, frozen=True):
    """A server being started.

    Args:
        program: its name without a directory; empty where the image's own is started.
        words: its arguments.
        whole: whether nothing else happens that could set it otherwise; where not, why.
        scripts: the scripts that are run instead, as they are named.
        added: the options, ``--replicaof``, that a script adds to the server's arguments, perhaps
            not in every pod.
    """

    program: str
    words: tuple[Word, ...] = ()
    whole: str = ""
    scripts: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


def invocation(container: Container) -> Invocation:
    """What a container starts."""
    words = [
        (_expanded(word, container), container.at(part, index))
        for part in ("command", "args")
        for index, word in enumerate(items(container.body, part))
        if isinstance(word, str)
    ]
    if not words:
        return Invocation("")
    own = not items(container.body, "command")
    return _started(words, container, own=own)


def _started(words: Sequence[Word], container: Container, *, own: bool) -> Invocation:
    """What these words start; ``own`` where the image's entry point is given them."""
    at = 0
    while at < len(words) and _base(words[at][0]) in _WRAPPERS:
        at += 2 if _base(words[at][0]) in ("gosu", "su-exec") else 1
    if at == len(words):
        return Invocation("", whole="its command is not known")
    first = words[at][0]
    if own and at == 0 and (first.startswith("-") or first.endswith(".conf")):
        return Invocation("", tuple(words))
    if UNKNOWN in first:
        return Invocation("", whole="its command is not known")
    name = _base(first)
    if name in PROGRAMS:
        return Invocation(name, tuple(words[at + 1 :]))
    if name in SHELLS:
        return _shell(words[at + 1 :], container)
    return Invocation("", whole=f"it is started by {name}", scripts=(first,))


def _shell(words: Sequence[Word], container: Container) -> Invocation:
    """What a shell is given: a script's text behind ``-c``, or a script's name."""
    script: Word | None = None
    for index, (word, _place) in enumerate(words):
        if not word.startswith("-"):
            return _by_script(word, words[index + 1 :], container)
        if "c" in word.lstrip("-") and not word.startswith("--"):
            script = words[index + 1] if index + 1 < len(words) else None
            break
    if script is None or len(script[0]) > _MAX_SCRIPT:
        return Invocation("", whole="it is started by a script")
    return _script(script[0], script[1], container)


def _by_script(script: str, rest: Sequence[Word], container: Container) -> Invocation:
    """A script that is given the server's command, and ends by running it, perhaps with more."""
    unread = Invocation("", whole="it is started by a script", scripts=(script,))
    file = files_of(container)(script)
    if file is None or not rest or not _RUNS_ARGUMENTS.search(file[0]):
        return unread
    given = _started(rest, container, own=False)
    if not given.program:
        return unread
    text, place = file
    added = tuple(_OPTION.findall(text))
    words = [word for option in added for word in ((option, place), (UNKNOWN, place))]
    whole = "the script that starts it may add more"
    return Invocation(given.program, (*given.words, *words), whole, (script,), added)


def _script(script: str, place: Place, container: Container) -> Invocation:
    try:
        statements = _statements(_WORKED_OUT.sub(UNKNOWN, script))
    except ValueError:
        return Invocation("", whole="its script cannot be read")
    found: tuple[str, list[str]] | None = None
    others: list[str] = []
    for statement in statements:
        words = [word for word in statement if word not in _WRAPPERS]
        if words and _base(words[0]) in PROGRAMS:
            found = _base(words[0]), words[1:]
        elif words:
            others.append(words[0])
    harmful = [word for word in others if _base(word) not in _HARMLESS]
    whole = "its script does more than start it" if harmful else ""
    if found is None:
        return Invocation("", whole=whole or "it is started by a script", scripts=tuple(others))
    resolved = [(_substituted(word, container), place) for word in found[1]]
    return Invocation(found[0], tuple(resolved), whole, tuple(others))


def _statements(script: str) -> list[list[str]]:
    """The commands of a script, each as its words; redirections end one."""
    lexer = shlex.shlex(script.replace("\\\n", " "), posix=True, punctuation_chars=";&|<>\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = "#"
    statements: list[list[str]] = [[]]
    for word in lexer:
        if word.strip("\n") in ("", *_ENDS) and (word in _ENDS or not word.strip("\n")):
            statements.append([])
        else:
            statements[-1].append(word)
    return [statement for statement in statements if statement]


def _expanded(word: str, container: Container) -> str:
    """A word after the kubelet: ``$(NAME)`` replaced where the container has that variable."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] not in container.env:
            return UNKNOWN if container.env.more else match[0]
        return _value(match[1], container)

    return _EXPANDED.sub(replaced, word)


def _substituted(word: str, container: Container) -> str:
    """A word after the shell: variables replaced."""
    return _VARIABLE.sub(lambda match: _value(match[1] or match[2], container), word)


def _value(name: str, container: Container) -> str:
    found = container.env.get(name)
    # An empty value in a Secret is there to be filled in by whoever applies it.
    if found is None or found.value is None or (found.secret and not found.value):
        return UNKNOWN
    return found.value


def _base(word: str) -> str:
    return word.rpartition("/")[2]
