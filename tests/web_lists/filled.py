"""A shop with more rows in every list than a page shows, each of them with a name that a spreadsheet would run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from django.urls import reverse

from tests.people import Demo
from tests.web_campaigns.planned import planned
from tests.web_security.addresses import OFFER

if TYPE_CHECKING:
    from laoke.intake.models import ImportRun

HOSTILE = '=HYPERLINK("http://x","领券")'
MADE = 8


@dataclass(frozen=True)
class Place:
    """A list: its address, and a search that one of its rows answers to."""

    url: str
    search: str


def filled(demo: Demo) -> dict[str, Place]:
    """Every list there is, by the name of its address."""
    from laoke.campaigns.models import Round
    from laoke.intake.models import ImportRun

    campaign = planned(demo, HOSTILE)
    _campaigns(demo)
    _price_sheets(demo)
    _rows(demo)
    nick = _people(demo)
    _suspects(demo)
    run = ImportRun.objects.filter(shop=demo.shop, file_name__startswith=HOSTILE).first()
    sent = Round.objects.filter(campaign=campaign, occasion__isnull=False).first()
    assert run is not None and sent is not None
    _put_aside(run)
    kept_away = _tags_and_companies(demo)
    full_group = _groups_and_cases(demo)
    drawn = _rewards(demo)
    return {
        "campaigns": Place(reverse("campaigns"), HOSTILE),
        "tasks": Place(reverse("tasks"), HOSTILE),
        "rounds": Place(reverse("rounds"), HOSTILE),
        "round_people": Place(reverse("round_people", args=[sent.pk]), nick),
        "templates": Place(reverse("templates"), HOSTILE),
        "inbox": Place(reverse("inbox"), "100 **** **03"),
        "offers": Place(reverse("offers"), HOSTILE),
        "prices": Place(reverse("prices"), HOSTILE),
        "backtests": Place(reverse("backtests"), HOSTILE),
        "budgets": Place(reverse("budgets"), HOSTILE),
        "reviews": Place(reverse("reviews"), HOSTILE),
        "imports": Place(reverse("imports"), HOSTILE),
        "import_rows": Place(reverse("import_rows", args=[run.pk]), "3"),
        "segments": Place(reverse("segments"), HOSTILE),
        "settings_consent": Place(reverse("settings_consent"), HOSTILE),
        "settings_audit": Place(reverse("settings_audit"), HOSTILE),
        "fake_orders": Place(reverse("fake_orders"), ""),
        "customers": Place(reverse("customers"), ""),
        "tags": Place(reverse("tags"), HOSTILE[:20]),
        "tag": Place(reverse("tag", args=[kept_away]), HOSTILE),
        "suppressed": Place(reverse("suppressed"), HOSTILE),
        "trade": Place(reverse("trade"), HOSTILE),
        "groups": Place(reverse("groups"), HOSTILE[:30]),
        "group": Place(reverse("group", args=[full_group]), HOSTILE),
        "service": Place(reverse("service"), "900000"),
        "points": Place(reverse("points"), "P-3"),
        "lotteries": Place(reverse("lotteries"), HOSTILE[:30]),
        "lottery": Place(reverse("lottery", args=[drawn]), HOSTILE[:30]),
        "referrals": Place(reverse("referrals"), "R-3"),
    }


def _rewards(demo: Demo) -> int:
    """Points of orders, lotteries, draws of one of them, and friends who came; the lottery that was drawn."""
    from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw, LotteryPrize
    from laoke.promotions.rewards.models import PointsEvent
    from laoke.promotions.rewards.referral_models import Invitation, Referral

    shop, now = demo.shop, demo.now
    lottery_rows = [
        Lottery.objects.create(
            shop=shop, kind="lottery", name=f"{HOSTILE} {n}", organiser="某某公司", conditions="人人能抽",
            starts_at=now, ends_at=now + timedelta(days=9), per_person_limit=1, created_at=now, published_at=now,
        )
        for n in range(MADE)
    ]  # fmt: skip
    lottery = lottery_rows[0]
    prize = LotteryPrize.objects.create(
        lottery=lottery, place=1, title=HOSTILE, kind="goods", value_cents=3_900, odds_ppm=500_000, stock=MADE
    )
    invitation = Invitation.objects.create(shop=shop, customer_id=1, code="ABCD2345", at=now)
    for n in range(MADE):
        LotteryDraw.objects.create(
            lottery=lottery, number=n + 1, customer_id=n + 1, text_sha256="", prize=prize, state="due", at=now
        )
        PointsEvent.objects.create(
            shop=shop, customer_id=n + 1, kind="earned", points=100, order_id=f"P-{n}", at=now, note=HOSTILE
        )
        Referral.objects.create(
            shop=shop, invitation=invitation, referrer_id=1, friend_id=n + 2, state="counting", order_id=f"R-{n}",
            paid_cents=1_000, at=now, due_at=now + timedelta(days=7),
        )  # fmt: skip
    return lottery.pk


def _price_sheets(demo: Demo) -> None:
    from laoke.campaigns.price_sheets import make_sheet
    from laoke.promotions.ladder import Terms

    for n in range(MADE):
        make_sheet(
            demo.shop, f"{HOSTILE} {n}", datetime(2026, 11, 11), terms=Terms(), campaign=None, best=0, by=demo.owner,
            now=demo.now,
        )  # fmt: skip


def _campaigns(demo: Demo) -> None:
    from laoke.campaigns.models import Campaign

    # Two share a day: the order has to be settled by more than the day.
    for n in range(MADE):
        day = datetime(2026, 10, 1 + n // 2)
        Campaign.objects.create(
            shop=demo.shop, name=f"{HOSTILE} {n}", playbook="double11", day=day.date(), starts_at=day,
            ends_at=day + timedelta(days=1), created_at=demo.now,
        )  # fmt: skip


def _suspects(demo: Demo) -> None:
    from laoke.insights.fake_orders.flags import rules_of
    from laoke.insights.models import OrderFlag

    # Two have the same score: the order has to be settled by more than that.
    least = rules_of(demo.shop).threshold
    OrderFlag.objects.bulk_create(
        OrderFlag(
            shop=demo.shop, order_id=f"8{n:017d}", placed_at=demo.now, paid_cents=1_000 + n, score=least + n // 2,
            scored_at=demo.now,
        )
        for n in range(MADE)
    )  # fmt: skip


def _rows(demo: Demo) -> None:
    from laoke.audiences.segments import save_segment
    from laoke.campaigns.models import CouponBudget
    from laoke.customers.models import ConsentBasis
    from laoke.dispatch.models import MessageTemplate
    from laoke.intake.models import ImportRun
    from laoke.promotions.models import Backtest
    from laoke.shops import audit
    from laoke.work.models import Task

    shop, now = demo.shop, demo.now
    for n in range(MADE):
        name = f"{HOSTILE} {n}"
        Task.objects.create(
            shop=shop, title=name, role="operator", starts_at=now, due_at=now + timedelta(days=n // 2)
        )  # fmt: skip
        MessageTemplate.objects.create(shop=shop, name=name, body=name, created_at=now, updated_at=now)
        ImportRun.objects.create(shop=shop, file_name=name, file_sha256="0" * 64, file_size=1, created_at=now)
        save_segment(shop, name, "bought(2+)", by=demo.owner, now=now)
        audit.record("list.export", shop=shop, actor=demo.owner, at=now, subject=name, count=n)
        CouponBudget.objects.create(
            shop=shop, name=name, budget_cents=n, margin_cents=1, segments=[], faces=[], created_at=now
        )
        ConsentBasis.objects.create(
            shop=shop, channel="sms", role="seller", wording=name, wording_version="1", proof=name,
            collected_from=date(2026, 1, 1), collected_to=date(2026, 2, 1), declared_by=demo.owner, declared_at=now,
            people=n,
        )  # fmt: skip
        demo.client().post(f"{reverse('offer_new')}?mechanic=threshold_discount", {**OFFER, "name": name})
        Backtest.objects.create(
            shop=shop, offers=[{"offer_id": str(n), "name": name, "what": "满399减61", "row": 0}],
            period_from=date(2026, 10, 1), period_to=date(2026, 10, 2), catalog_ref=1,
            result={"refused": "few_orders", "orders": n, "needed_orders": 30}, created_at=now,
        )  # fmt: skip


def _people(demo: Demo) -> str:
    """A round that went out to some people, and what they wrote back; the whole nick of one of them."""
    from laoke.campaigns.models import Round
    from laoke.customers.models import VaultRecord
    from laoke.customers.sealing import seal
    from laoke.customers.vault import open_contact
    from laoke.dispatch.models import Message, Occasion, Reply

    shop, now = demo.shop, demo.now
    occasion = Occasion.objects.create(
        shop=shop, kind="round", name=HOSTILE, channel="sms", state="running", not_before=now,
        not_after=now + timedelta(days=1), created_at=now,
    )  # fmt: skip
    row = Round.objects.filter(campaign__shop=shop).first()
    assert row is not None
    row.occasion = occasion
    row.save(update_fields=["occasion"])
    records = list(VaultRecord.objects.filter(shop=shop).select_related("customer").order_by("pk")[:MADE])
    people = [record.customer.person_id for record in records]
    sealed, key_id = seal({"text": HOSTILE}, f"reply|{shop.pk}")
    for n, person in enumerate(people):
        Message.objects.create(
            occasion=occasion, person_id=person, arm="treated", state="accepted", due_at=now, cost_millis=45
        )
        Reply.objects.create(
            shop=shop, channel="sms", contact_mask=f"100 **** **{n:02}", sealed_text=sealed, key_id=key_id,
            is_opt_out=False, received_at=now,
        )  # fmt: skip
    return open_contact(records[0]).nick


def _tags_and_companies(demo: Demo) -> int:
    """Tags, companies, and people who are kept away by a tag, whose number it is."""
    from laoke.customers import tags, trade
    from laoke.customers.models import VaultRecord

    shop, now = demo.shop, demo.now
    for n in range(MADE):
        tags.make_tag(shop, f"{HOSTILE[:20]} {n}", now=now, by=demo.owner)
        trade.add_company(shop, f"{HOSTILE} {n}", by=demo.owner, now=now)
    tag = tags.make_tag(shop, "挑剔", now=now, suppresses=True, by=demo.owner)
    people = (
        VaultRecord.objects.filter(shop=shop).order_by("pk").values_list("customer__person_id", flat=True)
    )
    for person in people[:MADE]:
        tags.set_tag(tag, [person], by=demo.owner, now=now, reason=HOSTILE)
    return tag.pk


def _groups_and_cases(demo: Demo) -> int:
    """Chat groups, the last of them full of people, whose number it is; and cases of the same people."""
    from laoke.customers.models import Customer
    from laoke.groups import members
    from laoke.service import cases

    shop, by, now = demo.shop, demo.owner, demo.now
    for n in range(MADE):
        draft = members.Draft(f"{HOSTILE[:30]} {n}", "other", "wechat")
        group = members.make_group(shop, draft, by=by, now=now)
    people = Customer.objects.filter(owner=shop.owner_id).order_by("pk").values_list("person_id", flat=True)
    # Two share a day and a promise: the order has to be settled by more than that.
    for n, person in enumerate(people[:MADE]):
        stay = members.Stay(now.date() - timedelta(days=n // 2), HOSTILE)
        members.write_down(group, {person: stay}, by=by, now=now)
        promised = now + timedelta(days=1 + n // 2)
        cases.open_case(shop, person, cases.Draft("other", promised, HOSTILE, f"900000{n}"), by=by, now=now)
    return group.pk


def _put_aside(run: ImportRun) -> None:
    from laoke.intake.models import QuarantinedRow

    for line in range(2, 2 + MADE):
        QuarantinedRow.objects.create(
            run=run, line=line, reason=HOSTILE, sealed=b"", key_id="", expires_on=date(2026, 12, 1)
        )
