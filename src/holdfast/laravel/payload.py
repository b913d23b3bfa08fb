"""Attributes to stored bytes and back: serialization, encryption, and each store's outer layer.

From the inside out, as Illuminate/Session/Store.php and EncryptedStore.php write it: the attributes
are serialized (PHP or JSON) to the payload string; with ``session.encrypt`` that string is
PHP-serialized once more and encrypted; the store puts its own layer around the result.
"""

from __future__ import annotations

import binascii
import enum
import re
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from holdfast.core.errors import DecryptError, FormatError, Undecodable
from holdfast.laravel import json_array, php
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.json_array import JsonArray
from holdfast.laravel.php import Limits, SessionArray
from holdfast.laravel.php_base64 import base64_decode

Attributes: TypeAlias = SessionArray | JsonArray
"""A lazy mapping of a session's attributes that knows whether it was changed."""

Serialization: TypeAlias = Literal["php", "json"]

MAX_PAYLOAD_BYTES = Limits().max_bytes
"""Largest stored value that is read or written: a session has some kilobytes."""

_STRING_HEAD = re.compile(rb's:([0-9]{1,18}):"')


class Form(enum.Enum):
    """The layer that a kind of store puts around the payload string."""

    BARE = "bare"
    """File and memcached: the payload string as it is."""

    PHP_STRING = "php-string"
    """Redis and DynamoDB: PHP-serialized again, ``s:N:"...";`` (Illuminate/Cache/RedisStore)."""

    BASE64 = "base64"
    """Database: standard base64 (Illuminate/Session/DatabaseSessionHandler)."""


@dataclass(frozen=True, slots=True)
class Codec:
    """Reads and writes the stored value of one application's sessions in one kind of store.

    Args:
        form: the store's layer, ``Store.form``.
        serialization: ``session.serialization``; php in every skeleton up to 12.
        encrypter: the application's where ``session.encrypt`` is on, else None.
    """

    form: Form
    serialization: Serialization = "php"
    encrypter: Encrypter | None = field(default=None, repr=False)

    def new(self) -> Attributes:
        """The attributes of a session that was never stored."""
        return SessionArray() if self.serialization == "php" else JsonArray()

    def loads(self, data: bytes) -> Attributes:
        """The attributes in a stored value; they count as unchanged.

        An empty payload and ``0`` are an empty session, as in Laravel.

        Raises:
            Undecodable: it is no session of this application; the reason tells the layer. Laravel
                would start an empty session and save it over these bytes.
        """
        if len(data) > MAX_PAYLOAD_BYTES:
            raise Undecodable(
                f"the stored value has more than {MAX_PAYLOAD_BYTES} bytes",
                reason="size",
            )
        payload = self._payload(data)
        if payload in (b"", b"0"):
            return self.new()
        try:
            if self.serialization == "json":
                return JsonArray.loads(payload)
            return SessionArray.loads(payload)
        except FormatError as error:
            raise self._no_session(payload, error) from error

    def dumps(self, attributes: Attributes) -> bytes:
        """The stored value. Equal attributes give equal bytes unless they are encrypted.

        Raises:
            FormatError, TypeError: a value that the serialization cannot hold, or more bytes than
                `loads` would take back.
        """
        payload = attributes.dumps()
        if self.encrypter is not None:
            payload = self.encrypter.encrypt_string(php_string(payload)).encode()
        data = self._wrap(payload)
        if len(data) > MAX_PAYLOAD_BYTES:
            raise FormatError(
                f"the session has {len(data)} bytes, more than {MAX_PAYLOAD_BYTES}",
                expected="a smaller session",
                hint="keep large data elsewhere and its key in the session",
            )
        return data

    def _no_session(self, payload: bytes, error: FormatError) -> Undecodable:
        if _is_well_formed(payload, self.serialization):
            return Undecodable(
                "the payload is a single value, not a session's attributes",
                reason="not an array",
                hint="written twice over, by a phpredis serializer or another program?",
            )
        return Undecodable(
            f"the payload is not a session in {self.serialization} form: {error}",
            reason="serialization",
            offset=error.offset,
            hint="session.serialization and session.encrypt must be the application's",
        )

    def _payload(self, data: bytes) -> bytes:
        payload = self._unwrap(data)
        if self.encrypter is None or payload in (b"", b"0"):
            return payload
        try:
            return from_php_string(self.encrypter.open(payload).plaintext)
        except DecryptError as error:
            raise Undecodable(
                f"the payload cannot be decrypted: {error}",
                reason="encryption",
                hint="give the key it was written with as a previous key",
            ) from error
        except FormatError as error:
            raise Undecodable(f"the decrypted payload is {error}", reason="encryption") from error

    def _wrap(self, payload: bytes) -> bytes:
        match self.form:
            case Form.BARE:
                return payload
            case Form.PHP_STRING:
                return php_string(payload)
            case Form.BASE64:
                return binascii.b2a_base64(payload, newline=False)

    def _unwrap(self, data: bytes) -> bytes:
        match self.form:
            case Form.BARE:
                return data
            case Form.BASE64:
                payload = base64_decode(data)
                if data and not payload:
                    # PHP skips what is not base64: only that may not pass for an empty session.
                    raise Undecodable("the stored value is not base64", reason="outer layer")
                return payload
            case Form.PHP_STRING:
                try:
                    return from_php_string(data)
                except FormatError as error:
                    raise Undecodable(
                        f"the stored value is {error}",
                        reason="outer layer",
                        hint="something else under a session's key, or a phpredis serializer?",
                    ) from error


def _is_well_formed(payload: bytes, serialization: Serialization) -> bool:
    try:
        if serialization == "json":
            json_array.loads(payload)
        else:
            php.loads(payload)
    except FormatError:
        return False
    return True


def php_string(data: bytes) -> bytes:
    """PHP's ``serialize`` of a string."""
    return b's:%d:"%b";' % (len(data), data)


def from_php_string(data: bytes) -> bytes:
    """The string in ``s:N:"...";``; bytes after it are ignored, as PHP does.

    Raises:
        FormatError: the bytes are something else.
    """
    head = _STRING_HEAD.match(data)
    if head is None:
        raise FormatError("not a PHP-serialized string", expected='s:<length>:"')
    end = head.end() + int(head[1])
    if data[end : end + 2] != b'";':
        raise FormatError("a PHP-serialized string cut short", offset=end, expected='";')
    return data[head.end() : end]
