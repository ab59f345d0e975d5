"""Price sheets: made from what sells, changed version by version, taken back to an older one. Every change is audited.

PriceRefused   name_taken, campaign_taken, no_items, too_many, twice (an item), no_room (fee and margin take the whole
               price), not_positive (a price), changed (somebody saved meanwhile), unknown (item or version)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from laoke.campaigns.models import Campaign, CompetitorPrice, PriceSheet, PriceVersion
from laoke.campaigns.price_facts import best_sold
from laoke.money import FULL_BP
from laoke.promotions.ladder import Competitor, Item, Key, Role, Terms, proposed_roles
from laoke.shops import audit
from laoke.shops.models import Shop, User

MOST_ITEMS = 1_000


class PriceRefused(Exception):
    """A change that cannot be kept; `code` as above, `params` fill its sentence."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


def make_sheet(
    shop: Shop,
    name: str,
    starts_at: datetime,
    *,
    terms: Terms,
    campaign: Campaign | None,
    best: int,
    by: User | None,
    now: datetime,
) -> PriceSheet:
    """A sheet with the `best` most sold items at their list prices; roles are proposed by price.

    Raises
    ------
    PriceRefused
    """
    if PriceSheet.objects.filter(shop=shop, name=name).exists():
        raise PriceRefused("name_taken", name=name)
    if campaign is not None and PriceSheet.objects.filter(campaign=campaign).exists():
        raise PriceRefused("campaign_taken", name=campaign.name)
    items = best_sold(shop, starts_at, min(best, MOST_ITEMS), now.date()) if best else []
    roles = proposed_roles(items)
    items = [replace(one, role=roles[one.key]) for one in items]
    _check(items, terms)
    with transaction.atomic():
        sheet = PriceSheet.objects.create(
            shop=shop, campaign=campaign, name=name, starts_at=starts_at, created_by=by, created_at=now, updated_at=now
        )  # fmt: skip
        _write(sheet, 1, items, terms, by=by, now=now)
        audit.record("price_sheet.make", shop=shop, actor=by, at=now, subject=str(sheet.pk), count=len(items))
    return sheet


def newest(sheet: PriceSheet) -> PriceVersion:
    """The version in force."""
    return sheet.versions.order_by("-number")[0]


def save_version(
    sheet: PriceSheet,
    items: Sequence[Item],
    terms: Terms,
    *,
    base: int,
    by: User | None,
    now: datetime,
    file_name: str = "",
    sha256: str = "",
    restored: int | None = None,
) -> PriceVersion:
    """Keep a new state after the version `base`, which must still be the newest.

    Raises
    ------
    PriceRefused
    """
    _check(items, terms)
    if newest(sheet).number != base:
        raise PriceRefused("changed")
    try:
        with transaction.atomic():
            made = _write(
                sheet, base + 1, items, terms,
                by=by, now=now, file_name=file_name[:255], sha256=sha256, restored=restored,
            )  # fmt: skip
            PriceSheet.objects.filter(pk=sheet.pk).update(updated_at=now)
            told = {"restored": restored} if restored is not None else {"sha256": sha256} if sha256 else {}
            audit.record(
                "price_sheet.save", shop=sheet.shop, actor=by, at=now,
                subject=f"{sheet.pk}/{made.number}", count=len(items), **told,
            )  # fmt: skip
    except IntegrityError:
        # Somebody saved between the question above and this write.
        raise PriceRefused("changed") from None
    return made


def restore(sheet: PriceSheet, number: int, *, base: int, by: User | None, now: datetime) -> PriceVersion:
    """Take an older version back as a new one; what was in force stays as a version too.

    Raises
    ------
    PriceRefused
    """
    old = sheet.versions.filter(number=number).first()
    if old is None:
        raise PriceRefused("unknown")
    return save_version(sheet, items_of(old), terms_of(old), base=base, by=by, now=now, restored=number)


def put_item(items: Sequence[Item], old: Key | None, item: Item) -> list[Item]:
    """The items with one changed, or added where `old` is None."""
    if old is None:
        return [*items, item]
    return [item if one.key == old else one for one in items]


def move_sheet(sheet: PriceSheet, name: str, starts_at: datetime, *, by: User | None, now: datetime) -> None:
    """Change what a sheet is called and when its prices begin.

    Raises
    ------
    PriceRefused
    """
    if PriceSheet.objects.filter(shop=sheet.shop, name=name).exclude(pk=sheet.pk).exists():
        raise PriceRefused("name_taken", name=name)
    if (sheet.name, sheet.starts_at) == (name, starts_at):
        return
    sheet.name, sheet.starts_at, sheet.updated_at = name, starts_at, now
    with transaction.atomic():
        sheet.save(update_fields=["name", "starts_at", "updated_at"])
        audit.record("price_sheet.move", shop=sheet.shop, actor=by, at=now, subject=str(sheet.pk))


def archive_sheet(sheet: PriceSheet, *, archived: bool, by: User | None, now: datetime) -> None:
    """Take a sheet out of the list, or put it back; its versions stay."""
    sheet.archived, sheet.updated_at = archived, now
    with transaction.atomic():
        sheet.save(update_fields=["archived", "updated_at"])
        audit.record(
            "price_sheet.archive",
            shop=sheet.shop,
            actor=by,
            at=now,
            subject=str(sheet.pk),
            archived=archived,
        )


def keep_competitors(
    shop: Shop, seen: Mapping[Key, Sequence[Competitor]], *, by: User | None, now: datetime, sha256: str
) -> int:
    """Keep prices seen elsewhere; one of the same competitor, item and day replaces the older. How many were given."""
    count = 0
    with transaction.atomic():
        for key, prices in seen.items():
            for one in prices:
                CompetitorPrice.objects.update_or_create(
                    shop=shop, product_id=key.product_id, sku=key.sku, title=key.title,
                    competitor=one.name, seen_on=one.seen_on,
                    defaults={
                        "price_cents": one.price_cents, "source": one.source, "added_by": by, "added_at": now
                    },
                )  # fmt: skip
                count += 1
        audit.record("price_sheet.competitors", shop=shop, actor=by, at=now, count=count, sha256=sha256)
    return count


def items_of(version: PriceVersion) -> list[Item]:
    """The items of a version."""
    return [
        Item(**{**given, "role": Role(given["role"]) if given.get("role") else None})
        for given in version.items
    ]


def terms_of(version: PriceVersion) -> Terms:
    """The terms of a version."""
    return Terms(**version.terms)


def _check(items: Sequence[Item], terms: Terms) -> None:
    if len(items) > MOST_ITEMS:
        raise PriceRefused("too_many", found=len(items), most=MOST_ITEMS)
    seen: set[Key] = set()
    for one in items:
        if one.key in seen:
            raise PriceRefused("twice", name=one.title or one.product_id)
        seen.add(one.key)
        if one.price_cents <= 0:
            raise PriceRefused("not_positive", name=one.title or one.product_id)
    for fee, margin, name in _rates(items, terms):
        if fee + margin >= FULL_BP:
            raise PriceRefused("no_room", fee_bp=fee, margin_bp=margin, name=name)


def _rates(items: Iterable[Item], terms: Terms) -> Iterable[tuple[int, int, str]]:
    yield terms.fee_bp, terms.margin_bp, ""
    for one in items:
        fee = terms.fee_bp if one.fee_bp is None else one.fee_bp
        margin = terms.margin_bp if one.margin_bp is None else one.margin_bp
        yield fee, margin, one.title or one.product_id


def _write(
    sheet: PriceSheet, number: int, items: Sequence[Item], terms: Terms, *, now: datetime, **more: Any
) -> PriceVersion:
    by = more.pop("by")
    return PriceVersion.objects.create(
        sheet=sheet, number=number, items=[asdict(one) for one in items], terms=asdict(terms),
        created_by=by, created_at=now, **more,
    )  # fmt: skip
