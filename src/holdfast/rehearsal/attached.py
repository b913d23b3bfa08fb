"""A deployment that is already there: users reach it, nothing of it is started."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.browser import TIMEOUT_SECONDS
from holdfast.rehearsal.client import Client, NoAnswer, Response, http_client
from holdfast.rehearsal.courtesy import Courtesy
from holdfast.rehearsal.jar import LARAVEL_SESSION, cookies_of
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.target import Target

_SESSION_COOKIE = re.compile(r"[_-]session$")
_PORTS = {"http": 80, "https": 443}


class Attached:
    """A deployment that is already there; opened by :func:`attach`.

    Args:
        target: where it is.
        client: sends requests to it.
        site: see Plan.
        courtesy: paces them.

    ``client`` sends them in their turn. ``site`` is what visitors know of it.
    """

    def __init__(self, target: Target, client: Client, site: Site, courtesy: Courtesy) -> None:
        self.client: Client = _Courteous(client, courtesy)
        self.site = site
        self._target = target

    async def check(self) -> None:
        """Ask for the site's page before users come: what is wrong with the way there is said once.

        Where the session cookie has no name yet, it is the first that is named like one.

        Raises:
            EnvironmentLacking: there is no way; the hint says what helps.
        """
        url = self._target.url
        await self.client.wait_turn()
        try:
            answer = await self.client.send("GET", self.site.path, {}, b"", TIMEOUT_SECONDS)
        except NoAnswer as error:
            raise EnvironmentLacking(f"{url}: {error}", hint=_hint(error, url)) from error
        if answer.status == 401 and self._target.authorization is not None:
            raise EnvironmentLacking(
                f"{url} refuses this user and password",
                hint="they are those of the web server, not of the application's own login",
            )
        if answer.status == 401:
            raise EnvironmentLacking(
                f"{url} asks for a password",
                hint="--basic USER:env:NAME, with the password in the environment variable NAME",
            )
        if answer.status == 429 or answer.status >= 500:
            raise EnvironmentLacking(
                f"{url} answers {answer.status}", hint="come again when it is well"
            )
        elsewhere = _elsewhere(answer, self._target)
        if elsewhere is not None:
            raise EnvironmentLacking(
                f"{url} sends users on to {elsewhere}", hint=f"--url {elsewhere}"
            )
        if not self.site.reader.cookie:
            names = [name for name, _ in cookies_of(answer.all("set-cookie"))]
            named = (name for name in names if _SESSION_COOKIE.search(name))
            reader = replace(self.site.reader, cookie=next(named, LARAVEL_SESSION))
            self.site = replace(self.site, reader=reader)


@asynccontextmanager
async def attach(target: Target, site: Site, courtesy: Courtesy) -> AsyncIterator[Attached]:
    """Reach a deployment, and leave it as it is in the end.

    Raises:
        EnvironmentLacking: it does not answer, or not as the target says; the hint says what helps.
    """
    async with http_client(
        target.url, headers=target.headers, tls=target.tls(), server_name=target.server_name
    ) as client:
        attached = Attached(target, client, site, courtesy)
        await attached.check()
        yield attached


class _Courteous:
    """A client that waits for its turn, and learns from each answer how the deployment fares."""

    def __init__(self, client: Client, courtesy: Courtesy) -> None:
        self._client = client
        self._courtesy = courtesy

    async def wait_turn(self) -> None:
        await self._courtesy.turn()

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        if self._courtesy.over:
            raise NoAnswer("left alone", sent=False)
        try:
            response = await self._client.send(method, target, headers, body, timeout)
        except NoAnswer:
            self._courtesy.answered(None)
            raise
        self._courtesy.answered(response.status, response.first("retry-after"))
        return response


def _elsewhere(response: Response, target: Target) -> str | None:
    """The origin that a redirect leads to, where it is another one."""
    location = response.first("location")
    if not 300 <= response.status < 400 or not location:
        return None
    there, here = _origin(location), _origin(target.url)
    assert here is not None
    own = _origin(f"{here.partition(':')[0]}://{target.host}") if target.host else here
    return there if there not in (None, here, own) else None


def _origin(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + ("" if port in (None, _PORTS[parts.scheme]) else f":{port}")


def _hint(error: NoAnswer, url: str) -> str:
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        if "match" in cause.verify_message or "not valid for" in cause.verify_message:
            return "--host NAME with a name that its certificate is for"
        return "--ca-file FILE with the authority that signed its certificate, or --insecure"
    if isinstance(cause, ssl.SSLError):
        return "does it speak TLS there? write http:// where it does not"
    if url.startswith("http:") and error.sent:
        return "does it speak TLS there? write https:// where it does"
    return "is it there, and can it be reached from here?"
