"""Segments that an offer can be for: to choose from, and how the list of one stands that was chosen."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from laoke.audiences.models import Segment
from laoke.audiences.offer_lists import SegmentBroken, ensure_list, segment_of, to_choose, tree_to_offer
from laoke.audiences.wording import refusal_text
from laoke.promotions import engine
from laoke.promotions.buyer_lists import segment_key, segment_number
from laoke.promotions.describing import segment_text
from laoke.promotions.models import BuyerList
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures

Choices = list[tuple[str, str]]


def segment_choices(shop: Shop) -> Choices:
    """The segments that an offer can be for, as (audience, name)."""
    return [(segment_key(row.pk), segment_text(row.name)) for row in to_choose(shop)]


def choose_segment(shop: Shop, audience: str) -> None:
    """Make the list of the segment that was chosen, before the offer is kept; nothing for other audiences."""
    number = segment_number(audience)
    if number is not None and (row := Segment.objects.filter(shop=shop, pk=number).first()) is not None:
        ensure_list(row)


def segment_facts(shop: Shop, value: engine.Offer, now: datetime) -> list[tuple[str, str | ui.Action]]:
    """How the list of an offer's segment stands: how many are in it and since when, or why nobody is."""
    row = BuyerList.objects.filter(shop=shop, key=value.audience).first() if value.audience else None
    number = segment_number(value.audience)
    if row is None or number is None:
        return []
    segment = segment_of(row)
    trouble = _trouble(shop, segment)
    told: list[tuple[str, str | ui.Action]] = [(gettext("人群里的人"), trouble or _standing(row, now))]
    if segment is not None:
        link = ui.Action(gettext("看人群"), reverse("segment", args=[segment.pk]), small=True)
        told.append((gettext("人群"), link))
    return told


def _standing(row: BuyerList, now: datetime) -> str:
    if row.counted_at is None:
        return gettext("还在数，数好以前没有人能用")
    return ngettext(
        "%(n)s 人，%(when)s 数的；报价按这份名单认人",
        "%(n)s 人，%(when)s 数的；报价按这份名单认人",
        row.count,
    ) % {
        "n": figures.exact(row.count),
        "when": figures.when(row.counted_at, now),
    }


def _trouble(shop: Shop, segment: Segment | None) -> str:
    """Why nobody can be in the segment now, '' when nothing stands in the way."""
    if segment is None:
        return gettext("人群已收起，现在没有人能用；放回人群，或改优惠")
    try:
        tree_to_offer(shop, segment.text)
    except SegmentBroken as broken:
        if broken.error is not None:
            why = refusal_text(broken.error)
        else:
            why = gettext("店里已经没有：%(names)s") % {"names": broken.name}
        return gettext("现在没有人能用：%(why)s") % {"why": why}
    return ""
