"""One session as a request sees it, with the verbs of Illuminate/Session/Store.php (8.83 to 13)."""

from __future__ import annotations

import hmac
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from holdfast.laravel.names import login_key
from holdfast.laravel.payload import Attributes
from holdfast.laravel.php import Key, Value
from holdfast.laravel.php.values import normal_key
from holdfast.session import flash
from holdfast.session.arithmetic import added
from holdfast.session.dots import as_array, read, remove, write
from holdfast.session.grace import Shown, accepts
from holdfast.stores.contract import Found

_ALPHABET = string.ascii_letters + string.digits
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Record:
    """Where a session stands in the store.

    Args:
        sid: its id there.
        found: what stands there, as far as we know.
        ours: whether we have written it since the attributes were read.
    """

    sid: str = field(repr=False)
    found: Found = field(repr=False)
    ours: bool = False


class Session(MutableMapping[Key, Value]):
    """The attributes of one session, its id and its token; made by ``load``, written by ``save``.

    As a mapping it has the top-level attributes. Laravel's verbs (`get`, `put`, `forget`, ...) take
    dotted keys: ``put("cart.items", [])``. Arrays that come from the store are dictionaries and may
    be changed in place. A session without a token gets one, as in ``Store::start``.

    Two things are as in Laravel 11.9.2 and later: top-level keys that are numbers stay as they are,
    and `login` leaves the choice of a new token to the caller, who may call `regenerate` (12.34 and
    later always do).

    Values are plain data (`holdfast.laravel.php.Value`); anything else is refused with TypeError
    when the session is saved. Not safe for concurrent threads.
    """

    def __init__(
        self,
        attributes: Attributes,
        sid: str,
        record: Record | None = None,
        *,
        shown: Shown | None = None,
        seal: bytes | None = None,
    ) -> None:
        self._attributes = attributes
        self._id = sid
        self._record = record
        self._shown = shown
        self._seal = seal
        self._invalidated = False
        self._conflicts: tuple[str, ...] = ()
        if not self.has("_token"):
            self.regenerate_token()

    # The mapping: top-level attributes.

    def __getitem__(self, key: Key) -> Any:
        return self._attributes[key]

    def __setitem__(self, key: Key, value: Value) -> None:
        self._attributes[key] = value

    def __delitem__(self, key: Key) -> None:
        del self._attributes[key]

    def __contains__(self, key: object) -> bool:
        return key in self._attributes

    def __iter__(self) -> Iterator[Key]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __repr__(self) -> str:
        """Size only: id, keys and values may be secrets."""
        return f"<Session of {len(self)}{', new' if self.is_new else ''}>"

    # Laravel's verbs: dotted keys.

    def get(self, key: Key, default: Any = None) -> Any:
        """The value at a dotted key; a top-level key of that very name comes first."""
        if isinstance(key, str):
            return read(self._attributes, key, default)
        return self._attributes.get(key, default)

    def put(self, key: str, value: Value) -> None:
        """Set the value at a dotted key, making the arrays on the way."""
        write(self._attributes, key, value)

    def has(self, *keys: str) -> bool:
        """Whether each of them is there and not None."""
        return all(self.get(key) is not None for key in keys)

    def exists(self, *keys: str) -> bool:
        """Whether each of them is there, None or not."""
        return all(self.get(key, _ABSENT) is not _ABSENT for key in keys)

    def missing(self, *keys: str) -> bool:
        """The opposite of `exists`."""
        return not self.exists(*keys)

    def pull(self, key: str, default: Any = None) -> Any:
        """The value at a dotted key, which is dropped."""
        value = self.get(key, default)
        self.forget(key)
        return value

    def push(self, key: str, value: Value) -> None:
        """Append to the array at a dotted key, made where there is none.

        Raises:
            TypeError: something else stands there.
        """
        before = self.get(key, {})
        if isinstance(before, list | tuple):
            self.put(key, [*before, value])
            return
        # PHP makes an array of null and false, of nothing else.
        array = {} if before is None or before is False else as_array(before)
        if array is None:
            raise TypeError(f"nothing can be pushed onto a {type(before).__name__}")
        self.put(key, flash.pushed(array, value))

    def increment(self, key: str, by: int = 1) -> int | float:
        """Add to the number at a dotted key, 0 where there is none; returns the new one.

        Raises:
            TypeError: what stands there is no number for PHP.
        """
        after = added(self.get(key), by)
        self.put(key, after)
        return after

    def decrement(self, key: str, by: int = 1) -> int | float:
        """As `increment`, downwards."""
        return self.increment(key, -by)

    def forget(self, *keys: str) -> None:
        """Drop what stands at dotted keys."""
        remove(self._attributes, keys)

    def all(self) -> dict[Key, Value]:
        """Every attribute, in order."""
        return dict(self._attributes)

    def only(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Some top-level attributes, in the session's order."""
        wanted = {normal_key(key) for key in keys}
        return {key: value for key, value in self._attributes.items() if key in wanted}

    def flush(self) -> None:
        """Drop every attribute, the token too."""
        for key in list(self._attributes):
            del self._attributes[key]

    # Flash data.

    def flash(self, key: str, value: Value = True) -> None:
        """Put a value that the next request still sees, and no later one."""
        flash.flash(self._attributes, key, value)

    def now(self, key: str, value: Value) -> None:
        """Put a value that this request alone sees."""
        flash.now(self._attributes, key, value)

    def reflash(self) -> None:
        """Keep everything that the request before has flashed for one more."""
        flash.reflash(self._attributes)

    def keep(self, *keys: str) -> None:
        """Keep some of what the request before has flashed for one more."""
        flash.keep(self._attributes, keys)

    def flash_input(self, values: Mapping[str, Value]) -> None:
        """Flash a form's fields, for the page that shows it again."""
        self.flash("_old_input", dict(values))

    def get_old_input(self, key: str | None = None, default: Any = None) -> Any:
        """A field of the form that was flashed, by its dotted key; all of them without a key."""
        array = as_array(self.get("_old_input", {}))
        if array is None:
            return default
        return array if key is None else read(array, key, default)

    def age_flash_data(self) -> None:
        """Drop what the request before has flashed; `save` does it."""
        flash.age(self._attributes)

    # Token and previous page.

    @property
    def token(self) -> str:
        """The CSRF token; where there is none, after `flush` or `invalidate`, a new one is made."""
        if not isinstance(self.get("_token"), str):
            self.regenerate_token()
        return str(self.get("_token"))

    def accepts(self, token: str) -> bool:
        """Whether a form's token is the session's, in constant time.

        For a request that was in flight when the session got a new id and token, the one from
        before is accepted too.
        """
        if hmac.compare_digest(self.token.encode(), token.encode()):
            return True
        return self._seal is not None and accepts(self._seal, token)

    def regenerate_token(self) -> None:
        """Take a new CSRF token: forms that were sent out no longer pass."""
        self.put("_token", random_text())

    @property
    def previous_url(self) -> str | None:
        """The page that was seen last, if it was noted."""
        url: str | None = self.get("_previous.url")
        return url

    def set_previous_url(self, url: str) -> None:
        """Note the page that is being seen."""
        self.put("_previous.url", url)

    # Id, login and logout.

    @property
    def id(self) -> str:
        """The id that it is saved under, 40 letters and digits. A password: never log it."""
        return self._id

    @property
    def is_new(self) -> bool:
        """Whether nothing stands in the store for it yet, under this id or the one before."""
        return self._record is None

    def migrate(self) -> None:
        """Take a new id; the old one ends when the session is saved.

        As Laravel's ``migrate(true)``. Its ``migrate(false)`` leaves the old record, and with it
        the old id, alive until it expires; here requests in flight are led to the new id for a
        moment instead (`Policy.grace_seconds`).
        """
        self._id = random_text()

    def regenerate(self) -> None:
        """Take a new id and a new token."""
        self.migrate()
        self.regenerate_token()

    def invalidate(self) -> None:
        """Drop everything and take a new id; the old one ends, whatever was written meanwhile."""
        self.flush()
        self._id = random_text()
        self._invalidated = True

    def login(self, user_id: int | str, guard: str = "web") -> None:
        """Log a user in: under a new id, so that an id from before the login is worth nothing."""
        self.put(login_key(guard), user_id)
        self.migrate()

    def logout(self, guard: str = "web") -> None:
        """Log the user out; the rest of the session stays, see `invalidate`."""
        self.forget(login_key(guard))

    def user_id(self, guard: str = "web") -> int | str | None:
        """Who is logged in; None for a guest."""
        user: int | str | None = self.get(login_key(guard))
        return user

    # What `load` and `save` need to know; of no use to an application.

    @property
    def attributes(self) -> Attributes:
        """What is written."""
        return self._attributes

    @property
    def record(self) -> Record | None:
        """Where it stands in the store; None: nowhere yet, or no more."""
        return self._record

    @property
    def invalidated(self) -> bool:
        """Whether that record is to end whatever it holds."""
        return self._invalidated

    @property
    def shown(self) -> Shown | None:
        """What the request has shown of its browser."""
        return self._shown

    @property
    def followed(self) -> bool:
        """Whether it was found under another id than the request's cookie named."""
        return self._seal is not None

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Dotted keys where a save gave one request's change up for another's; names alone."""
        return self._conflicts

    def take_merged(self, attributes: Attributes, conflicts: Iterable[str]) -> None:
        """Go on with what a merge came to."""
        self._attributes = attributes
        self._conflicts = tuple(dict.fromkeys([*self._conflicts, *conflicts]))

    def take_fresh_id(self) -> None:
        """Take another id because somebody has this one already."""
        self._id = random_text()

    def follow(self, sid: str, seal: bytes) -> None:
        """Go on under the id that another request has given the session."""
        self._id = sid
        self._seal = seal

    def stands_as(self, record: Record | None) -> None:
        """Note what stands in the store after a save."""
        self._record = record
        self._invalidated = False


def random_text() -> str:
    """A new id or token, as ``Str::random(40)``: about 238 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(40))
