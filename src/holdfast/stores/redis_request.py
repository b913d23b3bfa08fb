"""What is sent to Redis: one command, or a Lua script that the server may know already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Protocol

from holdfast.core.flow import Effect
from holdfast.stores.contract import Refused


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script and the digest by which Redis knows it."""

    source: bytes
    sha: bytes

    @classmethod
    def load(cls, name: str) -> Script:
        """Read a script that stands beside this file."""
        source = resources.files(__package__).joinpath(name).read_bytes()
        return cls(source, hashlib.sha1(source, usedforsecurity=False).hexdigest().encode())


@dataclass(frozen=True, slots=True)
class Request:
    """One command. With a script, ``arguments`` is what follows its digest (or its source).

    ``writes`` says whether a lost answer leaves open what happened.
    """

    arguments: tuple[bytes, ...]
    script: Script | None = None
    writes: bool = False

    @property
    def command(self) -> tuple[bytes, ...]:
        """What to send first."""
        if self.script is None:
            return self.arguments
        return (b"EVALSHA", self.script.sha, *self.arguments)

    @property
    def command_with_source(self) -> tuple[bytes, ...]:
        """What to send when the server answers NOSCRIPT: it then has run nothing."""
        assert self.script is not None
        return (b"EVAL", self.script.source, *self.arguments)


PING = Request((b"PING",))


class Operations(Protocol):
    """What a driver performs on a server: sessions, or locks."""

    def refusal(self, operation: Effect[Any]) -> Refused | None:
        """Why an operation cannot be performed, whatever the server says."""

    def plan(self, operation: Effect[Any]) -> Request:
        """The command that performs it."""

    def parse(self, operation: Effect[Any], reply: Any) -> Any:
        """Its result, from the reply."""
