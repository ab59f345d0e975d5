"""Rows of what is set up in the seller's back office: how far each offer is, what was reported of it. All audited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from laoke.promotions.models import Offer, OfferReport, OfferSetup, SetupState
from laoke.promotions.offers import offer_value, set_activity_id
from laoke.promotions.setup import Product, Report, Sheet, Standing, Tool, sheet_of, tool_of
from laoke.promotions.setup.links import SetupRefused, check_activity_id, check_link
from laoke.shops import audit
from laoke.shops.models import Shop, User

LARGEST = 10**9


@dataclass(frozen=True)
class Counts:
    """What a report tells of one offer; None is not told."""

    issued: int | None = None
    taken: int | None = None
    used: int | None = None


def setup_of(row: Offer) -> OfferSetup:
    """How far an offer is; one that nobody has touched yet is to be set up."""
    found = OfferSetup.objects.filter(offer=row).select_related("set_by", "ended_by").first()
    return found if found is not None else OfferSetup(offer=row)


def sheets_of(
    shop: Shop, rows: Sequence[Offer], products: Sequence[Product], now: datetime
) -> dict[int, Sheet]:
    """The set-up sheet of each offer, by row number."""
    live = _live(shop, now)
    planned = dict(OfferSetup.objects.filter(offer__in=rows).values_list("offer_id", "planned_issued"))
    found = {}
    for row in rows:
        others: dict[Tool, int] = {}
        for number, tool in live.items():
            if number != row.pk:
                others[tool] = others.get(tool, 0) + 1
        standing = Standing(tuple(products), others, planned.get(row.pk))
        found[row.pk] = sheet_of(offer_value(row), standing, now)
    return found


def _live(shop: Shop, now: datetime) -> dict[int, Tool]:
    """The tool of every offer that is set up and neither ended nor over: what fills the tools' places."""
    rows = Offer.objects.filter(shop=shop, setup__state=SetupState.DONE, ends_at__gt=now)
    return {row.pk: tool_of(offer_value(row)) for row in rows}


def save_setup(
    row: Offer, *, link: str, activity_id: str, planned_issued: int | None, by: User | None, now: datetime
) -> OfferSetup:
    """Note where an offer stands on the platform, and how many coupons are to be issued.

    Raises
    ------
    SetupRefused
        nothing is kept then.
    """
    link, activity_id = check_link(link), check_activity_id(activity_id)
    if planned_issued is not None and not 1 <= planned_issued <= LARGEST:
        raise SetupRefused("report_number", most=LARGEST)
    with transaction.atomic():
        if activity_id != row.platform_activity_id:
            set_activity_id(row, activity_id, by=by, now=now)
        kept, _made = OfferSetup.objects.update_or_create(
            offer=row, defaults={"link": link, "planned_issued": planned_issued, "updated_at": now}
        )
        # The link may hold a key to claim by: the trail says that it was changed, not what it is.
        audit.record(
            "offer.setup",
            shop=row.shop,
            actor=by,
            at=now,
            subject=str(row.pk),
            link=bool(link),
            issued=planned_issued,
        )
    return kept


def set_state(row: Offer, state: str, *, by: User | None, now: datetime) -> OfferSetup:
    """Say that an offer is set up, over, or to be set up after all; who said so and when is kept.

    Raises
    ------
    SetupRefused
        `state` for one that does not exist; `activity_id_missing` when it is said to be set up without a number.
    """
    if state not in SetupState.values:
        raise SetupRefused("state", found=state[:40])
    if state == SetupState.DONE and not row.platform_activity_id:
        raise SetupRefused("activity_id_missing")
    with transaction.atomic():
        kept, _made = OfferSetup.objects.get_or_create(offer=row, defaults={"updated_at": now})
        _move(kept, state, by, now)
        kept.save()
        audit.record("offer.setup_state", shop=row.shop, actor=by, at=now, subject=str(row.pk), state=state)
    return kept


def _move(kept: OfferSetup, state: str, by: User | None, now: datetime) -> None:
    kept.state, kept.updated_at = state, now
    if state == SetupState.TO_DO:
        kept.set_by = kept.set_at = kept.ended_by = kept.ended_at = None
    elif state == SetupState.DONE:
        kept.set_by, kept.set_at, kept.ended_by, kept.ended_at = by, now, None, None
    else:
        kept.ended_by, kept.ended_at = by, now


def add_report(
    row: Offer,
    counts: Counts,
    as_of: datetime,
    *,
    by: User | None,
    now: datetime,
    file_name: str = "",
    sha256: str = "",
) -> OfferReport:
    """Keep what the back office counted up to a moment.

    Raises
    ------
    SetupRefused
        `report_empty` when it tells nothing, `report_future`, `report_number` for one below zero or beyond reason.
    """
    told = (counts.issued, counts.taken, counts.used)
    if all(one is None for one in told):
        raise SetupRefused("report_empty")
    if as_of > now:
        raise SetupRefused("report_future", as_of=as_of)
    if any(one is not None and not 0 <= one <= LARGEST for one in told):
        raise SetupRefused("report_number", most=LARGEST)
    with transaction.atomic():
        kept = OfferReport.objects.create(
            offer=row, as_of=as_of, issued=counts.issued, taken=counts.taken, used=counts.used,
            file_name=file_name[:255], sha256=sha256, added_by=by, added_at=now,
        )  # fmt: skip
        audit.record(
            "offer.report", shop=row.shop, actor=by, at=now, subject=f"{row.pk}/{kept.pk}", sha256=sha256
        )
    return kept


def newest_reports(rows: Iterable[Offer]) -> dict[int, OfferReport]:
    """The report in force of each offer by row number: that of the latest moment, of equals the one added last."""
    found = (
        OfferReport.objects.filter(offer__in=list(rows)).select_related("added_by").order_by("as_of", "pk")
    )
    return {row.offer_id: row for row in found}


def report_value(row: OfferReport | None) -> Report | None:
    """A report as the difference is worked out from it."""
    return None if row is None else Report(row.as_of, row.issued, row.taken, row.used)
