"""A deployment that is already there: its URL, how it is reached, and how gently."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.rehearsal.digits import in_digits

RATE = 20.0
MAX_RATE = 1000.0

_BASIC = re.compile(r"(?P<user>[^:]+):env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)")
_HOST = re.compile(r"(?P<name>[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d{1,5})?")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Target:
    """Where users go when nothing is started for them.

    Args:
        url: ``https://staging.example.com/shop``, without user info, query and final slash.
        host: the Host header, and the name that TLS asks for and checks, in place of the URL's.
        ca_file: PEM file of the authorities that may vouch for it; None: the system's.
        insecure: take any certificate.
        authorization: the value of that header for basic authentication (RFC 7617).
        rate: requests a second that all users together may send.
        command: the program and arguments that are run as each fault; empty: none.
    """

    url: str
    host: str | None = None
    ca_file: Path | None = None
    insecure: bool = False
    authorization: str | None = field(default=None, repr=False)
    rate: float = RATE
    command: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it is called in reports: the host's name, and the port where the URL has one."""
        return self.host or urlsplit(self.url).netloc

    @property
    def address(self) -> str:
        """The URL as users of the application write it."""
        if self.host is None:
            return self.url
        scheme, _, path, *_ = urlsplit(self.url)
        return f"{scheme}://{self.host}{path}"

    @property
    def server_name(self) -> str | None:
        """The name for TLS where it is not the URL's."""
        if self.host is None:
            return None
        match = _HOST.fullmatch(self.host)
        assert match is not None
        return match["name"].strip("[]")

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries for it; names in lower case."""
        headers = {}
        if self.host is not None:
            headers["host"] = self.host
        if self.authorization is not None:
            headers["authorization"] = self.authorization
        return headers

    def tls(self) -> ssl.SSLContext | None:
        """The context for an ``https`` URL.

        Raises:
            EnvironmentLacking: the file of authorities cannot be read, or holds none.
        """
        if not self.url.startswith("https:"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise EnvironmentLacking(
                f"--ca-file {self.ca_file}: {error.strerror or 'not a file of certificates'}",
                hint="a PEM file with the certificate of the authority that signed the server's",
            ) from error
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def target(
    url: str,
    *,
    host: str | None,
    ca_file: Path | None,
    insecure: bool,
    basic: str | None,
    rate: float,
    command: tuple[str, ...],
    environment: Mapping[str, str],
) -> Target:
    """Read where a deployment is. No message quotes what may be a password.

    Args:
        basic: ``USER:env:NAME``; the password is in the environment variable of that name.

    Raises:
        UsageError: something of it cannot be read, or contradicts the rest.
        EnvironmentLacking: the environment variable is not set.
    """
    parts = _parsed(url)
    if parts.scheme == "http" and (ca_file is not None or insecure):
        raise UsageError("--ca-file and --insecure are for https", hint="write --url https://...")
    if ca_file is not None and insecure:
        raise UsageError(
            "--insecure takes any certificate, whatever --ca-file says", hint="leave one out"
        )
    if host is not None and not _HOST.fullmatch(host):
        raise UsageError(f"--host {host!r} is no host", hint="a name, for example shop.example.com")
    if not 0 < rate <= MAX_RATE:
        raise UsageError(
            f"--rate {in_digits(rate)} is not between 0 and {MAX_RATE:g} requests a second",
            hint=f"try --rate {RATE:g}",
        )
    there = (parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", "")
    return Target(
        url=urlunsplit(there),
        host=host,
        ca_file=ca_file,
        insecure=insecure,
        authorization=_authorization(parts, basic, environment),
        rate=rate,
        command=command,
    )


def _parsed(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError:
        raise UsageError(
            "--url has no valid host and port",
            hint="a port is a number up to 65535; percent-encode / ? # @ : in a password",
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("--url is no address of a web server", hint="write --url https://HOST")
    if parts.query or parts.fragment or url.endswith(("?", "#")) or _CONTROL.search(url):
        raise UsageError(
            "--url is where the application begins: scheme, host, and a path where it has one",
            hint="for example --url https://staging.example.com/shop",
        )
    return parts


def _authorization(
    parts: SplitResult, basic: str | None, environment: Mapping[str, str]
) -> str | None:
    if basic is None:
        if parts.username is None:
            return None
        return _basic(unquote(parts.username), unquote(parts.password or ""))
    if parts.username is not None:
        raise UsageError("--basic, and a user in the URL too", hint="leave one out")
    match = _BASIC.fullmatch(basic)
    if match is None:
        raise UsageError(
            "--basic is not USER:env:NAME",
            hint="NAME is the environment variable that holds the password",
        )
    password = environment.get(match["name"])
    if not password:
        raise EnvironmentLacking(
            f"the environment variable {match['name']} of --basic is not set",
            hint=f"export {match['name']} with the password in it",
        )
    return _basic(match["user"], password)


def _basic(user: str, password: str) -> str:
    if ":" in user:
        raise UsageError("a user of basic authentication has no colon", hint="correct the user")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
