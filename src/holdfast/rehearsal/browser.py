"""A browser as far as sessions go: a cookie jar, the page's token, a record of every request."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Literal
from urllib.parse import urlencode

import httpx2
import msgspec
from msgspec.structs import replace

from holdfast.core.digest import handle
from holdfast.rehearsal.history import Answer, Op, Outcome, Sent
from holdfast.rehearsal.jar import Jar
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recorder

TIMEOUT_SECONDS = 15.0
"""Longer than Laravel waits for a session lock (10 s), so that its own answer is seen."""

_GETS = ("state", "catalogue")
_REFUSED = (409, 419)
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)

SALT = secrets.token_bytes(16)
"""Tokens are recorded as handles: a token of a real store would outlive the run's files."""

_NO_COOKIES = DefaultCookiePolicy(allowed_domains=())


def http_client(
    address: str, *, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """The connections that all browsers share. It keeps no cookie: each browser has a jar.

    Args:
        address: the balancer's, ``http://127.0.0.1:8080``.
        transport: in place of the network, for an application in this process.
    """
    return httpx2.AsyncClient(
        base_url=address,
        transport=transport,
        cookies=CookieJar(_NO_COOKIES),
        limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None),
        follow_redirects=False,
        trust_env=False,
    )


class Browser:
    """One person at a browser.

    Args:
        name: ``u7``.
        client: sends the requests; its own cookie handling is not used.
        recorder: is told of every request and answer.

    ``lineage`` is the session that this browser believes to have (``u7.3``); ``opened`` says
    whether the application has confirmed it, ``user`` who is logged in as far as the browser knows.
    """

    def __init__(self, name: str, client: httpx2.AsyncClient, recorder: Recorder) -> None:
        self.name = name
        self.jar = Jar()
        self.token = ""
        self.opened = False
        self.user: int | None = None
        self._number = 1
        self._client = client
        self._recorder = recorder

    @property
    def lineage(self) -> str:
        """Name of the session that the browser believes to have, or will open next."""
        return f"{self.name}.{self._number}"

    def abandon(self) -> None:
        """Believe in no session any more; the next one has the next number."""
        if self.opened:
            self._number += 1
        self.opened = False
        self.user = None

    async def send(self, kind: str, **args: str) -> Op:
        """Send one request with the browser's own cookies and learn from its answer."""
        believed = self.lineage
        op, token = await self._request(kind, args, self.jar, "own", None)
        if op.state is not None:
            self.token = token
            if believed == self.lineage:
                self._learn(op, op.state)
        elif kind == "open" and op.refused:
            self._number += 1
        return op

    async def probe(self, jar: Jar, old_of: int) -> Op:
        """Load a page with cookies of earlier; neither jar nor belief change."""
        op, _ = await self._request("state", {}, jar.copy(), "old", old_of)
        return op

    def _learn(self, op: Op, state: State) -> None:
        kind = op.sent.kind
        if kind == "logout":
            self.abandon()
        elif state.lineage == self.lineage:
            self.opened = True
            self.user = state.user
        elif self.opened:
            self.abandon()
        elif kind == "open":
            # An older session of ours, or somebody else's, is in the way: a private window helps.
            self._number += 1
            self.jar = Jar()

    async def _request(
        self,
        kind: str,
        args: Mapping[str, str],
        jar: Jar,
        which: Literal["own", "old"],
        old_of: int | None,
    ) -> tuple[Op, str]:
        """Send it, and give its record and the page's token, which is kept out of every record."""
        sent = Sent(
            id=self._recorder.next_id(),
            at=self._recorder.elapsed(),
            browser=self.name,
            lineage=self.lineage,
            kind=kind,
            args=dict(args),
            jar=which,
            cookie_from=jar.session_from if jar.session_cookie in jar.cookies else None,
            old_of=old_of,
        )
        self._recorder.sent(sent)
        answer = await self._exchange(sent, jar)
        token = ""
        if answer.state is not None:
            token = answer.state.token
            known_by = handle(token, SALT)
            answer = replace(answer, state=replace(answer.state, token=known_by))
        self._recorder.answer(answer)
        return Op(sent, answer), token

    async def _exchange(self, sent: Sent, jar: Jar) -> Answer:
        headers = {"cookie": jar.header()}
        body: bytes | None = None
        path = f"/{sent.kind}"
        if sent.kind in _GETS:
            path += f"?{urlencode(sent.args)}" if sent.args else ""
        else:
            headers["x-csrf-token"] = self.token
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode(sent.args).encode()
        request = self._client.build_request(
            "GET" if body is None else "POST",
            path,
            headers={name: value for name, value in headers.items() if value},
            content=body,
            timeout=TIMEOUT_SECONDS,
        )
        try:
            response = await self._client.send(request)
        except NEVER_SENT as error:
            return self._no_answer(sent, "fail", error)
        except httpx2.HTTPError as error:
            return self._no_answer(sent, "unknown", error)
        return self._answer(sent, response, jar)

    def _no_answer(self, sent: Sent, outcome: Outcome, error: Exception) -> Answer:
        words = f"{type(error).__name__}: {error}"
        return Answer(id=sent.id, at=self._recorder.elapsed(), outcome=outcome, error=words)

    def _answer(self, sent: Sent, response: httpx2.Response, jar: Jar) -> Answer:
        set_cookie = jar.take(response.headers.get_list("set-cookie"), sent.id)
        generation = response.headers.get("x-holdfast-generation", "")
        state, error = None, None
        outcome: Outcome = "ok"
        if response.status_code in _REFUSED:
            outcome = "refused"
        elif response.status_code != 200:
            outcome, error = "fail", f"HTTP {response.status_code}"
        elif sent.kind != "catalogue":
            try:
                state = msgspec.json.decode(response.content, type=State)
            except msgspec.MsgspecError as wrong:
                begins = response.content[:60].decode(errors="replace")
                outcome, error = "fail", f"not a state: {wrong}; it begins with {begins!r}"
        return Answer(
            id=sent.id,
            at=self._recorder.elapsed(),
            outcome=outcome,
            status=response.status_code,
            state=state,
            replica=state.replica if state else response.headers.get("x-holdfast-replica"),
            generation=state.generation if state else _number(generation),
            set_cookie=set_cookie,
            error=error,
        )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
