"""People with a session that lasts: they come once, and look in again while it is there."""

from __future__ import annotations

from typing import Protocol

from holdfast.rehearsal.browser import Browser
from holdfast.rehearsal.jar import Jar
from holdfast.rehearsal.visitor import Visitor


class Guest(Protocol):
    """One of them. One request is in flight at a time."""

    @property
    def name(self) -> str:
        """``u2``, as in the history."""

    async def arrive(self) -> bool:
        """Come without cookies, and log in where there is a login; whether the session is there."""

    async def look(self) -> bool:
        """Load a page with the session; whether it is there as far as anybody knows."""


class ShopGuest:
    """A guest of an application that speaks :mod:`holdfast.rehearsal.protocol`.

    Args:
        browser: of this guest alone.
        number: the user to log in as.
    """

    def __init__(self, browser: Browser, number: int) -> None:
        self.name = browser.name
        self._browser = browser
        self._number = number

    async def arrive(self) -> bool:
        """See Guest."""
        browser = self._browser
        browser.abandon()
        browser.jar = Jar(session_cookie=browser.jar.session_cookie)
        await browser.send("state")
        await browser.send("open", lineage=browser.lineage)
        await browser.send("login", user=str(self._number))
        await browser.send("state")
        return browser.opened and browser.user is not None

    async def look(self) -> bool:
        """See Guest."""
        await self._browser.send("state")
        return self._browser.opened


class VisitingGuest:
    """A guest of any other application.

    Args:
        visitor: of this guest alone.
        accounts: whether there is a login.
    """

    def __init__(self, visitor: Visitor, *, accounts: bool) -> None:
        self.name = visitor.name
        self._visitor = visitor
        self._accounts = accounts

    async def arrive(self) -> bool:
        """See Guest."""
        visitor = self._visitor
        visitor.begin_anew()
        await visitor.go()
        if self._accounts and visitor.window.opened:
            await visitor.log_in()
            await visitor.go()
        window = visitor.window
        return window.opened and (window.user is not None or not self._accounts)

    async def look(self) -> bool:
        """See Guest."""
        await self._visitor.go()
        return self._visitor.window.opened
