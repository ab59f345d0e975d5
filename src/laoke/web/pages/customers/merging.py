"""Proposals and decisions about who is one person, as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from laoke.audiences.readings import NotReady, reading_of
from laoke.customers import links, profiles
from laoke.customers.models import Customer, PersonLink
from laoke.insights.people import Order, Wanted, page_of_people
from laoke.shops.joins import phrases
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.pages.customers.listing import day_of, title_of

REASONS: dict[str, Words] = {
    "phone": _("用同一个电话"),
    "email": _("用同一个邮箱"),
    "same_row": _("写在同一行订单里"),
    "by_hand": _("同事手工合并"),
}
STATES: dict[str, ui.Status] = {
    "proposed": ui.Status(_("待确认"), "run"),
    "linked": ui.Status(_("已合并"), "ok"),
    "rejected": ui.Status(_("不是同一人")),
    "undone": ui.Status(_("已拆开")),
}


@dataclass(frozen=True)
class Pair:
    """Two customers and why they may be one; `others` says how many share the contact."""

    link: PersonLink
    first: str
    second: str
    first_person: int
    second_person: int
    first_facts: str
    second_facts: str
    reason: Words
    note: str
    status: ui.Status

    @property
    def is_open(self) -> bool:
        return self.link.state == PersonLink.State.PROPOSED

    @property
    def is_linked(self) -> bool:
        return self.link.state == PersonLink.State.LINKED

    @property
    def can_reopen(self) -> bool:
        return self.link.state in (PersonLink.State.REJECTED, PersonLink.State.UNDONE)


@dataclass(frozen=True)
class LinksPage:
    """Open proposals, at most `MOST` at a time."""

    pairs: list[Pair]
    total: int


MOST = 100


def page_of(shop: Shop, now: datetime) -> LinksPage:
    """The proposals that wait."""
    waiting = links.waiting(shop)
    return LinksPage(pairs(shop, waiting[:MOST], now), len(waiting))


def pairs(shop: Shop, found: Sequence[PersonLink], now: datetime) -> list[Pair]:
    """Links with the masks of both sides."""
    if not found:
        return []
    ids = {one for link in found for one in (link.first_customer_id, link.second_customer_id)}
    persons = dict(Customer.objects.filter(pk__in=ids).values_list("pk", "person_id"))
    masks = _masks_by_customer(shop, persons)
    facts = _facts(shop, sorted(set(persons.values())), now)
    return [
        Pair(
            link=link,
            first=title_of(link.first_customer_id, masks.get(link.first_customer_id, profiles.Masks())),
            second=title_of(link.second_customer_id, masks.get(link.second_customer_id, profiles.Masks())),
            first_facts=facts.get(persons.get(link.first_customer_id, 0), ""),
            second_facts=facts.get(persons.get(link.second_customer_id, 0), ""),
            first_person=persons.get(link.first_customer_id, link.first_customer_id),
            second_person=persons.get(link.second_customer_id, link.second_customer_id),
            reason=REASONS.get(link.reason, link.reason),
            note=_note(link),
            status=STATES[link.state],
        )
        for link in found
    ]


def _facts(shop: Shop, persons: Sequence[int], now: datetime) -> dict[int, str]:
    """Where a person lives, how often and when they bought: what one decides by."""
    try:
        reading = reading_of(shop, now.date())
    except NotReady:
        return {}
    found = page_of_people(
        reading.reader,
        shop.pk,
        reading.as_of_day,
        Wanted(persons=persons),
        Order(),
        rows=max(len(persons), 1),
    )
    said: dict[int, str] = {}
    for row in found.rows:
        last = day_of(row["last_day"])
        parts = [(row["city"] or row["province"]).removesuffix("市")]
        if last is not None:
            bought = ngettext("买过 %(n)s 天，最近 %(ago)s", "买过 %(n)s 天，最近 %(ago)s", row["orders"]) % {
                "n": row["orders"],
                "ago": figures.ago(last, now),
            }
            parts.append(bought)
        said[row["person_id"]] = " · ".join(filter(None, parts))
    return said


def _masks_by_customer(shop: Shop, persons: dict[int, int]) -> dict[int, profiles.Masks]:
    """Both sides of a merge are one person: here each keeps the mask of its own record."""
    found: dict[int, profiles.Masks] = {}
    for record in profiles.records_of(shop, sorted(set(persons.values()))):
        found.setdefault(
            record.customer_id,
            profiles.Masks(nick=record.nick_mask, name=record.name_mask, phone=record.phone_mask),
        )
    return found


def _note(link: PersonLink) -> str:
    shared = link.evidence.get("shared_by", 0)
    parts = (
        [ngettext("%(n)s 个客户都用它", "%(n)s 个客户都用它", shared) % {"n": shared}] if shared > 2 else []
    )
    if link.evidence.get("valid") is False:
        parts.append(gettext("不是手机号"))
    if why := link.evidence.get("why"):
        parts.append(why)
    if link.decided_by is not None and link.decided_at is not None:
        name = link.decided_by.get_full_name() or link.decided_by.username
        parts.append(f"{name} {link.decided_at:%Y-%m-%d}")
    return phrases(parts)
