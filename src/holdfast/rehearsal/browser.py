"""A browser as far as sessions go: a cookie jar, the page's token, a record of every request."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from holdfast.core.digest import handle
from holdfast.rehearsal.client import Client, NoAnswer, Response
from holdfast.rehearsal.history import Answer, Op, Outcome, Sent
from holdfast.rehearsal.jar import LARAVEL_SESSION, Jar
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recording

TIMEOUT_SECONDS = 15.0
"""Longer than Laravel waits for a session lock (10 s), so that its own answer is seen."""

_GETS = ("state", "catalogue")
_REFUSED = (409, 419)

SALT = secrets.token_bytes(16)
"""Tokens are recorded as handles: a token of a real store would outlive the run's files."""


class Browser:
    """One person at a browser.

    Args:
        name: ``u7``.
        client: sends the requests.
        recorder: is told of every request and answer.
        cookie: the session cookie's name.

    ``lineage`` is the session that this browser believes to have (``u7.3``); ``opened`` says
    whether the application has confirmed it, ``user`` who is logged in as far as the browser knows.
    ``before_login`` has the cookies from before its last login, and that login's request.
    """

    def __init__(
        self, name: str, client: Client, recorder: Recording, cookie: str = LARAVEL_SESSION
    ) -> None:
        self.name = name
        self.jar = Jar(session_cookie=cookie)
        self.token = ""
        self.opened = False
        self.user: int | None = None
        self.before_login: tuple[Jar, int] | None = None
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
        await self._client.wait_turn()
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
        await self._client.wait_turn()
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
            self.jar = Jar(session_cookie=self.jar.session_cookie)

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
        target, body = f"/{sent.kind}", b""
        method = "GET" if sent.kind in _GETS else "POST"
        if method == "GET":
            target += f"?{urlencode(sent.args)}" if sent.args else ""
        else:
            headers["x-csrf-token"] = self.token
            headers["content-type"] = "application/x-www-form-urlencoded"
            body = urlencode(sent.args).encode()
        headers = {name: value for name, value in headers.items() if value}
        try:
            response = await self._client.send(method, target, headers, body, TIMEOUT_SECONDS)
        except NoAnswer as error:
            outcome: Outcome = "unknown" if error.sent else "fail"
            return Answer(sent.id, self._recorder.elapsed(), outcome, error=str(error))
        return self._answer(sent, response, jar)

    def _answer(self, sent: Sent, response: Response, jar: Jar) -> Answer:
        set_cookie = jar.take(response.all("set-cookie"), sent.id)
        state, error = None, None
        outcome: Outcome = "ok"
        if response.status in _REFUSED:
            outcome = "refused"
        elif response.status != 200:
            outcome, error = "fail", f"HTTP {response.status}"
        elif sent.kind != "catalogue":
            try:
                state = msgspec.json.decode(response.body, type=State)
            except msgspec.MsgspecError as wrong:
                begins = response.body[:60].decode(errors="replace")
                outcome, error = "fail", f"not a state: {wrong}; it begins with {begins!r}"
        return Answer(
            id=sent.id,
            at=self._recorder.elapsed(),
            outcome=outcome,
            status=response.status,
            state=state,
            replica=state.replica if state else response.first("x-holdfast-replica"),
            generation=state.generation if state else generation_of(response),
            set_cookie=set_cookie,
            error=error,
        )


def generation_of(response: Response) -> int | None:
    """The generation of the replica that answered, by its header."""
    text = response.first("x-holdfast-generation") or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
