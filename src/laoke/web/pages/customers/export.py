"""The list as a workbook: the same conditions, order and columns, masks instead of names; one audit row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext

from laoke.audiences.readings import Reading
from laoke.customers import mirrors, profiles
from laoke.insights import people
from laoke.insights.people import Order, Wanted
from laoke.shops import audit
from laoke.shops.joins import listed
from laoke.shops.models import Shop, User
from laoke.shops.sheets import WrittenSheet, write_xlsx
from laoke.web.pages.customers import listing, words
from laoke.web.pages.customers.listing import COLUMNS, Asked, Person, day_of, title_of

# What is written while one waits; a longer list would hold the page for too long.
MOST_ROWS = 20_000


class TooMany(Exception):
    """The list is longer than what is written at once; `matched` says how long."""

    def __init__(self, matched: int) -> None:
        super().__init__(str(matched))
        self.matched = matched


def write(shop: Shop, reading: Reading, given: Asked, user: User, now: datetime) -> WrittenSheet:
    """Write the list that the address asks for, with the columns this colleague sees.

    Raises
    ------
    TooMany
        for more than `MOST_ROWS` people.
    """
    return write_people(
        shop, reading, listing.with_people(shop, reading, given, user), given.order, user, now
    )


def write_people(
    shop: Shop,
    reading: Reading,
    wanted: Wanted,
    order: Order,
    user: User,
    now: datetime,
    act: str = "customers.export",
) -> WrittenSheet:
    """Write these people in this order, with the columns this colleague sees; `act` names it in the audit.

    Raises
    ------
    TooMany
        for more than `MOST_ROWS` people.
    """
    found = people.page_of_people(reading.reader, shop.pk, reading.as_of_day, wanted, order, rows=MOST_ROWS)
    if found.matched > MOST_ROWS:
        raise TooMany(found.matched)
    names = listing.chosen_columns(shop, user)
    header = [
        gettext("客户号"),
        gettext("客户"),
        gettext("省份"),
        gettext("城市"),
        *(str(COLUMNS[name][0].label) for name in names),
    ]
    rows = [
        [
            str(one.row["person_id"]), title_of(one.row["person_id"], one.masks), one.row["province"], one.row["city"],
            *(PLAIN[name](one) for name in names),
        ]
        for one in _persons(shop, found.rows, now)
    ]  # fmt: skip
    written = write_xlsx(_path(shop, user, now), header, rows, sheet=gettext("客户"))
    audit.record(
        act,
        shop=shop,
        actor=user,
        at=now,
        count=written.rows,
        sha256=written.sha256,
        columns=names,
    )
    return written


def _path(shop: Shop, user: User, now: datetime) -> Path:
    exports: Path = settings.PLACE.exports
    return exports / f"customers-{shop.pk}-{user.pk}-{now:%Y%m%d-%H%M%S-%f}.xlsx"


def _persons(shop: Shop, rows: Sequence[dict[str, Any]], now: datetime) -> list[Person]:
    """The rows with masks, tags, cards and reach; reach from the ledger by sets, because the list may be long."""
    ids = [row["person_id"] for row in rows]
    masks, tags = profiles.masks_of(shop, ids), profiles.tags_of(shop, ids)
    cards = profiles.cards_of(shop, ids)
    reach: dict[int, dict[str, dict[str, Any]]] = {}
    for found in mirrors.reach_rows(shop, ids, now.date()).to_pylist():
        reach.setdefault(found["person_id"], {})[found["channel"]] = found
    return [
        Person(
            row, masks.get(one, profiles.Masks()), tags.get(one, []), cards.get(one), reach.get(one, {}), now
        )
        for one, row in zip(ids, rows, strict=True)
    ]


def _yuan(name: str) -> Callable[[Person], object]:
    return lambda one: one.row[name] / 100


def _reach(one: Person) -> str:
    there = [
        str(words.CHANNELS[name]) for name in ("sms", "email") if one.reach.get(name, {}).get("reachable")
    ]
    known = one.reach.get("sms", {}).get("reason")
    reason = known or words.missing_reach("sms", one.masks.phone_state, one.masks.email_state)
    return listed(there) or str(words.REACH_REASONS.get(reason, reason))


# What a cell holds in the workbook: numbers as numbers, days as days.
PLAIN: dict[str, Callable[[Person], object]] = {
    "group": lambda one: str(words.GROUPS[one.row["group3"]]) if one.row["orders"] else "",
    "lifecycle": lambda one: str(words.LIFECYCLES[one.row["lifecycle"]]),
    "rfm": lambda one: str(words.RFM.get(one.row["rfm"], "")),
    "last": lambda one: day_of(one.row["last_day"]),
    "first": lambda one: day_of(one.row["first_day"]),
    "orders": lambda one: one.row["orders"],
    "year": _yuan("net_cents_365"),
    "net": _yuan("net_cents"),
    "refunded": _yuan("refunded_cents"),
    "gap": lambda one: None if one.row["mean_gap_days"] is None else round(one.row["mean_gap_days"]),
    "coupons": lambda one: one.row["coupon_orders"],
    "reach": _reach,
    "tags": lambda one: listed(one.tags),
    "owner": lambda one: str(one.card.in_charge) if one.card and one.card.in_charge else "",
}
