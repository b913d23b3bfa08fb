"""Laravel's encrypter, byte for byte (Illuminate/Encryption/Encrypter.php, 8.83 to 13).

An envelope is base64 of the JSON ``{"iv":...,"value":...,"mac":...,"tag":...}``. CBC is
authenticated by an HMAC-SHA256 over the base64 texts of iv and value, GCM by its own tag. What
Laravel takes though odd (any member order, white space, stripped padding, no tag under CBC, any
mac under GCM) is taken; what it refuses is refused. With several keys it acts as Laravel 11.4 and
later: the first key whose MAC matches opens it; under GCM, the first that authenticates.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import msgspec.json
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from holdfast.core.errors import DecryptError
from holdfast.laravel import php
from holdfast.laravel.keys import raw_keys
from holdfast.laravel.php_base64 import base64_decode

MAX_ENVELOPE_BYTES = 64 * 1024 * 1024
"""Longer envelopes are refused unread: no store that Laravel has keeps a session of this size."""

_BLOCK_BYTES = 16
_TAG_BYTES = 16
_IV_BYTES = {"cbc": 16, "gcm": 12}
_STRICT_BASE64 = re.compile(r"[A-Za-z0-9+/ \t\r\n]*[= \t\r\n]*")
_BASE64_LETTERS = re.compile(r"[A-Za-z0-9+/]")


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held.

    Args:
        plaintext: the bytes that were encrypted.
        key_index: which key opened it: 0 the current one, 1 and up the previous ones in order.
    """

    plaintext: bytes = field(repr=False)
    key_index: int


@dataclass(frozen=True, slots=True)
class Encrypter:
    """Encrypts with the first key, opens with any; made by :meth:`from_app_key`.

    Args:
        cipher: a key of KEY_BYTES.
        keys: raw keys, the current one first.
    """

    cipher: str
    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def from_app_key(
        cls, key: str, cipher: str = "AES-256-CBC", previous: Sequence[str] = ()
    ) -> Self:
        """Take the keys as Laravel's configuration has them.

        Args:
            key: ``app.key``: ``base64:`` and base64 of the key, or the raw key itself.
            cipher: ``app.cipher``, in any case.
            previous: ``app.previous_keys``, in the same form.

        Raises:
            UsageError: no such cipher, or a key that does not fit it.
        """
        return cls(cipher.lower(), raw_keys(key, cipher, previous))

    def encrypt(self, value: php.Value, *, iv: bytes | None = None) -> str:
        """The envelope of a PHP-serialized value, Laravel's ``encrypt($value)``."""
        return self.encrypt_string(php.dumps(value), iv=iv)

    def decrypt(self, envelope: str | bytes) -> php.Value:
        """Laravel's ``decrypt($payload)``; PHP objects stay opaque.

        Raises:
            DecryptError: no key opens it.
            FormatError: what it holds is not PHP-serialized.
        """
        return php.loads(self.open(envelope).plaintext)

    def encrypt_string(self, plaintext: str | bytes, *, iv: bytes | None = None) -> str:
        """The envelope of bytes as they are, Laravel's ``encryptString``.

        Args:
            plaintext: bytes, or text as UTF-8.
            iv: for tests that compare bytes; never pass one otherwise.
        """
        data = plaintext.encode() if isinstance(plaintext, str) else plaintext
        mode = self.cipher[-3:]
        iv = secrets.token_bytes(_IV_BYTES[mode]) if iv is None else iv
        key = self.keys[0]
        mac = tag = b""
        iv_text = binascii.b2a_base64(iv, newline=False)
        if mode == "cbc":
            padding = _BLOCK_BYTES - len(data) % _BLOCK_BYTES
            encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
            sealed = encryptor.update(data + bytes([padding]) * padding) + encryptor.finalize()
            value_text = binascii.b2a_base64(sealed, newline=False)
            mac = hmac.digest(key, iv_text + value_text, hashlib.sha256).hex().encode()
        else:
            sealed = AESGCM(key).encrypt(iv, data, None)
            sealed, tag = sealed[:-_TAG_BYTES], sealed[-_TAG_BYTES:]
            value_text = binascii.b2a_base64(sealed, newline=False)
            tag = binascii.b2a_base64(tag, newline=False)
        text = b'{"iv":"%b","value":"%b","mac":"%b","tag":"%b"}' % (iv_text, value_text, mac, tag)
        return binascii.b2a_base64(text, newline=False).decode()

    def decrypt_string(self, envelope: str | bytes) -> bytes:
        """Laravel's ``decryptString``; raises DecryptError."""
        return self.open(envelope).plaintext

    def open(self, envelope: str | bytes) -> Opened:
        """Open an envelope and tell which key did it.

        Raises:
            DecryptError: it is none, was tampered with, or no key fits; the message says which.
        """
        parts = _parse(envelope)
        mode = self.cipher[-3:]
        iv = _strict_base64(parts.iv)
        if iv is None or len(iv) != _IV_BYTES[mode]:
            raise DecryptError("the payload is invalid: wrong iv", expected="a base64 iv")
        return self._open_cbc(parts, iv) if mode == "cbc" else self._open_gcm(parts, iv)

    def _open_cbc(self, parts: _Envelope, iv: bytes) -> Opened:
        if parts.tag:
            raise DecryptError("the payload has a tag, and the cipher takes none")
        message = (parts.iv + parts.value).encode()
        given = parts.mac.encode()
        # All of them are computed, as Laravel does from 13.6 on: the time must not tell the key.
        matches = [
            hmac.compare_digest(hmac.digest(key, message, hashlib.sha256).hex().encode(), given)
            for key in self.keys
        ]
        if True not in matches:
            raise DecryptError("the MAC is invalid: another key, or tampered with")
        index = matches.index(True)
        sealed = base64_decode(parts.value)
        if not sealed or len(sealed) % _BLOCK_BYTES:
            raise DecryptError("could not decrypt the data: not whole blocks")
        decryptor = Cipher(algorithms.AES(self.keys[index]), modes.CBC(iv)).decryptor()
        padded = decryptor.update(sealed) + decryptor.finalize()
        padding = padded[-1]
        if not 1 <= padding <= _BLOCK_BYTES or padded[-padding:] != bytes([padding]) * padding:
            raise DecryptError("could not decrypt the data: wrong padding")
        return Opened(padded[:-padding], index)

    def _open_gcm(self, parts: _Envelope, iv: bytes) -> Opened:
        sealed = base64_decode(parts.value)
        tag = base64_decode(parts.tag)
        if len(tag) == _TAG_BYTES:
            for index, key in enumerate(self.keys):
                try:
                    return Opened(AESGCM(key).decrypt(iv, sealed + tag, None), index)
                except InvalidTag:
                    continue
        raise DecryptError("could not decrypt the data: another key, or tampered with")


class _Envelope(NamedTuple):
    iv: str
    value: str
    mac: str
    tag: str  # empty where PHP's empty() says so


def _parse(envelope: str | bytes) -> _Envelope:
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise DecryptError(f"the payload has more than {MAX_ENVELOPE_BYTES} bytes")
    try:
        # Without a type: what is wrong in a member that nobody asks for is refused too.
        members = msgspec.json.decode(base64_decode(envelope))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _no_envelope() from error
    if not isinstance(members, dict):
        raise _no_envelope()
    iv, value, mac = (members.get(name) for name in ("iv", "value", "mac"))
    tag = members.get("tag")
    tag = "" if tag in (None, "0") else tag
    if not (
        isinstance(iv, str)
        and isinstance(value, str)
        and isinstance(mac, str)
        and isinstance(tag, str)
    ):
        raise _no_envelope()
    return _Envelope(iv, value, mac, tag)


def _no_envelope() -> DecryptError:
    return DecryptError(
        "the payload is invalid: not base64 of JSON with iv, value and mac",
        expected="an envelope of Laravel's encrypter",
    )


def _strict_base64(text: str) -> bytes | None:
    """As PHP's ``base64_decode($text, true)``: None where it refuses."""
    if _STRICT_BASE64.fullmatch(text) is None:
        return None
    letters = len(_BASE64_LETTERS.findall(text))
    padding = text.count("=")
    if letters % 4 == 1 or padding > 2 or (padding and (letters + padding) % 4):
        return None
    return base64_decode(text)
