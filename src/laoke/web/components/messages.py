"""What customers get and what the text form of a segment looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from laoke.web.components.base import Component, Words

SpanKind = Literal["", "f", "k", "n", "s", "e"]


@dataclass(frozen=True)
class Phone(Component):
    """A short message on a phone: sender, time, the text as received, its count of characters and segments."""

    template: ClassVar[str] = "components/phone.html"
    text: str
    sender: Words = ""
    kind: Words = ""
    time: Words = ""
    count: Words = ""


@dataclass(frozen=True)
class Piece:
    """A stretch of a message: plain text, a variable, or what is shown but cannot be edited."""

    text: Words
    kind: Literal["", "var", "fixed"] = ""
    hint: Words = ""


@dataclass(frozen=True)
class MessageText(Component):
    """A message with its variables marked."""

    template: ClassVar[str] = "components/message_text.html"
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Span:
    """A stretch of code: f function, k word, n number, s string, e error (with the message as `hint`)."""

    text: str
    kind: SpanKind = ""
    hint: Words = ""


@dataclass(frozen=True)
class Code(Component):
    """The text form of a segment with its words coloured."""

    template: ClassVar[str] = "components/code.html"
    spans: Sequence[Span]
    label: Words = ""


@dataclass(frozen=True)
class DiffPart:
    """A stretch of a comparison: kept, added or removed."""

    text: str
    kind: Literal["", "ins", "del"] = ""


@dataclass(frozen=True)
class Diff(Component):
    """Two versions of a text."""

    template: ClassVar[str] = "components/diff.html"
    parts: Sequence[DiffPart]
    note: Words = ""
