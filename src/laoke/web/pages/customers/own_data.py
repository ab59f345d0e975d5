"""Everything held of one person, for the person: one JSON file and one workbook in a zip, with one audit row.

What a table holds of a person is told by `PARTS`; a test walks every model and asks that it stands there or is named
as holding nothing that could be handed out.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext

from laoke.audiences.readings import NotReady, Reading, reading_of
from laoke.customers import consent, notes, review_texts, trade
from laoke.customers.models import (
    Consent,
    Identity,
    OrderText,
    PersonCard,
    PersonChange,
    PersonLink,
    PersonNote,
    PersonTag,
    ReviewText,
    TradeContact,
    VaultRecord,
)
from laoke.customers.sealing import VaultError, open_sealed
from laoke.customers.vault import open_contact, open_order_text
from laoke.dispatch.inbox import reply_bound_to
from laoke.dispatch.models import Attempt, Message, Reply
from laoke.groups.models import GroupMember
from laoke.insights import people
from laoke.insights.value import value_of
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.models import CouponEvent
from laoke.promotions.rewards.lottery_models import LotteryDraw
from laoke.promotions.rewards.models import PointsEvent
from laoke.promotions.rewards.referral_models import Invitation, Referral, Share
from laoke.service import cases
from laoke.service.models import CaseStep, ServiceCase
from laoke.shops import audit
from laoke.shops.models import Shop, User
from laoke.shops.open_files import let_go
from laoke.shops.sheets import write_book

Rows = list[dict[str, Any]]
MOST = 100_000


@dataclass(frozen=True)
class OwnFacts:
    """What the facts of one shop say of the person: their customer numbers there and their orders, newest first."""

    shop: Shop
    reading: Reading
    customers: Sequence[int]
    orders: Rows


@dataclass(frozen=True)
class Whose:
    """Whose data: the person, all their customer numbers, what the facts of each of the owner's shops say."""

    shop: Shop
    person_id: int
    members: Sequence[int]
    facts: Sequence[OwnFacts]

    @property
    def numbers(self) -> list[int]:
        return sorted({self.person_id, *self.members})


def write(shop: Shop, person_id: int, members: Sequence[int], *, by: User, now: datetime) -> Path:
    """Write the zip below the exports; the caller sends it and it is deleted then."""
    whose = Whose(shop, person_id, members, _own_facts(shop, person_id, now))
    parts = {name: part(whose) for name, part in PARTS.items()}
    exports: Path = settings.PLACE.exports
    stem = f"person-{shop.pk}-{by.pk}-{now:%Y%m%d-%H%M%S-%f}"
    book, path = exports / f"{stem}.xlsx", exports / f"{stem}.zip"
    try:
        write_book(book, [(name, *_as_sheet(rows)) for name, rows in parts.items()])
        content = {"shop": shop.name, "person": str(person_id), "at": now, "parts": parts}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            text = json.dumps(content, ensure_ascii=False, indent=1, default=_plain)
            archive.writestr("person.json", text)
            archive.write(book, "person.xlsx")
    finally:
        let_go(book)
    audit.record(
        "person.export", shop=shop, actor=by, at=now, subject=str(person_id),
        count=sum(map(len, parts.values())), sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
    )  # fmt: skip
    return path


def _own_facts(shop: Shop, person_id: int, now: datetime) -> list[OwnFacts]:
    """The facts of every shop of the owner that has any: a person is one across them."""
    found = []
    for one in shop.owner.shops.order_by("pk"):
        with suppress(NotReady):
            reading = reading_of(one, now.date())
            customers = people.own_customers(reading.reader, one.pk, person_id)
            orders = people.orders_of(reading.reader, one.pk, customers)
            found.append(OwnFacts(one, reading, customers, orders))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date) else str(value)


def _as_sheet(rows: Rows) -> tuple[list[str], list[list[object]]]:
    header = list(dict.fromkeys(name for row in rows for name in row))
    return header or [gettext("没有")], [[_cell(row.get(name)) for name in header] for row in rows]


def _cell(value: Any) -> object:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return value


def _told(rows: Iterable[Any], *names: str) -> Rows:
    return [{name: getattr(row, name) for name in names} for row in rows]


def _contacts(whose: Whose) -> Rows:
    """The sealed contacts of every shop of the owner, opened; a record that no key opens is told by its masks."""
    found: Rows = []
    for row in (
        VaultRecord.objects.filter(customer_id__in=whose.members).select_related("shop").order_by("pk")
    ):
        kept = {"shop": row.shop.name, "source": row.source, "seen_at": row.seen_at}
        try:
            found.append(kept | asdict(open_contact(row)) | {"customer_id": str(row.customer_id)})
        except VaultError:
            found.append(kept | {"nick": row.nick_mask, "name": row.name_mask, "phone": row.phone_mask})
    return found


def _order_texts(whose: Whose) -> Rows:
    rows = OrderText.objects.filter(customer_id__in=whose.members).order_by("pk")
    return [{"order_id": row.order_id} | open_order_text(row) for row in rows]


def _review_words(whose: Whose) -> Rows:
    rows = ReviewText.objects.filter(customer_id__in=whose.members).order_by("pk")
    return [
        {"order_id": row.order_id, "product_id": row.product_id}
        | open_sealed(bytes(row.sealed), row.key_id, review_texts.bound_to(row))
        for row in rows
    ]


def _facts(ask: Callable[[OwnFacts], Rows]) -> Callable[[Whose], Rows]:
    def told(whose: Whose) -> Rows:
        return [{"shop": one.shop.name} | row for one in whose.facts for row in ask(one)]

    return told


def _orders(own: OwnFacts) -> Rows:
    return [{name: value for name, value in row.items() if name != "month"} for row in own.orders[:MOST]]


def _refunds(own: OwnFacts) -> Rows:
    return people.refunds_of(own.reading.reader, own.shop.pk, own.customers, own.orders, MOST)


def _reviews(own: OwnFacts) -> Rows:
    return people.reviews_of(own.reading.reader, own.shop.pk, own.orders, MOST)


def _categories(own: OwnFacts) -> Rows:
    return people.categories_of(own.reading.reader, own.shop.pk, own.orders, MOST)


def _features(whose: Whose) -> Rows:
    found: Rows = []
    for own in whose.facts:
        row = people.features_of(own.reading.reader, own.shop.pk, whose.person_id, own.reading.as_of_day)
        if row:
            found.append({"shop": own.shop.name} | row | {"person_id": str(row["person_id"])})
    return found


def _value(whose: Whose) -> Rows:
    """What the shops expect of the person, which they decide by."""
    found: Rows = []
    for own in whose.facts:
        row = value_of(own.reading.reader, own.shop.pk, whose.person_id)
        if row:
            found.append({"shop": own.shop.name} | row | {"person_id": str(row["person_id"])})
    return found


def _refusals(whose: Whose) -> Rows:
    return [
        {"shop": shop.name} | row
        for shop in whose.shop.owner.shops.order_by("pk")
        for row in _told(
            consent.refusals_of(shop, whose.person_id).order_by("pk"),
            "channel", "purpose", "source", "words", "at", "ended_at",
        )
    ]  # fmt: skip


def _consents(whose: Whose) -> Rows:
    rows = Consent.objects.filter(person_id__in=whose.numbers).select_related("basis").order_by("pk")
    names = ("channel", "purpose", "given_at", "expires_on", "withdrawn_at")
    of_basis = ("role", "wording", "wording_version", "proof")
    return [
        {name: getattr(row, name) for name in names} | {name: getattr(row.basis, name) for name in of_basis}
        for row in rows
    ]


def _tags(whose: Whose) -> Rows:
    rows = PersonTag.objects.filter(person_id__in=whose.numbers).select_related("tag").order_by("pk")
    return [{"tag": row.tag.name, "reason": row.reason, "created_at": row.created_at} for row in rows]


def _changes(whose: Whose) -> Rows:
    rows = PersonChange.objects.filter(person_id__in=whose.numbers).select_related("tag").order_by("pk")
    return [
        {"tag": row.tag.name if row.tag else ""} | one
        for row, one in zip(
            rows, _told(rows, "at", "act", "channel", "purpose", "source", "reason"), strict=True
        )
    ]


def _cards(whose: Whose) -> Rows:
    rows = PersonCard.objects.filter(person_id__in=whose.numbers).select_related("in_charge__user")
    return [{"in_charge": str(row.in_charge or ""), "importance": row.importance} for row in rows]


def _links(whose: Whose) -> Rows:
    mine = Q(first_customer_id__in=whose.members) | Q(second_customer_id__in=whose.members)
    return _told(
        PersonLink.objects.filter(mine).order_by("pk"), "reason", "state", "created_at", "decided_at"
    )


def _messages(whose: Whose) -> Rows:
    rows = Message.objects.filter(person_id__in=whose.numbers).select_related("occasion").order_by("pk")
    return [
        {"channel": row.occasion.channel, "name": row.occasion.name, "text": row.occasion.body}
        | {"state": row.state, "reason": row.reason, "sent_at": row.sent_at, "settled_at": row.settled_at}
        for row in rows
    ]


def _attempts(whose: Whose) -> Rows:
    rows = Attempt.objects.filter(message__person_id__in=whose.numbers).order_by("pk")
    return _told(rows, "written_at", "outcome", "code", "settled_at")


def _notes(whose: Whose) -> Rows:
    rows = PersonNote.objects.filter(person_id__in=whose.numbers).order_by("pk")
    return [{"at": row.at, "text": notes.plain(row)} for row in rows]


def _groups(whose: Whose) -> Rows:
    rows = GroupMember.objects.filter(person_id__in=whose.numbers).select_related("group").order_by("pk")
    return [
        {"group": row.group.name, "platform": row.group.platform} | told
        for row, told in zip(rows, _told(rows, "joined_on", "left_on", "invite", "source"), strict=True)
    ]


def _cases(whose: Whose) -> Rows:
    steps = CaseStep.objects.filter(
        case__in=ServiceCase.objects.filter(person_id__in=whose.numbers)
    ).select_related("case")
    return [
        {
            "kind": step.case.kind, "order_id": step.case.order_id, "opened_at": step.case.opened_at,
            "at": step.at, "state": step.state, "promised_by": step.promised_by, "words": cases.plain(step),
        }
        for step in steps.order_by("case_id", "pk")
    ]  # fmt: skip


def _speaks_for(whose: Whose) -> Rows:
    rows = TradeContact.objects.filter(person_id__in=whose.numbers).select_related("company").order_by("pk")
    return [{"company": row.company.name, "role": row.role} | trade.plain(row) for row in rows]


def _replies(whose: Whose) -> Rows:
    rows = Reply.objects.filter(person_id__in=whose.numbers).order_by("pk")
    return [
        {"channel": row.channel, "received_at": row.received_at, "is_opt_out": row.is_opt_out}
        | open_sealed(bytes(row.sealed_text), row.key_id, reply_bound_to(row.shop_id))
        for row in rows
    ]


def _coupons(whose: Whose) -> Rows:
    rows = CouponEvent.objects.filter(customer_id__in=whose.numbers)
    return [
        {
            "shop": row.issue.shop.name,
            "issue": row.issue.name,
            "code": shown_code(row.coupon.code),
            "valid_to": row.coupon.valid_to,
        }
        | {"at": row.at, "what": row.kind, "order_id": row.order_id, "cents": row.cents}
        for row in rows.select_related("issue__shop", "coupon").order_by("pk")
    ]


def _points(whose: Whose) -> Rows:
    rows = PointsEvent.objects.filter(customer_id__in=whose.numbers)
    names = ("at", "kind", "points", "order_id", "note")
    return [
        {"shop": row.shop.name, "good_until": row.lot.good_until if row.lot else None}
        | {name: getattr(row, name) for name in names}
        for row in rows.select_related("shop", "lot").order_by("pk")
    ]


def _draws(whose: Whose) -> Rows:
    rows = LotteryDraw.objects.filter(customer_id__in=whose.numbers).select_related("lottery__shop", "prize")
    return [
        {
            "shop": row.lottery.shop.name, "lottery": row.lottery.name, "number": row.number, "at": row.at,
            "text_sha256": row.text_sha256, "link": row.link, "prize": row.prize.title if row.prize else "",
            "state": row.state,
        }
        for row in rows.order_by("pk")
    ]  # fmt: skip


def _referrals(whose: Whose) -> Rows:
    """Whom the person invited and who invited them: the other one is not told."""
    found: Rows = []
    for part in ("referrer", "friend"):
        rows = Referral.objects.filter(**{f"{part}_id__in": whose.numbers}).select_related("shop")
        names = ("at", "state", "reason", "due_at", "settled_at")
        found += [
            {"shop": row.shop.name, "as": part}
            | {name: getattr(row, name) for name in names}
            | ({"order_id": row.order_id} if part == "friend" else {"points": row.points})
            for row in rows.order_by("pk")
        ]
    return found


def _shares(whose: Whose) -> Rows:
    rows = Share.objects.filter(customer_id__in=whose.numbers).select_related("shop").order_by("pk")
    names = ("share_id", "likes", "rewarded", "at")
    return [{"shop": row.shop.name} | {name: getattr(row, name) for name in names} for row in rows]


def _invitations(whose: Whose) -> Rows:
    rows = Invitation.objects.filter(customer_id__in=whose.numbers).select_related("shop").order_by("pk")
    return [{"shop": row.shop.name, "code": shown_code(row.code), "at": row.at} for row in rows]


PARTS: dict[str, Callable[[Whose], Rows]] = {
    "contacts": _contacts,
    "keys": lambda w: _told(Identity.objects.filter(customer_id__in=w.members), "kind", "digest"),
    "orders": _facts(_orders),
    "refunds": _facts(_refunds),
    "reviews": _facts(_reviews),
    "categories": _facts(_categories),
    "features": _features,
    "value": _value,
    "order_texts": _order_texts,
    "review_words": _review_words,
    "messages": _messages,
    "attempts": _attempts,
    "replies": _replies,
    "coupons": _coupons,
    "points": _points,
    "draws": _draws,
    "invitations": _invitations,
    "referrals": _referrals,
    "shares": _shares,
    "consents": _consents,
    "refusals": _refusals,
    "tags": _tags,
    "history": _changes,
    "card": _cards,
    "notes": _notes,
    "groups": _groups,
    "cases": _cases,
    "speaks_for": _speaks_for,
    "links": _links,
}
# Tables that name a person and are not handed out, and why.
NOT_HANDED_OUT = {
    "promotions_coupon": "told by what happened to it",
    "promotions_pointslot": "told by what happened to them",
    "promotions_pointshold": "told by what happened to the points",
    "promotions_pointsowed": "the order that was refunded, which is told",
    "promotions_buyerlistmember": "worked out anew each day from what is told, by the words of a segment",
    "customers_customer": "the number alone, which stands in every part",
    "customers_namepart": "digests of the names that are handed out",
    "customers_namewaiting": "the number alone, until the name can be found",
    "customers_contactindex": "digests of the contacts that are handed out",
    "customers_consentbasis": "told with the consent that rests on it",
    "customers_erasure": "the course of deleting, on the page itself",
}
