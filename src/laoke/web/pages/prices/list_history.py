"""The history of an item's list price: as steps, and as a table with the import that told each."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext

from laoke.campaigns.list_prices import sources_of, told_of
from laoke.promotions.ladder import Item, Listed, stretches
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.charts.prices import list_price_steps


def list_history(shop: Shop, item: Item, now: datetime) -> ui.ChartCard | ui.Empty:
    """What imports told of the product's list price; in words where none did."""
    told = told_of(shop, item.product_id)
    if not told:
        return ui.Empty(
            gettext("没有标价的记录"),
            gettext("导入商品清单（带标价那一列）就从那天记起，划线价靠它说明真的标过"),
        )
    found = stretches(told)
    return ui.ChartCard(
        "list-price",
        gettext("标价的历史"),
        list_price_steps(told, now.date()),
        _table(found, sources_of(shop, (one.source for one in found)), now),
        gettext("每一天的标价"),
        sub=gettext("导入的商品清单里写的，元；两次导入之间照上一次的"),
    )


def _table(found: tuple[Listed, ...], names: dict[int, str], now: datetime) -> ui.Table:
    return ui.Table(
        [
            ui.Column("first", gettext("从"), "nowrap"),
            ui.Column("last", gettext("最后一次见到"), "nowrap"),
            ui.Column("price", gettext("标价（元）"), "num"),
            ui.Column("source", gettext("来源"), "wrap"),
        ],
        [
            ui.Row(
                [
                    figures.day(one.first, now),
                    figures.day(one.last, now),
                    figures.cents(one.cents),
                    ui.Cell(names[one.source], url=reverse("import_result", args=[one.source]))
                    if one.source in names
                    else figures.NOTHING,
                ]
            )
            for one in reversed(found)
        ],
        caption=gettext("标价的历史"),
        cards=False,
        tall=len(found) > 12,
    )
