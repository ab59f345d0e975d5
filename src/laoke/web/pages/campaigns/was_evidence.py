"""What the struck-out prices of a campaign lean on: deals before the start, and when the price was really listed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, pgettext

from laoke.campaigns.launch import Plan
from laoke.campaigns.list_prices import sources_of
from laoke.promotions.ladder import Priced, listed_at
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.pages.prices.words import BASELINES

MOST = 30


def was_evidence(shop: Shop, plan: Plan, now: datetime) -> ui.Table | None:
    """A row per item with a struck-out price; None where the campaign has none."""
    found = {
        (one.item.key, one.item.was_cents): one
        for group in plan.priced
        for one in group.items
        if one.item.was_cents is not None
    }
    if not found:
        return None
    shown = list(found.values())[:MOST]
    names = sources_of(shop, [one.source for priced in shown for one in priced.known.listed])
    return ui.Table(
        [
            ui.Column("item", pgettext("one of a list", "商品"), "wrap"),
            ui.Column("was", gettext("划线价（元）"), "num"),
            ui.Column("deal", gettext("开始前的成交（元）"), "num", label_on_card=gettext("成交")),
            ui.Column("listed", gettext("标过这个价"), "wrap", card="wide"),
        ],
        [ui.Row(_cells(one, names, now)) for one in shown],
        caption=gettext("划线价的依据"),
        tall=len(shown) > 12,
    )


def _cells(one: Priced, names: Mapping[int, str], now: datetime) -> list[ui.Cell | str]:
    was, baseline = one.item.was_cents or 0, one.baseline
    low = baseline.cents is None or was > baseline.cents
    return [
        one.item.title or one.item.product_id,
        figures.cents(was),
        ui.Cell(figures.cents(baseline.cents), sub=str(BASELINES[baseline.kind]), tone="bad" if low else ""),
        _listed(one, was, names, now),
    ]


def _listed(one: Priced, was: int, names: Mapping[int, str], now: datetime) -> ui.Cell:
    if not one.known.listed:
        return ui.Cell(gettext("没有标价的记录"), tone="muted")
    found = listed_at(one.known.listed, was)
    if found is None:
        return ui.Cell(gettext("没有标过的记录"), tone="warn")
    text = figures.day_range(found.first, found.last, now)
    if found.source not in names:
        return ui.Cell(text)
    return ui.Cell(text, sub=names[found.source], url=reverse("import_result", args=[found.source]))
