"""Member levels in words: what one asks for, and what a person lacks for it."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext

from laoke.audiences.levels import Reached
from laoke.customers.models import MemberLevel
from laoke.web import figures


def _either(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return gettext("%(one)s，或%(other)s") % {"one": parts[0], "other": parts[1]}


def condition_words(level: MemberLevel) -> str:
    """What a level asks for, in words."""
    parts = []
    if level.orders_from:
        parts.append(
            ngettext("买过 %(n)s 天", "买过 %(n)s 天", level.orders_from)
            % {"n": figures.exact(level.orders_from)}
        )
    if level.net_cents_from:
        parts.append(gettext("净付满 %(money)s") % {"money": figures.yuan(level.net_cents_from)})
    said = gettext("%(within)s%(conditions)s")
    return said % {"within": level.get_within_display(), "conditions": _either(parts)}


def missing_words(found: Reached) -> str:
    """What is missing for the next level; '' when there is none."""
    parts = []
    if found.orders_missing is not None and found.orders_missing > 0:
        parts.append(
            ngettext("再买 %(n)s 天", "再买 %(n)s 天", found.orders_missing)
            % {"n": figures.exact(found.orders_missing)}
        )
    if found.cents_missing is not None and found.cents_missing > 0:
        parts.append(gettext("再付 %(money)s") % {"money": figures.yuan(found.cents_missing)})
    return _either(parts)
