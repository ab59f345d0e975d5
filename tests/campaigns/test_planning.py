"""Planning makes exact rows: phases, rounds, tasks, offers, targets; a second plan of the name writes nothing."""

from datetime import date, datetime

import pytest

from laoke.campaigns.models import Campaign, Round, Target
from laoke.campaigns.planning import plan
from laoke.campaigns.playbook import playbook
from laoke.campaigns.refusals import CampaignRefused
from laoke.promotions.models import Offer
from laoke.work.models import Task
from tests.campaigns.stores import bought, days, make_store, visitors

DAY = date(2026, 11, 11)


def planned(store, name=None, on=DAY):
    return plan(playbook("double11"), on, store.shop, name=name, by=store.owner, clock=store.clock)


def test_the_phases_of_double_11(store):
    campaign = planned(store)

    assert campaign.name == "双11 2026"
    assert (campaign.starts_at, campaign.ends_at) == (datetime(2026, 11, 1), datetime(2026, 11, 22))
    assert [(p.key, p.starts_at, p.ends_at) for p in campaign.phases.all()] == [
        ("warm_up", datetime(2026, 11, 1), datetime(2026, 11, 11)),
        ("day", datetime(2026, 11, 11), datetime(2026, 11, 12)),
        ("thanks", datetime(2026, 11, 12), datetime(2026, 11, 22)),
    ]


def test_the_rounds_of_a_demo_shop_go_by_its_loopback(demo_store):
    campaign = planned(demo_store)

    rows = [
        (r.key, r.channel, r.segment.name, r.opens_at, r.closes_at)
        for r in campaign.rounds.select_related("segment")
    ]
    assert rows == [
        ("1a", "sms", "活跃客户", datetime(2026, 11, 1, 17, 30), datetime(2026, 11, 5, 20)),
        ("1b", "sms", "忠诚客户", datetime(2026, 11, 2, 15), datetime(2026, 11, 5, 20)),
        ("1c", "sms", "一般客户", datetime(2026, 11, 3, 8), datetime(2026, 11, 5, 20)),
        ("2", "handover", "买过的客户", datetime(2026, 11, 6, 9), datetime(2026, 11, 9, 21)),
        ("3", "sms", "买过的客户", datetime(2026, 11, 10, 18), datetime(2026, 11, 10, 20)),
    ]
    assert {r.gateway.is_loopback for r in campaign.rounds.exclude(gateway=None)} == {True}
    assert campaign.rounds.get(key="1a").body.startswith("${buyer_nick}，11月11日双11")


def test_the_eve_round_is_moved_into_the_hours_and_says_why(demo_store):
    advice = planned(demo_store).rounds.get(key="3").advice

    moved = next(one for one in advice if one["code"] == "hours_moved")
    assert moved["params"] == {
        "wanted_start": "2026-11-10 20:00", "wanted_end": "2026-11-10 22:00", "start": "2026-11-10 18:00",
        "end": "2026-11-10 20:00", "window": "08:00–20:00",
    }  # fmt: skip
    assert "hours_fixed" in [one["code"] for one in advice]


def test_the_e_mail_round_becomes_a_hand_over_list_and_says_so(store):
    row = planned(store).rounds.get(key="2")

    assert row.channel == "handover"
    assert {"code": "channel_fallback", "params": {"wanted": "email"}} in row.advice


def test_a_shop_without_a_gateway_is_told(store):
    row = planned(store).rounds.get(key="1a")

    assert row.gateway is None
    assert "no_gateway" in [one["code"] for one in row.advice]


def test_the_fourteen_jobs_have_times_order_and_one_person(store):
    campaign = planned(store)
    tasks = {task.key: task for task in Task.objects.filter(source_kind="campaign", source_id=campaign.pk)}

    assert len(tasks) == 14
    assert tasks["purpose"].due_at == datetime(2026, 10, 2, 18)
    assert tasks["stock"].due_at == datetime(2026, 10, 28, 18)
    assert tasks["review"].due_at == datetime(2026, 11, 27, 18)
    assert {task.key for task in tasks["table"].after.all()} == {"offers", "traffic", "stock"}
    assert tasks["purpose"].in_charge.user == store.owner
    assert tasks["stock"].in_charge is None


def test_suggested_offers_follow_what_an_order_usually_is(store):
    store.sold(*[bought(f"A{n}", n, date(2026, 9, 1), paid_cents=20_000) for n in range(1, 6)])

    campaign = planned(store)

    terms = {link.offer.mechanic: link.offer.terms["terms"] for link in campaign.campaign_offers.all()}
    # 110 % of 200 yuan, 12 % of that, three times at most; 100 % of 200 yuan, 8 % of that.
    assert terms["threshold_discount"] == {
        "steps": [{"threshold_cents": 22_000, "off_cents": 2_600}], "repeating": True, "cap_cents": 7_800,
    }  # fmt: skip
    assert terms["shop_coupon"] == {"threshold_cents": 20_000, "face_cents": 1_600, "must_hold": True}
    assert campaign.rounds.get(key="1b").variables == {"coupon_value": "16"}


def test_targets_are_visitors_times_conversion_times_paid_per_buyer(store):
    last_year = date(2025, 11, 11)
    store.wrote("traffic_days", [visitors(day, 1_000) for day in days(date(2025, 11, 1), 21)])
    store.sold(*[bought(f"Y{n}", n, last_year, paid_cents=30_000) for n in range(1, 41)])

    campaign = planned(store)

    target = campaign.targets.get(day=DAY)
    assert (target.visitors, target.conversion_ppm, target.cents_per_buyer) == (1_000, 40_000, 30_000)
    assert target.cents == 1_000 * 40_000 * 30_000 // 1_000_000 == 1_200_000
    assert campaign.target_cents == 1_200_000
    assert campaign.target_basis["code"] == "visitors_last_year"
    assert campaign.target_basis["growth_percent"] == 100
    assert campaign.targets.count() == 21


def test_growth_is_kept_between_the_bounds_of_the_playbook(store):
    store.sold(
        bought("A", 1, date(2025, 11, 11)),
        bought("B", 1, date(2025, 9, 1)),
        bought("C", 2, date(2026, 9, 1), paid_cents=50_000),
    )

    campaign = planned(store)

    assert campaign.target_basis["growth_percent"] == 200
    assert campaign.target_basis["code"] == "orders_last_year"
    assert campaign.targets.get(day=DAY).cents == 20_000


def test_without_such_days_there_is_no_target_and_the_reason_is_kept(store):
    store.sold(bought("A", 1, date(2026, 10, 1)))

    campaign = planned(store)

    assert campaign.target_cents is None
    assert campaign.target_basis == {"code": "no_history", "first": "2025-11-01"}
    assert not Target.objects.exists()


def test_the_same_name_is_refused_and_nothing_is_written(store):
    planned(store)
    before = (Campaign.objects.count(), Round.objects.count(), Offer.objects.count(), Task.objects.count())

    with pytest.raises(CampaignRefused) as error:
        planned(store)

    assert error.value.code == "name_taken"
    assert before == (
        Campaign.objects.count(), Round.objects.count(), Offer.objects.count(), Task.objects.count(),
    )  # fmt: skip


def test_a_day_that_is_over_is_refused(store):
    with pytest.raises(CampaignRefused) as error:
        planned(store, on=date(2026, 10, 19))
    assert error.value.code == "day_past"


def test_two_shops_plan_the_same_event_for_themselves(store):
    other = make_store("另一家店")
    store.sold(bought("A", 1, date(2025, 11, 11), paid_cents=70_000), publish=False)
    other.sold(bought("B", 2, date(2025, 11, 11), paid_cents=5_000))

    first, second = planned(store), planned(other)

    assert (first.target_cents, second.target_cents) == (70_000, 5_000)
    assert first.rounds.get(key="1a").segment.shop == store.shop
    assert second.rounds.get(key="1a").segment.shop == other.shop
    assert Task.objects.filter(shop=other.shop).count() == 14
