"""Redis that is started by a script out of a ConfigMap: what the script is sure to tell it.

Such scripts decide which server is the master, and write a small configuration that includes one
from the ConfigMap. What stands there is in effect; the script may say more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from holdfast.check.kubernetes.stores.redis_conf import Files, read_file
from holdfast.check.kubernetes.stores.settings import Reading
from holdfast.check.kubernetes.stores.store import Role

_CONFIGURATION = re.compile(r"\b(?:include|(?:redis|valkey|keydb)-server)\s+[\"']?(/[\w./-]+)")
_SENTINEL = re.compile(r"\b(?:redis|valkey)-sentinel\b|--sentinel\b")
_REPLICA = re.compile(r"\b(?:replicaof|slaveof)\s+[\"']?[^\s\"']*\$")


def read(reading: Reading, scripts: Iterable[str], files: Files) -> None:
    """The configuration files that scripts name, where they are among the manifests."""
    for text in _texts(scripts, files):
        for path in dict.fromkeys(_CONFIGURATION.findall(text)):
            found = files(path)
            if found is not None:
                read_file(reading, found, files)


def role(scripts: Iterable[str], files: Files) -> Role | None:
    """What the server becomes; None where the scripts do not tell.

    A script that makes a replica of whoever is the master now starts a replication.
    """
    text = "\n".join(_texts(scripts, files))
    if _SENTINEL.search(text):
        return Role.SENTINEL
    return Role.REPLICATION if _REPLICA.search(text) else None


def _texts(scripts: Iterable[str], files: Files) -> list[str]:
    found = (files(script) for script in scripts)
    return [file[0] for file in found if file is not None]
