"""The list of customers: its conditions read from the address, its columns, and the rows as cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import Reading
from laoke.customers import mirrors, names, profiles
from laoke.customers.models import PersonCard, Tag
from laoke.insights import people
from laoke.insights.people import Order, PeoplePage, Wanted
from laoke.money.parsing import MoneyError, parse_cents
from laoke.shops.models import Shop, User
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.components.tables import CellValue
from laoke.web.pages.customers import words

ROWS = 50
EPOCH = date(1970, 1, 1)
TEXTS = ("lifecycle", "group3", "rfm", "province", "city", "tag", "reach")
NUMBERS = ("r_score", "f_score", "orders_from", "days_from", "days_to")
SORTS = {
    "last": "last",
    "first": "first",
    "orders": "orders",
    "net": "net",
    "year": "net_365",
    "refunded": "refunded",
}
ORDER_WORDS: dict[str, Words] = {
    "last": _("按最近付款"),
    "first": _("按首次付款"),
    "orders": _("按购买天数"),
    "net": _("按累计净付"),
    "year": _("按近一年净付"),
    "refunded": _("按退款"),
}


@dataclass(frozen=True)
class Asked:
    """What the address asks for: conditions, a search, whose customers, order and place in the list."""

    wanted: Wanted
    search: str
    mine: bool
    sort: ui.Sort
    after: str
    before: str
    query: str

    @property
    def order(self) -> Order:
        return Order(SORTS[self.sort.key], self.sort.descending)


def asked(query: QueryDict) -> Asked:
    """Read the address; what makes no sense there is left out."""
    values: dict[str, Any] = {name: query.get(name, "").strip()[:60] for name in TEXTS}
    values.update({name: _number(query.get(name, "")) for name in NUMBERS})
    return Asked(
        wanted=Wanted(**values, net_365_from=_cents(query.get("year_from", ""))),
        search=query.get("q", "").strip()[:100],
        mine=query.get("mine") == "1",
        sort=ui.Sort.parse(query.get("sort", ""), list(SORTS), "-last"),
        after=query.get("after", ""),
        before=query.get("before", ""),
        query=query.urlencode(),
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1


def _cents(text: str) -> int:
    try:
        return -1 if not text.strip() else (parse_cents(text) or 0)
    except MoneyError:
        return -1


@dataclass(frozen=True)
class Searched:
    """Whom a search found: by something whole, by a part of a name, or not all of those."""

    persons: list[int]
    by_part: bool = False
    more: bool = False


def searched(shop: Shop, reading: Reading, text: str) -> Searched:
    """People by a whole nick, phone, address, key or order number, else by a part of their name or nick."""
    whole = set(profiles.find_people(shop, text))
    customer = people.customer_of_order(reading.reader, shop.pk, text)
    if customer is not None:
        whole |= set(profiles.persons_of(shop, [customer]))
    if text.isdigit() or "@" in text:
        return Searched(sorted(whole))
    found = names.find(shop, text)
    return Searched(sorted(whole | set(found.persons)), bool(set(found.persons) - whole), found.more)


def narrowed(shop: Shop, reading: Reading, given: Asked, user: User) -> tuple[Wanted, Searched | None]:
    """The conditions with the persons that a search or 我负责的 narrows them to, and what the search found."""
    chosen: set[int] | None = None
    found = searched(shop, reading, given.search) if given.search else None
    if found is not None:
        chosen = set(found.persons)
    if given.mine:
        cards = PersonCard.objects.filter(shop=shop, in_charge__user=user)
        mine = set(cards.values_list("person_id", flat=True))
        chosen = mine if chosen is None else chosen & mine
    return replace(given.wanted, persons=None if chosen is None else sorted(chosen)), found


def with_people(shop: Shop, reading: Reading, given: Asked, user: User) -> Wanted:
    """The conditions with the persons that a search or 我负责的 narrows them to."""
    return narrowed(shop, reading, given, user)[0]


def page(reading: Reading, wanted: Wanted, given: Asked, columns: Sequence[str]) -> PeoplePage:
    """The rows asked for, with what these columns of the list tell."""
    fields = {"person_id", "province", "city"}.union(*(FIELDS[name] for name in columns))
    return people.page_of_people(
        reading.reader, reading.shop_id, reading.as_of_day, wanted, given.order, rows=ROWS, after=given.after,
        before=given.before, columns=sorted(fields),
    )  # fmt: skip


@dataclass(frozen=True)
class Person:
    """A row of the list with what the ledger knows of it."""

    row: dict[str, Any]
    masks: profiles.Masks
    tags: list[str]
    card: PersonCard | None
    reach: dict[str, dict[str, Any]]
    now: datetime


def persons(shop: Shop, rows: Sequence[dict[str, Any]], now: datetime) -> list[Person]:
    """The rows of a page together with masks, tags, cards and reach, each by one question."""
    ids = [row["person_id"] for row in rows]
    if not ids:
        return []
    masks, tags = profiles.masks_of(shop, ids), profiles.tags_of(shop, ids)
    cards = profiles.cards_of(shop, ids)
    reach = mirrors.reach_of(shop, ids, now.date())
    return [
        Person(
            row, masks.get(one, profiles.Masks()), tags.get(one, []), cards.get(one), reach.get(one, {}), now
        )
        for one, row in zip(ids, rows, strict=True)
    ]


def title_of(person_id: int, masks: profiles.Masks) -> str:
    """What a person is called on screen: the masked nick or name, else the end of their number."""
    return masks.title or gettext("客户 %(number)s") % {"number": str(person_id)[-6:]}


def day_of(number: int | None) -> date | None:
    """The calendar day of a day number."""
    return None if number is None else EPOCH + timedelta(days=number)


def _day(number: int | None, now: datetime) -> ui.Cell:
    day = day_of(number)
    if day is None:
        return ui.Cell("")
    return ui.Cell(figures.ago(day, now), title=f"{day:%Y-%m-%d}")


def _group(one: Person) -> CellValue:
    group = one.row["group3"]
    return ui.Tag(words.GROUPS[group], words.GROUP_TONES[group]) if one.row["orders"] else ""


@dataclass(frozen=True)
class Note(ui.Component):
    """A quiet word beside a value."""

    template = "customers/note.html"
    text: Words


@dataclass(frozen=True)
class Icons(ui.Component):
    """Several drawings side by side."""

    template = "customers/icons.html"
    icons: Sequence[ui.Icon]


def _reach(one: Person) -> CellValue:
    icons = [
        ui.Icon(words.CHANNEL_ICONS[channel], words.CHANNELS[channel], "muted")
        for channel in ("sms", "email")
        if one.reach.get(channel, {}).get("reachable")
    ]
    if icons:
        return Icons(icons)
    known = one.reach.get("sms", {}).get("reason")
    reason = known or words.missing_reach("sms", one.masks.phone_state, one.masks.email_state)
    return ui.Cell(words.REACH_REASONS.get(reason, reason), tone="muted")


def _tags(one: Person) -> CellValue:
    return ui.Tags([ui.Tag(name) for name in one.tags[:3]]) if one.tags else ""


def _gap(one: Person) -> CellValue:
    gap = one.row["mean_gap_days"]
    return (
        ""
        if gap is None
        else ngettext("%(days)s 天", "%(days)s 天", round(gap)) % {"days": figures.exact(round(gap))}
    )


def _coupons(one: Person) -> CellValue:
    row = one.row
    return figures.percent(min(1.0, row["coupon_orders"] / row["orders"]), 0) if row["orders"] else ""


def _owner(one: Person) -> CellValue:
    return str(one.card.in_charge) if one.card and one.card.in_charge else ""


CellOf = Callable[[Person], CellValue]
# Every column there is besides the customer: its head, and how a row fills it.
COLUMNS: dict[str, tuple[ui.Column, CellOf]] = {
    "group": (ui.Column("group", _("分组"), card="end"), _group),
    "lifecycle": (
        ui.Column("lifecycle", _("生命周期"), card="hide"),
        lambda p: words.LIFECYCLES[p.row["lifecycle"]],
    ),
    "rfm": (
        ui.Column("rfm", _("RFM 分类"), "nowrap", card="hide", priority=2),
        lambda p: words.RFM.get(p.row["rfm"], ""),
    ),
    "last": (
        ui.Column("last", _("最近付款"), "num", sort="last", label_on_card=_("最近付款")),
        lambda p: _day(p.row["last_day"], p.now),
    ),
    "first": (
        ui.Column("first", _("首次付款"), "num", sort="first", card="hide", priority=3),
        lambda p: _day(p.row["first_day"], p.now),
    ),
    "orders": (
        ui.Column("orders", _("购买天数"), "num", sort="orders", card="hide", hint=_("同一天的几单算一次")),
        lambda p: p.row["orders"],
    ),
    "year": (
        ui.Column("year", _("近一年净付（元）"), "num", sort="year", card="hide", priority=2),
        lambda p: figures.cents(p.row["net_cents_365"]),
    ),
    "net": (
        ui.Column("net", _("累计净付（元）"), "num", sort="net", card="end", label_on_card="¥"),
        lambda p: figures.cents(p.row["net_cents"]),
    ),
    "refunded": (
        ui.Column("refunded", _("退款（元）"), "num", sort="refunded", card="hide", priority=3),
        lambda p: figures.cents(p.row["refunded_cents"]) if p.row["refunded_cents"] else "",
    ),
    "gap": (ui.Column("gap", _("平均间隔"), "num", card="hide", priority=3), _gap),
    "coupons": (ui.Column("coupons", _("用券占比"), "num", card="hide", priority=3), _coupons),
    "reach": (ui.Column("reach", _("可触达"), "nowrap", card="hide", priority=2), _reach),
    "tags": (ui.Column("tags", _("标签"), card="hide", priority=2), _tags),
    "owner": (ui.Column("owner", _("负责人"), "nowrap", card="hide", priority=3), _owner),
}
# What is read of the features for each: what nobody sees is not unpacked.
FIELDS: dict[str, tuple[str, ...]] = {
    "group": ("group3", "orders"), "lifecycle": ("lifecycle",), "rfm": ("rfm",), "last": ("last_day",),
    "first": ("first_day",), "orders": ("orders",), "year": ("net_cents_365",), "net": ("net_cents",),
    "refunded": ("refunded_cents",), "gap": ("mean_gap_days",), "coupons": ("coupon_orders", "orders"), "reach": (),
    "tags": (), "owner": (),
}  # fmt: skip
DEFAULT_COLUMNS = ("group", "lifecycle", "last", "orders", "year", "net", "rfm", "reach", "tags", "owner")


def chosen_columns(shop: Shop, user: User) -> list[str]:
    """The columns a colleague sees in this shop, in their order."""
    kept = shop.settings.get("customer_columns", {}).get(str(user.pk))
    found = [name for name in kept or () if name in COLUMNS]
    return found or list(DEFAULT_COLUMNS)


def keep_columns(shop: Shop, user: User, names: Sequence[str]) -> None:
    """Remember a colleague's columns; unknown names are dropped, none at all gives the first ones again."""
    with transaction.atomic():
        row = Shop.objects.select_for_update().get(pk=shop.pk)
        kept = dict(row.settings.get("customer_columns", {}))
        kept[str(user.pk)] = [name for name in dict.fromkeys(names) if name in COLUMNS]
        row.settings = {**row.settings, "customer_columns": kept}
        row.save(update_fields=["settings"])


def table(found: Sequence[Person], columns: Sequence[str], given: Asked, result: PeoplePage) -> ui.Table:
    """The list as a table component."""
    heads = [
        ui.Column("customer", pgettext_lazy("one of a list", "客户"), "nowrap"),
        *(COLUMNS[name][0] for name in columns),
    ]
    rows = []
    for one in found:
        name = title_of(one.row["person_id"], one.masks)
        place = (one.row["city"] or one.row["province"]).removesuffix("市")
        first = ui.Cell(name, extra=Note(place) if place else "")
        cells: list[CellValue] = [first, *(COLUMNS[column][1](one) for column in columns)]
        url = reverse("customer", args=[one.row["person_id"]])
        rows.append(ui.Row(cells, id=str(one.row["person_id"]), name=name, url=url))
    return ui.Table(
        heads, rows, caption=_("客户"), sort=given.sort, query=given.query, target="#list", empty=_empty(given),
        pager=_pager(given, result) if rows else None, selectable=True, stick_first=True,
    )  # fmt: skip


def _pager(given: Asked, result: PeoplePage) -> ui.Pager:
    def link(name: str, key: str) -> str:
        other = "before" if name == "after" else "after"
        return ui.query_with(given.query, **{name: key, other: None}) if key else ""

    direction = gettext("从大到小") if given.sort.descending else gettext("从小到大")
    if given.sort.key in ("last", "first"):
        direction = gettext("从近到远") if given.sort.descending else gettext("从远到近")
    order = gettext("%(by)s，%(direction)s") % {"by": ORDER_WORDS[given.sort.key], "direction": direction}
    count = ngettext("共 %(n)s 人", "共 %(n)s 人", result.matched) % {"n": figures.exact(result.matched)}
    return ui.Pager(link("before", result.previous), link("after", result.following), order, count)


def _empty(given: Asked) -> ui.Empty:
    if given.search:
        return ui.FilteredOut(
            gettext("没有找到「%(text)s」") % {"text": given.search},
            _("手机号、邮箱、订单号要写全；姓名可以只写两个字，会员名可以只写开头四个字"),
            ui.Action(_("看全部客户"), reverse("customers")),
        )
    if given.query:
        return ui.FilteredOut(
            _("没有人符合这些条件"), _("去掉一个条件再看"), ui.Action(_("看全部客户"), reverse("customers"))
        )
    return ui.Empty(_("还没有客户"), _("导入订单后，买过的人会出现在这里"))


def chips(given: Asked) -> list[ui.Chip]:
    """The conditions in force, each with the address without it."""
    w = given.wanted
    shown: list[tuple[str, Words, Words]] = [
        ("lifecycle", _("生命周期"), words.LIFECYCLES.get(w.lifecycle, w.lifecycle)),
        ("group3", _("分组"), words.GROUPS.get(w.group3, w.group3)),
        ("rfm", _("RFM 分类"), words.RFM.get(w.rfm, w.rfm)),
        ("province", _("省份"), w.province),
        ("city", _("城市"), w.city),
        ("tag", _("标签"), w.tag),
        ("reach", _("可触达"), words.CHANNELS.get(w.reach, w.reach)),
        ("r_score", _("R 分"), str(w.r_score) if w.r_score >= 0 else ""),
        ("f_score", _("F 分"), str(w.f_score) if w.f_score >= 0 else ""),
        ("orders_from", _("购买天数"), f"≥ {w.orders_from}" if w.orders_from >= 0 else ""),
        ("year_from", _("近一年净付"), f"≥ {figures.yuan(w.net_365_from)}" if w.net_365_from >= 0 else ""),
        ("days_from", _("最近付款"), _days(_("%(n)s 天前或更早"), w.days_from)),
        ("days_to", _("最近付款"), _days(_("%(n)s 天内"), w.days_to)),
        ("mine", _("负责人"), _("我") if given.mine else ""),
    ]
    without = {"after": None, "before": None}
    return [
        ui.Chip(label, value, ui.query_with(given.query, **{name: None}, **without))
        for name, label, value in shown
        if value
    ]


def _days(pattern: Words, days: int) -> str:
    return str(pattern) % {"n": days} if days >= 0 else ""


def choices(shop: Shop, reading: Reading, tags: Sequence[Tag]) -> dict[str, list[tuple[str, Words]]]:
    """What the dialog of conditions offers."""
    places = reading.reader.remembered(
        "place_counts", shop_id=shop.pk, as_of_day=reading.as_of_day, page_rows=200
    ).to_pylist()
    return {
        "lifecycle": list(words.LIFECYCLES.items()),
        "group3": list(words.GROUPS.items()),
        "rfm": list(words.RFM.items()),
        "reach": list(words.CHANNELS.items()),
        "city": [(place["city"], place["city"]) for place in places],
        "tag": [(tag.name, tag.name) for tag in tags],
    }


def as_filter(given: Asked) -> str:
    """The conditions as a segment's text, for 「用这些条件建人群」.

    '' with a search or 我负责的, which have no such form: a segment of the others alone would hold more people.
    """
    if given.search or given.mine:
        return ""
    w, parts = given.wanted, []
    for name, word in (
        ("lifecycle", "lifecycle"),
        ("group3", "group"),
        ("rfm", "rfm"),
        ("city", "city"),
        ("province", "province"),
    ):
        value = getattr(w, name)
        if value:
            parts.append(f'{word} in ("{_quoted(value)}")')
    if w.tag:
        parts.append(f'tag("{_quoted(w.tag)}")')
    if w.reach:
        parts.append(f"reachable({w.reach})")
    for name in ("r_score", "f_score"):
        score = getattr(w, name)
        if score >= 0:
            parts.append(f"{name}({score})")
    if w.orders_from > 0:
        parts.append(f"bought({w.orders_from}+)")
    if w.net_365_from > 0:
        parts.append(f"net_spent(>= {w.net_365_from // 100}.{w.net_365_from % 100:02}, within 365d)")
    if w.days_from >= 0 and w.days_to >= 0:
        parts.append(f"last_order({w.days_from}d..{w.days_to}d)")
    elif w.days_from >= 0:
        parts.append(f"last_order(>= {w.days_from}d)")
    elif w.days_to >= 0:
        parts.append(f"last_order(<= {w.days_to}d)")
    return " and ".join(parts) or "everyone"


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
