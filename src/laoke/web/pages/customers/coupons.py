"""The coupons of the shop's own that a person holds and has used, on their page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from laoke.promotions.coupons import moves, states
from laoke.promotions.models import Coupon
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.pages.offers.coupon_pages import STATE_TONES, STATE_WORDS

MOST = 50
# What can still be used stands first, then what was.
_ORDER = (states.CLAIMED, states.RESERVED, states.REDEEMED, states.EXPIRED, states.BLOCKED)


def coupons_of(shop: Shop, members: Sequence[int], now: datetime) -> ui.Table | None:
    """The coupons of the person's customers, those of use first; None when there are none. Codes show their end only:
    whoever knows one whole can use it."""
    found = Coupon.objects.filter(shop=shop, customer_id__in=members).select_related("issue").order_by("-pk")
    rows = sorted(found[:MOST], key=lambda one: _ORDER.index(moves.state_at(one, now)))
    if not rows:
        return None
    return ui.Table(
        [
            ui.Column("issue", _("券")),
            ui.Column("code", _("码"), "nowrap", card="hide"),
            ui.Column("until", _("有效到"), "nowrap"),
            ui.Column("order", pgettext_lazy("one of a list", "订单"), "nowrap", priority=2, card="hide"),
            ui.Column("off", _("减"), "num"),
            ui.Column("state", _("状态"), "nowrap", card="end"),
        ],
        [_row(one, now) for one in rows],
        caption=_("领到和用掉的券"),
    )


def _row(one: Coupon, now: datetime) -> ui.Row:
    state = moves.state_at(one, now)
    taken = state in states.TAKEN
    return ui.Row(
        [
            one.issue.name,
            ui.Cell(f"…{one.code[-4:]}", tone="masked"),
            figures.when(one.valid_to, now),
            one.order_id if taken else "",
            figures.yuan(one.cents) if taken else "",
            ui.Status(STATE_WORDS[state], STATE_TONES.get(state, "")),  # type: ignore[arg-type]
        ]
    )
