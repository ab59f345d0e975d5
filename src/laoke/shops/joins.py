"""How words stand together in the reader's language: lists, clauses, a name with its value, an aside.

Chinese and English use other marks and other spaces between them, so no sentence is joined by hand.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import pgettext


def listed(items: Iterable[object]) -> str:
    """`被子、枕头`; in English `quilts, pillows`."""
    return pgettext("joins a list", "、").join(str(item) for item in items)


def phrases(items: Iterable[object]) -> str:
    """`满 300 减 40，满 600 减 100`; in English with commas."""
    return pgettext("joins phrases", "，").join(str(item) for item in items)


def clauses(items: Iterable[object]) -> str:
    """Whole statements on one line: `没有对照；没有试发`."""
    return pgettext("joins clauses", "；").join(str(item) for item in items)


def named(name: object, value: object) -> str:
    """`试发：还没有`; in English `Test: none yet`."""
    return pgettext("name and value", "%(name)s：%(value)s") % {"name": name, "value": value}


def aside(text: object, said: object) -> str:
    """`试发（还没有）`; in English with a space before the bracket."""
    return pgettext("text and an aside", "%(text)s（%(aside)s）") % {"text": text, "aside": said}


def bracketed(text: object) -> str:
    """`（甲，或乙）`, for what belongs together."""
    return pgettext("in brackets", "（%(text)s）") % {"text": text}


def ended(sentence: str) -> str:
    """A sentence with its full stop."""
    return sentence + pgettext("ends a sentence", "。")
