"""What may come next in a filter that is being typed: the parser itself says it, so nothing is offered that it refuses.

The text up to the cursor is cut before the word that is being typed; what the parser wants at that cut is what may
stand there. Nothing is known here of a shop: which tags or cities there are is somebody else's to say.
"""

from __future__ import annotations

from dataclasses import dataclass

from laoke.audiences.text import COUNTED, THEN_NAMES, parse
from laoke.audiences.tokens import MAX_LENGTH, FilterError, tokens_of
from laoke.audiences.tree import TEXT_FIELDS, USUAL_LOW

# How the parser says that a text in quotes is wanted.
ANY_TEXT = '"…"'
JOINS = ("and", "or")
KEYWORDS = ("and", "or", "not", "then", "within", "in")
# These mean something without brackets.
ALONE = frozenset({*USUAL_LOW, *COUNTED, "had_case", "everyone"})


@dataclass(frozen=True)
class Place:
    """Where somebody is typing: `word` are the letters that an option takes the place of, `typed` is what they mean,
    `quoted` says that they stand in quotes. `allowed` may come there; with a `slot` also texts of that kind."""

    word: str
    typed: str
    quoted: bool
    allowed: tuple[str, ...]
    slot: str = ""


def place_at(head: str) -> Place | None:
    """The place at the end of a text; None when the text before it cannot be read, so that nothing is sure."""
    if len(head) > MAX_LENGTH:
        return None
    start, typed, quoted = _word_at(head)
    wanted = _wanted(head[:start])
    if wanted is None:
        return None
    allowed, slot = wanted
    if len(allowed) > 1 and ANY_TEXT in allowed:
        # A text is one of what may come: texts of its kind are offered once the quote is there, and then they alone.
        allowed, slot = ((ANY_TEXT,), slot) if quoted else (allowed, "")
    return Place(head[start:], typed, quoted, () if quoted and not slot else allowed, slot)


def _word_at(head: str) -> tuple[int, str, bool]:
    """Where the word begins that ends with the text, what it means, and whether it stands in quotes."""
    try:
        tokens = tokens_of(head)
    except FilterError as error:
        if error.code == "unclosed_text":
            return error.position, head[error.position + 1 :].replace("\\", ""), True
        return len(head), "", False
    last = tokens[-2] if len(tokens) > 1 else None
    if last is not None and last.kind == "name" and last.position + last.length == len(head):
        return last.position, last.value, False
    return len(head), "", False


def _wanted(text: str) -> tuple[tuple[str, ...], str] | None:
    """What the parser wants after a text, and of what kind a text there would be."""
    try:
        parse(text)
    except FilterError as error:
        if error.position < len(text) or error.code not in ("empty", "ends_early", "expected_text"):
            return None
        allowed, slot = error.allowed, str(error.params.get("slot", ""))
    else:
        allowed, slot = JOINS, ""
    if "and" in allowed and _may_go_on(text):
        allowed = (*allowed, "then")
    return allowed, slot


def _may_go_on(text: str) -> bool:
    """The last condition may begin a sequence."""
    try:
        parse(f"{text} then")
    except FilterError as error:
        return error.code == "ends_early" and error.allowed[: len(THEN_NAMES)] == THEN_NAMES
    return False


def opened(word: str) -> str:
    """A word of the language as it is written to go on from: a condition with its bracket, a keyword with a blank."""
    if word in KEYWORDS:
        return f"{word} "
    if word in TEXT_FIELDS:
        return f"{word} in ("
    return word if word in ALONE else f"{word}("
