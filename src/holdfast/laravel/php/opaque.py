"""PHP values that are not plain data: kept as bytes, looked into, never instantiated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from holdfast.laravel.php.values import CHECKED, Key, Value, php_int, text_of

if TYPE_CHECKING:
    from holdfast.laravel.php.codec import Reader

Kind = Literal["object", "custom", "enum", "pointer", "reference", "array", "int", "string"]

_KINDS: dict[int, Kind] = {
    ord("O"): "object",
    ord("C"): "custom",
    ord("E"): "enum",
    ord("r"): "pointer",
    ord("R"): "reference",
    ord("a"): "array",
    ord("i"): "int",
    ord("s"): "string",
    ord("S"): "string",
}


@dataclass(frozen=True, slots=True, repr=False)
class Opaque:
    """A PHP value that is not plain data, as the bytes that PHP wrote.

    It can be looked into, is equal to another one with the same bytes, and is never turned into
    an object of any class. These are opaque: objects, enum cases, references and every array that
    holds one of these references; and scalars that PHP reads but writes otherwise (`value` then
    says what PHP reads).

    Attributes:
        raw: one whole serialized value.

    Raises:
        FormatError: `raw` is something else, or a value that is never opaque.
    """

    raw: bytes

    def __post_init__(self) -> None:
        reader = _reader(self.raw)
        try:
            reader.skip()
        except IndexError:
            raise reader.truncated() from None
        if reader.pos != len(self.raw):
            raise reader.expected("the end of an opaque value", reader.pos)
        if self.raw[0] not in _KINDS:
            raise reader.expected("one of O C E r R a i s S", 0)

    def __repr__(self) -> str:
        """Kind, class and size only: what is inside may be a secret."""
        name = self.class_name.decode("utf-8", "backslashreplace")
        return f"<Opaque {self.kind} {name}{' ' if name else ''}{len(self.raw)} bytes>"

    @property
    def kind(self) -> Kind:
        """What it is: object ``O``, custom ``C`` (``Serializable``), enum ``E``, pointer ``r``
        (the same object again), reference ``R`` (PHP's ``&``), array, int or string.
        """
        return _KINDS[self.raw[0]]

    @property
    def class_name(self) -> bytes:
        """The class of an object or enum case as it is written; empty for everything else."""
        if self.kind not in {"object", "custom", "enum"}:
            return b""
        reader = _reader(self.raw)
        start = reader.name()
        return self.raw[start : reader.pos - 1].partition(b":")[0]

    @property
    def case(self) -> bytes:
        """The name of an enum case; empty for everything else."""
        if self.kind != "enum":
            return b""
        reader = _reader(self.raw)
        start = reader.name()
        return self.raw[start : reader.pos - 1].partition(b":")[2]

    @property
    def body(self) -> bytes:
        """What a ``Serializable`` class wrote about itself; empty for everything else."""
        if self.kind != "custom":
            return b""
        return self.raw[self.raw.index(b"{") + 1 : -1]

    @property
    def value(self) -> Value:
        """What PHP reads: of an int its number in 64 bits, of a string its text, of an array a
        dictionary in which references are opaque.

        Raises:
            TypeError: an object, enum case or reference, which has no plain value.
        """
        match self.kind:
            case "int":
                return php_int(self.raw[2:-1])
            case "string":
                return text_of(_reader(self.raw).string())
            case "array":
                return self.properties()
            case kind:
                raise TypeError(f"a PHP {kind} has no plain value")

    def properties(self) -> dict[Key, Value]:
        r"""The members of an object or array, by name.

        Names of an object stand as written: ``\0*\0name`` is protected, ``\0Class\0name`` private
        (`split_property_name`), and ``"0"`` is not 0.

        Raises:
            TypeError: the value has no members.
        """
        if self.kind not in {"object", "array"}:
            raise TypeError(f"a PHP {self.kind} has no properties")
        reader = _reader(self.raw)
        members: dict[Key, Value] = {}
        for _ in range(reader.enter(self.raw[0])):
            name = reader.key(normal=self.kind == "array")
            members[name] = reader.decode()
        return members


def unchecked(raw: bytes) -> Opaque:
    """An opaque value of bytes that a reader has passed over."""
    opaque = object.__new__(Opaque)
    object.__setattr__(opaque, "raw", raw)
    return opaque


def _reader(raw: bytes) -> Reader:
    from holdfast.laravel.php.codec import Reader  # which makes opaque values itself

    return Reader(raw, 0, CHECKED)
