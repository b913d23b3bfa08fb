"""A person at a browser, at an application that we do not know: follows links, fills in one form.

What a visitor is shown becomes the history that the judge knows: an answer's State has the
session's name as its ``lineage`` where it shows a token that this session has had, and none where
it shows another: then the session is gone, and the application has begun a new one in its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from holdfast.core.digest import handle
from holdfast.rehearsal.browser import SALT, TIMEOUT_SECONDS, generation_of
from holdfast.rehearsal.client import Client, NoAnswer, Response
from holdfast.rehearsal.history import Answer, Op, Outcome, Sent
from holdfast.rehearsal.jar import Jar
from holdfast.rehearsal.links import path_of, redirect
from holdfast.rehearsal.observation import Payload, Seen, logs_in
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recording
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.stored import Look

MAX_REDIRECTS = 10

_HEADERS = {
    "accept": "text/html,application/xhtml+xml",
    # Laravel 13 takes this in place of a token, as it stands in every form that a browser sends.
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-dest": "document",
}
_FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class Window:
    """A private window: its cookies, and the session that the visitor believes to have in it.

    Args:
        lineage: that session's name, ``u7.1``.
        jar: the window's cookies.
        opened: whether an answer has shown the session.
        user: the visitor's number once it is logged in.
        token: the session's token that was shown last.
    """

    lineage: str
    jar: Jar
    opened: bool = False
    user: int | None = None
    token: str = field(default="", repr=False)


class Visitor:
    """One visitor.

    Args:
        number: its number; ``u7`` is the name that comes of it.
        client: sends the requests.
        recorder: is told of every request and answer.
        site: the application.
        host: where redirects are followed to: ``127.0.0.1:8080``, with the path that the
            application begins at where it has one.
        look: looks sessions up in their store, where that can be reached from here.

    ``lost`` counts the sessions that it found gone.
    """

    def __init__(
        self,
        number: int,
        client: Client,
        recorder: Recording,
        site: Site,
        *,
        host: str,
        look: Look | None = None,
    ) -> None:
        self.number = number
        self.name = f"u{number}"
        self._client = client
        self._recorder = recorder
        self._site = site
        self._host = host
        self._look = look
        self._count = 0
        self.lost = 0
        self._known: dict[str, tuple[str, int | None]] = {}
        self.leave()

    def leave(self) -> None:
        """Close the window; the next one has no cookies, and its session the next number."""
        self.window = self._window(Jar(session_cookie=self._site.reader.cookie))

    def begin_anew(self) -> None:
        """Forget the sessions that there were, and close the window."""
        self._known.clear()
        self.leave()

    def _window(self, jar: Jar, user: int | None = None) -> Window:
        self._count += 1
        return Window(f"{self.name}.{self._count}", jar, user=user)

    async def go(self, path: str | None = None) -> Op:
        """Load a page (by default the site's) and follow its redirects within the site.

        The first page of a window opens a session, unless it needs none.

        Returns:
            The last request; a redirect where it leads elsewhere, or in a circle.
        """
        window = self.window
        target: str | None = path or self._site.path
        for _ in range(MAX_REDIRECTS + 1):
            assert target is not None
            op, target = await self._get(window, target)
            if target is None or self.window is not window:
                break
        return op

    async def log_in(self) -> Op:
        """Send the login's form, and follow its redirects.

        Returns:
            The login itself: ``ok`` where the application has logged the visitor in.
        """
        await self._client.wait_turn()
        login, window = self._site.login, self.window
        assert login is not None
        before = Seen(window.token or None, self._carried(window), set_cookie=False)
        args = {"user": str(self.number), "path": path_of(login.path)}
        sent = self._sent(window, "login", args)
        form = login.body(self.number, window.token)
        response = await self._send(sent, window.jar, login.path, login.method, form)
        if isinstance(response, Answer):
            return self._over(sent, response)
        seen, payload = await self._see(sent, window, response, before.session_id)
        status = response.status
        if status >= 400 or logs_in(before, seen, payload) is False:
            words = f"no login came of it: HTTP {status}"
            return self._over(
                sent, self._answer(sent, response, seen, outcome="refused", error=words)
            )
        if seen.token is not None:
            self._known[seen.token] = (window.lineage, self.number)
        state = self._state(seen, payload, response)
        op = self._over(sent, self._answer(sent, response, seen, state))
        if self.window is window:
            if seen.token is not None:
                window.user, window.token = self.number, seen.token
            else:
                # Nothing tells that what is shown from now on is the session from before.
                self.window = self._window(window.jar, self.number)
        target = redirect(response, self._host, login.path)
        if target is not None:
            await self.go(target)
        return op

    async def _get(self, window: Window, target: str) -> tuple[Op, str | None]:
        await self._client.wait_turn()
        kind = "state" if window.opened else "open"
        args = {"path": path_of(target)}
        sent = self._sent(
            window, kind, args if window.opened else {**args, "lineage": window.lineage}
        )
        carried = self._carried(window)
        response = await self._send(sent, window.jar, target)
        if isinstance(response, Answer):
            return self._over(sent, response), None
        seen, payload = await self._see(sent, window, response, carried)
        token = seen.token
        if kind == "open" and token is not None and response.status < 400:
            self._known.setdefault(token, (window.lineage, window.user))
        state = self._state(seen, payload, response)
        op = self._over(sent, self._answer(sent, response, seen, state))
        if op.ok and state is not None and self.window is window:
            window.token = token or ""
            if state.lineage == window.lineage:
                window.opened, window.user = True, state.user
            else:
                self.lost += window.opened
                self.leave()
        return op, redirect(response, self._host, target)

    def _carried(self, window: Window) -> str | None:
        return self._site.reader.session_id(window.jar.cookies.get(window.jar.session_cookie))

    async def _see(
        self, sent: Sent, window: Window, response: Response, carried: str | None
    ) -> tuple[Seen, Payload | None]:
        """What the answer shows, and the store where the answer alone does not say enough.

        The answer has arrived when this is over: its cookies go into the jar then.
        """
        set_cookies = response.all("set-cookie")
        seen = self._site.reader.observe(
            set_cookies, response.first("content-type") or "", response.body
        )
        session_id = seen.session_id or carried
        payload = None
        needed = seen.token is None or sent.kind == "login" or window.user is not None
        if self._look is not None and session_id is not None and needed:
            payload = await self._look(session_id)
        token = seen.token or (payload.token if payload else None)
        window.jar.take(set_cookies, sent.id)
        return Seen(token, session_id, seen.set_cookie), payload

    def _state(self, seen: Seen, payload: Payload | None, response: Response) -> State | None:
        if seen.token is None:
            return None
        lineage, user = self._known.get(seen.token, (None, None))
        return State(
            replica=response.first("x-holdfast-replica") or "",
            generation=generation_of(response) or 0,
            session=handle(seen.session_id or seen.token, SALT),
            lineage=lineage,
            user=None if payload is not None and not payload.logged_in else user,
            token=handle(seen.token, SALT),
            cart=[],
            orders=[],
            count=0,
            marks={},
        )

    def _sent(self, window: Window, kind: str, args: dict[str, str]) -> Sent:
        jar = window.jar
        sent = Sent(
            id=self._recorder.next_id(),
            at=self._recorder.elapsed(),
            browser=self.name,
            lineage=window.lineage,
            kind=kind,
            args=args,
            jar="own",
            cookie_from=jar.session_from if jar.session_cookie in jar.cookies else None,
        )
        self._recorder.sent(sent)
        return sent

    async def _send(
        self, sent: Sent, jar: Jar, target: str, method: str = "GET", form: bytes = b""
    ) -> Response | Answer:
        headers = {
            **_HEADERS,
            **({"cookie": jar.header()} if jar.cookies else {}),
            **(_FORM if form else {}),
        }
        try:
            return await self._client.send(method, target, headers, form, TIMEOUT_SECONDS)
        except NoAnswer as error:
            outcome: Outcome = "unknown" if error.sent else "fail"
            return Answer(sent.id, self._recorder.elapsed(), outcome, error=str(error))

    def _answer(
        self,
        sent: Sent,
        response: Response,
        seen: Seen,
        state: State | None = None,
        *,
        outcome: Outcome = "ok",
        error: str | None = None,
    ) -> Answer:
        status = response.status
        if status >= 400:
            outcome, error, state = "fail", f"HTTP {status}", None
        return Answer(
            id=sent.id,
            at=self._recorder.elapsed(),
            outcome=outcome,
            status=status,
            state=state,
            replica=response.first("x-holdfast-replica"),
            generation=generation_of(response),
            set_cookie=seen.set_cookie,
            error=error,
        )

    def _over(self, sent: Sent, answer: Answer) -> Op:
        self._recorder.answer(answer)
        return Op(sent, answer)
