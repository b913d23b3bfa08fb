"""The words that a ``LaravelApp`` is made of, and what each may look like.

Three engines read the patterns (msgspec's, the API server's RE2, an editor's ECMAScript): they keep
to what all of them understand.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A piece of the specification: an unknown key is refused, nothing changes after reading."""


Name = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        min_length=1,
        max_length=40,
        title="a name of lower-case letters, digits and -, up to 40",
    ),
]
"""A name of ours, to which suffixes are added; Kubernetes allows 63 characters in all."""

LONGEST = 34
"""Characters of an application's name. A StatefulSet's name has 52 at most (its pods have a label
with eleven more, kubernetes/kubernetes issue 64023), and ours ends in ``-sessions-sentinel``."""

Beginning = Annotated[
    str,
    Meta(
        pattern="^[a-z]([-a-z0-9]*[a-z0-9])?$",
        min_length=1,
        max_length=LONGEST,
        title="a name that begins with a letter: lower-case letters, digits and -, up to 34",
    ),
]
"""With which names begin that Services have too: no digit first (DNS-1035)."""

Namespace = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        min_length=1,
        max_length=63,
        title="the name of a namespace",
    ),
]

ObjectName = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        min_length=1,
        max_length=253,
        title="the name of an object",
    ),
]
"""The name of an object that is already there."""

Host = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)+$",
        max_length=253,
        title="a host name such as shop.example.com",
    ),
]
Address = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?$",
        max_length=253,
        title="a host name or an IP address",
    ),
]
"""A host name or an IP address."""

Network = Annotated[
    str,
    Meta(
        pattern="^[0-9a-fA-F.:]+/[0-9]{1,3}$", max_length=49, title="a network such as 10.1.0.0/16"
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535)]
Image = Annotated[
    str,
    Meta(
        pattern="^[a-z0-9][-a-zA-Z0-9._/:]*(@sha256:[0-9a-f]{64})?$",
        max_length=512,
        title="an image such as registry.example.com/shop:1.2.3",
    ),
]
Path = Annotated[
    str,
    Meta(
        pattern="^(/[-A-Za-z0-9_][-A-Za-z0-9._]*)+$",
        max_length=256,
        title="a path such as /srv/shop",
    ),
]
Seconds = Annotated[int, Meta(ge=1, le=86_400, title="seconds from 1 to 86400")]
Percent = Annotated[int, Meta(ge=1, le=100, title="per cent, from 1 to 100")]
Replicas = Annotated[int, Meta(ge=0, le=1000)]
Quantity = Annotated[
    str,
    Meta(
        pattern="^([0-9]*[1-9][0-9]*([.][0-9]+)?|0+[.][0-9]*[1-9][0-9]*)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$",
        max_length=16,
        title="a quantity above zero such as 512Mi, or 250m of a processor",
    ),
]
"""As Kubernetes writes quantities: ``250m``, ``512Mi``."""

Variable = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=128,
        title="the name of a variable: letters, digits and _",
    ),
]
"""The name of an environment variable."""

Region = Annotated[
    str, Meta(pattern="^[a-z0-9-]+$", max_length=32, title="a region such as eu-central-1")
]
Url = Annotated[
    str,
    Meta(pattern="^https?://[-A-Za-z0-9._~:/?&=%@+,;]+$", max_length=2048, title="a URL"),
]
Role = Annotated[str, Meta(pattern="^arn:[-A-Za-z0-9:/+=,.@_]+$", max_length=2048, title="an ARN")]
"""The name of an IAM role of AWS."""

CookieName = Annotated[
    str,
    Meta(
        pattern="^[-A-Za-z0-9_.]+$",
        min_length=1,
        max_length=80,
        title="letters, digits, -, _ and ., up to 80",
    ),
]
Prefix = Annotated[
    str,
    Meta(
        pattern="^[-A-Za-z0-9_.:]*$",
        max_length=80,
        title="letters, digits, -, _, . and :, up to 80",
    ),
]
"""What stands before keys in a store; may be empty."""


class Resources(Part, frozen=True, kw_only=True):
    """What a container asks for and may use; its processor is not limited."""

    cpu: Annotated[Quantity, Meta(description="Processor that is reserved, e.g. 250m.")] = "250m"
    memory: Annotated[Quantity, Meta(description="Memory that is reserved, and the limit.")] = (
        "512Mi"
    )
