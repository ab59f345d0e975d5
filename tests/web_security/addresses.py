"""Every address of the site, and one thing of the demo shop for each address that names one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.people import Demo
from tests.web_campaigns.planned import planned

if TYPE_CHECKING:
    from laoke.shops.models import Shop

# What an address calls its thing, by the name of the address and of its argument.
Things = dict[str, dict[str, Any]]


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """All addresses there are."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def arguments(pattern: URLPattern) -> list[str]:
    """The names of what an address holds."""
    return list(pattern.pattern.converters)


NAMES = sorted(str(pattern.name) for pattern in patterns())
WITH_ARGUMENTS = sorted(str(pattern.name) for pattern in patterns() if arguments(pattern))


def address(name: str, things: Things) -> str:
    """The address of a thing of the demo shop."""
    return reverse(name, kwargs=things[name]) if name in things else reverse(name)


@dataclass(frozen=True)
class Made:
    """What was made in a shop."""

    things: Things
    shop: Shop


def furnished(demo: Demo) -> Made:
    """The demo shop with one of everything that has an address of its own."""
    from laoke.campaigns.models import Phase, Round
    from laoke.customers.models import ConsentBasis, Customer, PersonLink
    from laoke.dispatch.models import Gateway
    from laoke.insights.data_health import COMPARISONS, WAITS
    from laoke.shops.models import Staff
    from laoke.work.models import Task

    shop = demo.shop
    campaign = planned(demo)
    phase = Phase.objects.filter(campaign=campaign).first()
    rounds = list(Round.objects.filter(campaign=campaign))
    task = Task.objects.filter(shop=shop).first()
    gateway = Gateway.objects.get(shop=shop)
    basis = ConsentBasis.objects.filter(shop=shop).first()
    staff = Staff.objects.get(shop=shop, user=demo.service)
    first, second = Customer.objects.filter(owner=shop.owner_id).order_by("pk")[:2]
    assert phase is not None
    assert task is not None
    assert basis is not None
    link = PersonLink.objects.create(
        owner_id=shop.owner_id, first_customer=first, second_customer=second, state="proposed", reason="phone",
        created_at=demo.now,
    )  # fmt: skip
    rows, people = _rows(demo), _about_people(demo, first.person_id)
    occasion = rows["occasion"]
    handover = rounds[-1]
    handover.occasion = occasion
    handover.save(update_fields=["occasion"])
    upload, job, run = rows["upload"].pk, rows["job"].pk, rows["run"].pk
    one_campaign, one_round = {"pk": campaign.pk}, {"pk": rounds[0].pk}
    of_offer = {"pk": campaign.pk, "offer_pk": campaign.campaign_offers.order_by("pk")[0].offer_id}
    by_prefix: dict[str, dict[str, Any]] = {
        "campaign_round_missing": one_round,
        "campaign_phase": {"pk": campaign.pk, "phase_pk": phase.pk},
        "campaign_setup_preview": {"pk": campaign.pk, "upload": rows["report"].pk},
        **{f"campaign_setup_{name}": of_offer for name in ("offer", "place", "state", "numbers")},
        "campaign": one_campaign,
        "task": {"pk": task.pk},
        "group_file_use": {"group_id": people["group"].pk, "upload_id": upload},
        "group_file_drop": {"group_id": people["group"].pk, "upload_id": upload},
        "group_leave": {"group_id": people["group"].pk, "person_id": first.person_id},
        "group": {"group_id": people["group"].pk},
        "service": {"case_id": people["case"].pk},
        "customer_link": {"link_id": link.pk, "decision": "accept"},
        "customer_note_remove": {"note_id": people["note"].pk},
        "customer": {"person_id": first.person_id},
        "lookup_attach": {"person_id": first.person_id},
        "tag": {"tag_id": people["tag"].pk},
        "suppressed_lift": {"row_id": people["suppressed"].pk},
        "level_remove": {"level_id": people["level"].pk},
        "trade_show": {"contact_id": people["contact"].pk},
        "trade_forget": {"contact_id": people["contact"].pk},
        "trade_move": {"deal_id": people["deal"].pk},
        "trade": {"company_id": people["company"].pk},
        "person_messages": {"person_id": first.person_id},
        "import_files": {"ids": str(upload)},
        "import_start": {"ids": str(upload)},
        "import_columns": {"pk": upload},
        "import_drop": {"pk": upload},
        "import_running": {"ids": str(job)},
        "import_layout": {"pk": rows["layout"].pk},
        "import": {"pk": run},
        "job": {"pk": job},
        "coupon_issue_new": {"pk": rows["coupon"].offer_id},
        "coupon_issue_file": {"pk": rows["coupon"].pk, "batch_id": rows["codes"].pk},
        "coupon_issue": {"pk": rows["coupon"].pk},
        "offer_settled": {"pk": rows["deposit"].pk, "upload": rows["payments"].pk},
        "offer_settlement": {"pk": rows["deposit"].pk},
        "offer": {"pk": rows["offer"].pk},
        "backtest_job": {"pk": rows["backtest_job"].pk},
        "backtest": {"pk": rows["backtest"].pk},
        "comparison": {"pk": rows["comparison"].pk},
        "budget": {"pk": rows["budget"].pk},
        "price_preview": {"pk": rows["prices"].pk, "upload": rows["price_file"].pk},
        "price_item_new": {"pk": rows["prices"].pk},
        "price_item": {"pk": rows["prices"].pk, "at": 0},
        "price": {"pk": rows["prices"].pk},
        "review": one_campaign,
        "round_list_file": {"pk": handover.pk, "file_pk": rows["file"].pk},
        "round_lists": {"pk": handover.pk},
        "round_results": {"pk": handover.pk},
        "round": one_round,
        "template": {"pk": rows["template"].pk},
        "inbox_unknown_decide": {"pk": occasion.pk},
        "inbox_reply": {"pk": rows["reply"].pk},
        "segment": {"segment_id": rows["segment"].pk},
        "settings_staff": {"pk": staff.pk},
        "settings_consent": {"pk": basis.pk},
        "settings_gateway": {"pk": gateway.pk},
        "imports_health_waits": {"name": next(iter(WAITS))},
        "imports_health": {"name": next(iter(COMPARISONS))},
        "fake_orders": {"decision": "cleared"},
        "settings_token": {"pk": rows["token"].pk},
        "hook": {"provider": "aliyun", "token": "no-such-token"},
        "api_facts": {"kind": "orders"},
        "api_coupon_act": {"act": "claim"},
        "api_points_act": {"act": "earn"},
        "api_lottery_act": {"act": "draw"},
        "api_referral_act": {"act": "invite"},
        "lottery_settle": {"pk": rows["lottery"].pk, "number": 1},
        "lottery": {"pk": rows["lottery"].pk},
        "api_batch": {"pk": 1},
        "api_nowhere": {"rest": "nowhere"},
    }
    things: Things = {}
    for name in WITH_ARGUMENTS:
        prefix = next((one for one in by_prefix if name == one or name.startswith(f"{one}_")), None)
        assert prefix is not None, f"no thing is made for the address {name}"
        things[name] = by_prefix[prefix]
    return Made(things, shop)


def _about_people(demo: Demo, person_id: int) -> dict[str, Any]:
    """What was decided and written down about a person, and a company with its people and deals."""
    from laoke.audiences.levels import save_level
    from laoke.customers import notes, tags, trade
    from laoke.customers.models import PersonTag
    from laoke.groups import members
    from laoke.service import cases

    shop, by, now = demo.shop, demo.owner, demo.now
    away = tags.make_tag(shop, "别打扰", now=now, suppresses=True)
    tags.set_tag(away, [person_id], by=by, now=now, reason="太挑剔")
    company = trade.add_company(shop, "杭州某酒店", by=by, now=now)
    speaker = trade.Speaker("欧阳经理", "057188886666")
    return {
        "tag": tags.make_tag(shop, "爱晒图", now=now),
        "group": members.make_group(
            shop, members.Draft("老客群", "vip", "wechat"), by=by, now=now
        ),
        "case": cases.open_case(
            shop, person_id, cases.Draft("delay", now + timedelta(days=1), "没动静"), by=by, now=now
        ),
        "suppressed": PersonTag.objects.get(tag=away),
        "note": notes.add(shop, person_id, "送礼多", by=by, now=now),
        "level": save_level(
            shop, name="银卡", within="year", orders_from=2, net_cents_from=None, term_days=365, reward="",
            by=by, now=now,
        ),
        "company": company,
        "contact": trade.add_contact(company, speaker, role="采购", by=by, now=now),
        "deal": trade.add_deal(company, kind="quote", title="礼盒", value_cents=100, by=by, now=now),
    }  # fmt: skip


def _rows(demo: Demo) -> dict[str, Any]:
    """Rows that nothing on the way here made, filled as far as their pages need."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    from laoke.audiences.segments import save_segment
    from laoke.campaigns.models import CouponBudget
    from laoke.campaigns.plan_comparisons import compare, varied
    from laoke.campaigns.price_sheets import make_sheet
    from laoke.customers.sealing import seal
    from laoke.dispatch.models import HandoverFile, MessageTemplate, Occasion, Reply
    from laoke.intake.models import ImportRun, SavedMapping
    from laoke.promotions.coupons import issues
    from laoke.promotions.ladder import Terms
    from laoke.promotions.models import Backtest, Offer
    from laoke.promotions.offers import add_offer
    from laoke.promotions.rewards import lotteries, lottery_draws
    from laoke.shops.clock import clock_from_env
    from laoke.shops.models import Job
    from laoke.shops.tokens import make_token
    from laoke.shops.uploads import store_upload

    shop, now = demo.shop, demo.now
    client = demo.client()
    client.post(f"{reverse('offer_new')}?mechanic=threshold_discount", OFFER)
    offer = Offer.objects.get(shop=shop, name=OFFER["name"])
    # Long enough to be answered: a refused backtest has no assumptions to change.
    client.post(
        reverse("backtests"), {"offers": [offer.pk], "period_from": "2025-01-01", "period_to": "2026-11-08"}
    )
    tested = Backtest.objects.latest("pk")
    other = [("满299减30", varied(tested, tested.offers[0]["offer_id"], [29_900, 3_000], "满299减30"))]
    occasion = Occasion.objects.create(
        shop=shop, kind="round", name="名单", channel="handover", state="running", not_before=now,
        not_after=now + timedelta(days=1), created_at=now,
    )  # fmt: skip
    coupon = add_offer(shop, COUPON, by=demo.owner, now=now)
    terms = issues.Terms(name="双11 券", total_limit=10, valid_from=now, valid_to=now + timedelta(days=9))
    issue = issues.add_issue(coupon, terms, by=demo.owner, now=now)
    prize = lotteries.Prize("手账本", lotteries.GOODS, 2, value_cents=3_900, odds_ppm=1_000_000)
    rules = lotteries.Rules(
        "lottery", "双11 抽奖", "某某公司", "人人能抽", now, now + timedelta(days=9), 1, [prize]
    )
    draft = lotteries.save_draft(shop, rules, by=demo.owner, now=now)
    lottery = lotteries.publish(draft, by=demo.owner, now=now)
    lottery_draws.draw(lottery, 1, "", now=now, by="t")
    sealed, key_id = seal({"text": "好的"}, f"reply|{shop.pk}")
    job = Job.objects.create(shop=shop, kind="import", created_at=now)
    return {
        "offer": offer,
        "lottery": lottery,
        "coupon": issue,
        "codes": issues.order_codes(issue, 1, by=demo.owner, now=now),
        "occasion": occasion,
        "job": job,
        "segment": save_segment(shop, "老客", "bought(2+)", by=demo.owner, now=now),
        "run": ImportRun.objects.filter(shop=shop).first()
        or ImportRun.objects.create(
            shop=shop, file_name="a.csv", file_sha256="0" * 64, file_size=1, created_at=now
        ),
        "upload": store_upload(
            shop, SimpleUploadedFile("orders.csv", b"a,b\r\n1,2\r\n"), by=demo.owner, now=now
        ),
        "layout": SavedMapping.objects.create(
            shop=shop, name="进销存", header=["单号", "金额"], header_digest="0" * 64, grain="order",
            mapping={"order_id": "单号"}, created_by=demo.owner, created_at=now,
        ),
        "backtest": tested,
        "backtest_job": Job.objects.create(
            shop=shop, kind="backtest", created_at=now, params={
                "what": "compare", "name": "并排", "first": tested.pk, "others": [], "variations": [], "campaign": None,
            },
        ),
        "comparison": compare(
            shop, "并排", tested, [], other, campaign=None, by=demo.owner, clock=clock_from_env()
        ),
        "budget": CouponBudget.objects.create(
            shop=shop, name="双11 券", budget_cents=1, margin_cents=1, segments=[], faces=[], created_at=now
        ),
        "prices": make_sheet(
            shop, "双11价格", now, terms=Terms(), campaign=None, best=2, by=demo.owner, now=now
        ),
        "price_file": store_upload(
            shop, SimpleUploadedFile("prices.csv", "商品编号,活动价\r\nP1,39\r\n".encode()), by=demo.owner, now=now
        ),
        "report": store_upload(
            shop, SimpleUploadedFile("report.csv", "名称,使用量\r\n券,39\r\n".encode()), by=demo.owner, now=now
        ),
        "deposit": add_offer(shop, DEPOSIT, by=demo.owner, now=now),
        "payments": store_upload(shop, SimpleUploadedFile("payments.csv", PAYMENTS.encode()), by=demo.owner, now=now),
        "template": MessageTemplate.objects.create(
            shop=shop, name="提醒", body="您好，拒收请回复R", created_at=now, updated_at=now
        ),
        "file": HandoverFile.objects.create(occasion=occasion, number=1, people=1, created_at=now),
        "token": make_token(shop, name="ERP", scopes=[], days=30, by=demo.owner, now=now)[0],
        "reply": Reply.objects.create(
            shop=shop, channel="sms", contact_mask="100****0001", sealed_text=sealed, key_id=key_id,
            is_opt_out=False, received_at=now,
        ),
    }  # fmt: skip


COUPON = {
    "name": "满 199 减 20", "layer": "coupon", "mechanic": "shop_coupon",
    "terms": {"threshold_cents": 19_900, "face_cents": 2_000},
    "window": {"start": "2026-11-01T00:00:00", "end": "2026-12-01T00:00:00"}, "limits": {},
}  # fmt: skip
DEPOSIT = {
    "name": "预售", "layer": "item", "mechanic": "deposit_expansion", "limits": {},
    "terms": {
        "deposit_cents": 5_000, "counts_cents": 10_000, "deposit_until": "2026-11-05T00:00:00",
        "balance_from": "2026-11-06T00:00:00",
    },
    "window": {"start": "2026-11-01T00:00:00", "end": "2026-11-08T00:00:00"},
}  # fmt: skip
PAYMENTS = "订单号,买家,付定金时间,定金,付尾款时间,尾款\r\n1,小圆,2026-11-01 20:00,50,,\r\n"
OFFER = {
    "name": "满399减61", "threshold_1": "399", "off_1": "61", "starts_at": "2026-11-11T00:00",
    "ends_at": "2026-11-12T00:00", "scope": "all",
}  # fmt: skip
