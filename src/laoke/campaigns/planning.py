"""Planning: playbook + day + shop become rows that people edit.

(1) the name is free and the day lies ahead, (2) segments are there, (3) offers are suggested from what an order of this
shop usually is, (4) targets come from the same days a year before, (5) phases, rounds and tasks are written with real
times. A round whose window lies outside its gateway's hours gets the nearest window inside, and a note that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction

from laoke.audiences.models import Segment
from laoke.audiences.segments import save_segment
from laoke.campaigns.advice import note
from laoke.campaigns.coupons import face_value
from laoke.campaigns.models import Campaign, CampaignOffer, Phase, Round, Target
from laoke.campaigns.playbook import OfferPlan, Playbook, RoundPlan, with_days
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.targets import Proposal, propose, sales_by_day
from laoke.campaigns.windows import hours_for, place_window
from laoke.customers.models import Channel
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import Gateway
from laoke.promotions.facts import reader_at
from laoke.promotions.models import Offer
from laoke.promotions.offers import add_offer, round_amount
from laoke.shops import audit, catalog
from laoke.shops.clock import Clock
from laoke.shops.models import CatalogEntry, Role, Shop, Staff, User
from laoke.work.tasks import NewTask, add_tasks

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

ORDER_DAYS = 365
# What an order is taken to be when the shop has none yet: 100 yuan.
DEFAULT_ORDER_CENTS = 10_000


def plan(
    book: Playbook, on: date, shop: Shop, *, name: str | None = None, by: User | None, clock: Clock
) -> Campaign:
    """A campaign of `shop` on the day `on`, with everything the playbook says as rows.

    Raises
    ------
    CampaignRefused
        `name_taken` or `day_past`; nothing is written then.
    """
    now = clock.now()
    if shop.is_demo:
        make_loopback_gateway(shop, now=now, by=by)
    name = (name or f"{book.name} {on.year}").strip()[:80]
    if Campaign.objects.filter(shop=shop, name=name).exists():
        raise CampaignRefused("name_taken", name=name)
    if on < now.date():
        raise CampaignRefused("day_past", day=on, today=now.date())
    known = _known_facts(shop, book, on, now)
    try:
        with transaction.atomic():
            return _write(book, on, shop, name, by, now, known)
    except IntegrityError:
        # Two people planned at the same moment: the unique name decides.
        raise CampaignRefused("name_taken", name=name) from None


@dataclass(frozen=True)
class _Known:
    """What the facts say before anything is written."""

    order_cents: int
    proposal: Proposal


def _known_facts(shop: Shop, book: Playbook, on: date, now: datetime) -> _Known:
    entry: CatalogEntry | None = catalog.current()
    if entry is None:
        return _Known(DEFAULT_ORDER_CENTS, Proposal((), {"code": "no_facts"}))
    reader = reader_at(entry)
    first, last = book.phases[0].starts.on(on).date(), _last_day(book, on)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return _Known(
        usual_order_cents(reader, shop, now.date()), propose(reader, shop.pk, days, book.target, now.date())
    )


def _last_day(book: Playbook, on: date) -> date:
    return (book.phases[-1].ends.on(on) - timedelta(microseconds=1)).date()


def usual_order_cents(reader: Reader, shop: Shop, today: date) -> int:
    """The mean paid amount of an order in the last 365 days; of all before when there is none, else 100 yuan."""
    for days in (ORDER_DAYS, 20 * ORDER_DAYS):
        sold = sales_by_day(reader, shop.pk, today - timedelta(days=days), today).values()
        orders = sum(day.orders for day in sold)
        if orders:
            return sum(day.paid_cents for day in sold) // orders
    return DEFAULT_ORDER_CENTS


def _write(
    book: Playbook, on: date, shop: Shop, name: str, by: User | None, now: datetime, known: _Known
) -> Campaign:
    campaign = Campaign.objects.create(
        shop=shop, name=name, playbook=book.key, purpose=book.purpose, theme=book.theme, day=on,
        starts_at=book.phases[0].starts.on(on), ends_at=book.phases[-1].ends.on(on),
        target_cents=known.proposal.cents, target_basis=known.proposal.basis,
        contingencies=[part.model_dump() for part in book.contingencies], holdout_percent=book.holdout_percent,
        attribution_days=book.attribution_days, in_charge=_operator(shop), created_by=by, created_at=now,
    )  # fmt: skip
    Phase.objects.bulk_create(
        Phase(
            campaign=campaign, key=part.key, name=part.name, goal=part.goal, starts_at=part.starts.on(on),
            ends_at=part.ends.on(on),
        )
        for part in book.phases
    )  # fmt: skip
    Target.objects.bulk_create(
        Target(
            campaign=campaign, day=day.day, visitors=day.visitors, conversion_ppm=day.conversion_ppm,
            cents_per_buyer=day.cents_per_buyer, cents=day.cents,
        )
        for day in known.proposal.days
    )  # fmt: skip
    offers = {
        part.key: add_offer(shop, suggested_offer(part, on, known.order_cents), by=by, now=now)
        for part in book.offers
    }
    CampaignOffer.objects.bulk_create(CampaignOffer(campaign=campaign, offer=row) for row in offers.values())
    _write_rounds(book, on, campaign, offers, by, now)
    add_tasks(shop, _tasks(book, on), source_kind="campaign", source_id=campaign.pk)
    audit.record("campaign.plan", shop=shop, actor=by, at=now, subject=name, playbook=book.key)
    return campaign


def _operator(shop: Shop) -> Staff | None:
    """The one operator, else the one owner; nobody by guess."""
    for role in (Role.OPERATOR, Role.OWNER):
        people = list(Staff.objects.filter(shop=shop, role=role)[:2])
        if len(people) == 1:
            return people[0]
    return None


def suggested_offer(part: OfferPlan, on: date, order_cents: int) -> dict[str, Any]:
    """An offer in round amounts, made from what an order of this shop usually is."""
    threshold = round_amount(order_cents * part.threshold_percent_of_order // 100)
    off = min(round_amount(threshold * part.off_percent_of_threshold // 100), threshold)
    if part.mechanic == "shop_coupon":
        terms: dict[str, Any] = {"threshold_cents": threshold, "face_cents": off, "must_hold": True}
    else:
        capped = part.repeating and part.most_times is not None
        terms = {
            "steps": [{"threshold_cents": threshold, "off_cents": off}],
            "repeating": part.repeating,
            "cap_cents": off * (part.most_times or 0) if capped else None,
        }
    return {
        "name": part.name,
        "layer": part.layer,
        "mechanic": part.mechanic,
        "terms": terms,
        "window": {
            "start": part.starts.on(on).isoformat(),
            "end": part.ends.on(on).isoformat(),
        },
    }


def ensure_segment(shop: Shop, name: str, text: str, *, by: User | None, now: datetime) -> Segment:
    """The shop's segment of that name; made from the text when there is none. One that people edited stays theirs."""
    found = Segment.objects.filter(shop=shop, name=name).first()
    return found or save_segment(shop, name, text, by=by, now=now)


def default_gateway(shop: Shop, channel: str) -> Gateway | None:
    """The gateway a new round goes by: one that is not stopped, the oldest; a demo shop takes loopbacks only."""
    rows = Gateway.objects.filter(shop=shop, channel=channel, stopped_reason="").order_by("pk")
    if shop.is_demo:
        rows = rows.filter(is_loopback=True)
    return rows.first()


def default_signature(shop: Shop) -> str:
    """The signature of a shop's texts: its setting, else its name without signs, cut to twelve characters."""
    own = str(shop.settings.get("sms_signature", ""))
    return own or "".join(letter for letter in shop.name if letter.isalnum())[:12]


def coupon_value(offers: dict[str, Offer]) -> str | None:
    """The face value of the campaign's first coupon, for texts."""
    return next((value for value in map(face_value, offers.values()) if value is not None), None)


def _write_rounds(
    book: Playbook, on: date, campaign: Campaign, offers: dict[str, Offer], by: User | None, now: datetime
) -> None:
    shop = campaign.shop
    segments = {
        part.key: ensure_segment(shop, part.name, part.text, by=by, now=now) for part in book.segments
    }
    value = coupon_value(offers)
    variables = {} if value is None else {"coupon_value": value}
    for part in book.rounds:
        gateway = default_gateway(shop, part.channel) if part.channel == Channel.SMS else None
        placed = place_window(shop, part.channel, gateway, part.starts.on(on), part.ends.on(on))
        segment = segments[part.segment]
        Round.objects.create(
            campaign=campaign, number=part.number, key=part.key, name=part.name, channel=part.channel,
            segment=segment, segment_text=segment.text, gateway=gateway,
            signature=default_signature(shop) if part.channel == Channel.SMS else "",
            body=with_days(part.text, on, campaign.starts_at.date()), variables=variables,
            offer=offers.get(part.offer), opens_at=placed.opens_at, closes_at=placed.closes_at,
            holdout_percent=part.holdout_percent,
            advice=_advice(part, shop, gateway, placed, on, now, value),
        )  # fmt: skip


def _advice(
    part: RoundPlan,
    shop: Shop,
    gateway: Gateway | None,
    placed: Any,
    on: date,
    now: datetime,
    value: str | None,
) -> list[dict[str, Any]]:
    found = [note("why", why=part.why)] if part.why else []
    if placed.moved_by is not None:
        found.append(
            note(
                "hours_moved", wanted_start=part.starts.on(on), wanted_end=part.ends.on(on),
                start=placed.opens_at, end=placed.closes_at, window=placed.moved_by.params["window"],
            )
        )  # fmt: skip
        widest = hours_for(shop, gateway).widest()
        signable = placed.moved_by.params["override_possible"] and widest is not None
        found.append(note("hours_override" if signable else "hours_fixed"))
    if part.wanted_channel:
        found.append(note("channel_fallback", wanted=part.wanted_channel))
    if part.channel == Channel.SMS and gateway is None:
        found.append(note("no_gateway"))
    if placed.closes_at <= now:
        found.append(note("window_past"))
    if value is None and "${coupon_value}" in part.text:
        found.append(note("coupon_unknown"))
    return found


def _tasks(book: Playbook, on: date) -> list[NewTask]:
    return [
        NewTask(
            key=part.key, number=part.number, title=part.title, role=part.role, phase_key=part.phase,
            starts_at=part.starts.on(on), due_at=part.due.on(on), detail=part.detail, evidence=part.evidence,
            if_it_fails=part.if_it_fails, after=part.after,
        )
        for part in book.tasks
    ]  # fmt: skip
