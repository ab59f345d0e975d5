"""Reviews of simulated assignments: the figures of the warehouse query against plain arithmetic on the same people."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from laoke.campaigns.models import Review, Round, RoundState
from laoke.campaigns.planning import plan
from laoke.campaigns.playbook import playbook
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.review import review
from laoke.campaigns.rounds import round_status
from laoke.campaigns.telling import status_of
from laoke.customers.models import Customer
from laoke.dispatch.models import Arm, Message, MessageState, Occasion, OccasionState
from laoke.experiments.stats import ArmStats, compare
from laoke.shops.models import CatalogEntry
from tests.campaigns.stores import bought, line_of, make_store, product

START = datetime(2026, 11, 6, 9)
AFTER = datetime(2026, 11, 25, 10)


def planned(store, name="双11"):
    return plan(
        playbook("double11"), date(2026, 11, 11), store.shop, name=name, by=store.owner, clock=store.clock
    )


def assigned(campaign, key, arms, *, start=START, cost_millis=0, holdout=1_000):
    """The round as it stands after a launch: everyone's arm is on record."""
    row = campaign.rounds.get(key=key)
    occasion = Occasion.objects.create(
        shop=campaign.shop, kind="round", ref_id=row.pk, campaign_ref=campaign.pk, name=key, channel=row.channel,
        state=OccasionState.FINISHED, not_before=start, not_after=start + timedelta(days=3), planned_at=start,
        launched_at=start, rules={"holdout": {"campaign": holdout}}, created_at=start,
    )  # fmt: skip
    cost = {Arm.TREATED: cost_millis, Arm.HELD_OUT: 0}
    Message.objects.bulk_create(
        Message(
            occasion=occasion, person_id=person, arm=arm, due_at=start, cost_millis=cost[arm],
            state=MessageState.HELD_OUT if arm == Arm.HELD_OUT else MessageState.HANDED_OVER,
        )
        for person, arm in arms.items()
    )  # fmt: skip
    Round.objects.filter(pk=row.pk).update(occasion=occasion, state=RoundState.DONE)
    return occasion


def arms_of(people, every=10):
    return {person: "held_out" if person % every == 0 else "treated" for person in people}


def reviewed(store, campaign):
    store.now = AFTER
    return review(campaign, by=store.owner, clock=store.clock).result


@pytest.fixture
def sold(store):
    """2,000 people: every fifth of the treated buys for 120 yuan, every tenth of the held out; the goods cost 60."""
    campaign = planned(store)
    arms = arms_of(range(1, 2_001))
    values, rows = {}, []
    for person, arm in arms.items():
        # Persons divisible by 10 are held out: their own counter decides who of them buys.
        buys = (person // 10) % 10 == 0 if arm == "held_out" else person % 5 == 1
        if buys:
            row = bought(f"N{person}", person, date(2026, 11, 11), paid_cents=12_000, goods_cents=12_000)
            rows.append(row)
        values[person] = 12_000 if buys else 0
    store.wrote("products", [product("P1", 6_000)])
    store.wrote("order_lines", [line_of(row) for row in rows])
    store.sold(*rows, publish=False)
    store.known(list(arms))
    store.publish()
    return campaign, arms, values


def test_revenue_and_orders_equal_plain_arithmetic(store, sold):
    campaign, arms, values = sold
    assigned(campaign, "2", arms)

    told = reviewed(store, campaign)["campaign"]

    treated = ArmStats.of([values[p] for p, arm in arms.items() if arm == "treated"])
    control = ArmStats.of([values[p] for p, arm in arms.items() if arm == "held_out"])
    expected = compare(treated, control)
    found = told["metrics"]["revenue"]
    assert (told["treated"], told["held_out"]) == (1_800, 200)
    assert found["difference"]["estimate"] == pytest.approx(expected.estimate)
    assert found["difference"]["low"] == pytest.approx(expected.low)
    assert found["difference"]["high"] == pytest.approx(expected.high)
    assert found["incremental"]["estimate"] == pytest.approx(expected.incremental.estimate)
    assert found["verdict"] == "helps"
    assert told["metrics"]["orders"]["treated_total"] == treated.total / 12_000
    assert told["srm"]["even"]


def test_message_cost_comes_off_the_profit(store, sold):
    campaign, arms, values = sold
    assigned(campaign, "2", arms, cost_millis=45)

    told = reviewed(store, campaign)["campaign"]

    treated = ArmStats.of([values[p] // 2 for p, arm in arms.items() if arm == "treated"])
    control = ArmStats.of([values[p] // 2 for p, arm in arms.items() if arm == "held_out"])
    assert told["message_cost_cents"] == 1_800 * 45 // 10
    assert told["metrics"]["profit"]["difference"]["estimate"] == pytest.approx(
        compare(treated, control, cost=8_100).estimate
    )


def test_a_part_of_a_cent_is_a_cent_in_the_status_and_in_the_review_alike(store):
    campaign = planned(store)
    store.sold(bought("A", 1, date(2026, 10, 1)))
    assigned(campaign, "2", dict.fromkeys(range(1, 5), "treated"), cost_millis=46)

    row = campaign.rounds.get(key="2")
    told = reviewed(store, campaign)
    status = status_of(round_status(row, AFTER))

    assert (status["cost_cents"], told["campaign"]["message_cost_cents"]) == (19, 19)


def test_orders_outside_the_window_refunds_and_fakes_do_not_count(store):
    campaign = planned(store)
    arms = arms_of(range(1, 401), every=2)
    rows = [
        bought(f"N{p}", p, date(2026, 11, 7), paid_cents=10_000, refunded_cents=4_000) for p in range(1, 101)
    ]
    rows += [
        bought("early", 101, date(2026, 11, 5)),
        bought("late", 102, date(2026, 11, 21)),
        bought("nobody", None, date(2026, 11, 7)),
        bought("stranger", 9_999, date(2026, 11, 7)),
        bought("fake", 103, date(2026, 11, 7), paid_cents=900_000),
    ]
    flag = {"order_id": "fake", "flag": "suspect", "score": 9, "reasons": "", "import_id": 1}
    store.wrote("order_flags", [flag])
    store.sold(*rows)
    assigned(campaign, "2", arms, holdout=5_000)

    told = reviewed(store, campaign)["campaign"]

    assert told["metrics"]["orders"]["treated_total"] == 50
    assert told["metrics"]["orders"]["held_out_total"] == 50
    assert told["metrics"]["revenue"]["treated_total"] == 50 * 6_000
    assert told["metrics"]["profit"] == {"verdict": "withheld", "cost_unknown_orders": 100}


def test_no_effect_is_called_unclear(store):
    campaign = planned(store)
    random = np.random.default_rng(11)
    people = range(1, 4_001)
    arms = arms_of(people, every=2)
    buyers = [person for person in people if random.random() < 0.6]
    store.sold(*[bought(f"N{p}", p, date(2026, 11, 7)) for p in buyers])
    assigned(campaign, "2", arms, holdout=5_000)

    told = reviewed(store, campaign)["campaign"]

    assert told["metrics"]["orders"]["verdict"] == "unclear"
    assert (
        told["metrics"]["orders"]["difference"]["low"] < 0 < told["metrics"]["orders"]["difference"]["high"]
    )


def test_too_little_says_how_many_it_would_need(store):
    campaign = planned(store)
    store.sold(*[bought(f"N{p}", p, date(2026, 11, 7)) for p in range(1, 21)])
    assigned(campaign, "2", arms_of(range(1, 101)))

    found = reviewed(store, campaign)["campaign"]["metrics"]["orders"]

    assert found["verdict"] == "not_enough"
    assert found["difference"] is None
    assert found["missing"]["need"] == 50


def test_a_person_merged_across_arms_is_left_out_and_counted(store):
    campaign = planned(store)
    arms = arms_of(range(1, 401), every=2)
    store.sold(bought("A", 1, date(2026, 11, 7)), bought("B", 3, date(2026, 11, 7)), publish=False)
    store.wrote(
        "person_map",
        [
            {"customer_id": 2, "person_id": 1, "owner_id": store.shop.owner_id, "import_id": 0},
            {"customer_id": 5, "person_id": 3, "owner_id": store.shop.owner_id, "import_id": 0},
        ],
    )
    store.publish()
    Customer.objects.filter(pk=2).update(person_id=1)
    assigned(campaign, "2", arms, holdout=5_000)

    told = reviewed(store, campaign)["campaign"]

    # 1 (treated) and 2 (held out) are one person: out. 3 and 5 (both treated) are one person: counted once.
    assert told["merged_left_out"] == 1
    assert (told["treated"], told["held_out"]) == (198, 199)
    assert told["metrics"]["orders"]["treated_total"] == 1


def test_sizes_that_cannot_be_by_chance_are_called_uneven(store):
    campaign = planned(store)
    store.sold(*[bought(f"N{p}", p, date(2026, 11, 7)) for p in range(1, 601)])
    assigned(campaign, "2", arms_of(range(1, 1_001), every=2))

    told = reviewed(store, campaign)["campaign"]

    assert not told["srm"]["even"]
    assert told["metrics"]["orders"]["verdict"] == "uneven"


def test_rounds_are_judged_alone_and_people_of_several_count_once_for_the_campaign(store):
    campaign = planned(store)
    arms = arms_of(range(1, 401), every=2)
    store.sold(
        *[bought(f"F{p}", p, date(2026, 11, 3)) for p in range(1, 41)],
        *[bought(f"S{p}", p, date(2026, 11, 8)) for p in range(1, 41)],
    )
    assigned(
        campaign,
        "1a",
        {p: a for p, a in arms.items() if p <= 200},
        start=datetime(2026, 11, 1, 17),
        holdout=5_000,
    )
    assigned(campaign, "2", arms, holdout=5_000)

    told = reviewed(store, campaign)

    first, second = told["rounds"]
    assert (first["key"], first["treated"], first["metrics"]["orders"]["treated_total"]) == ("1a", 100, 40)
    assert (second["key"], second["treated"], second["metrics"]["orders"]["treated_total"]) == ("2", 200, 20)
    assert (told["campaign"]["treated"], told["campaign"]["metrics"]["orders"]["treated_total"]) == (200, 40)


def test_without_a_holdout_there_is_no_verdict(store):
    campaign = planned(store)
    store.sold(*[bought(f"N{p}", p, date(2026, 11, 7)) for p in range(1, 101)])
    assigned(campaign, "2", dict.fromkeys(range(1, 301), "treated"), holdout=0)

    assert reviewed(store, campaign)["campaign"]["metrics"]["revenue"]["verdict"] == "no_control"


def test_two_shops_are_judged_by_their_own_orders(store):
    other = make_store("另一家店")
    mine, theirs = planned(store), planned(other)
    arms = arms_of(range(1, 201), every=2)
    store.sold(*[bought(f"N{p}", p, date(2026, 11, 7)) for p in range(1, 101)], publish=False)
    other.keyed = store.keyed
    other.sold(*[bought(f"N{p}", p, date(2026, 11, 7), paid_cents=500) for p in range(1, 41)])
    for campaign in (mine, theirs):
        assigned(campaign, "2", arms, holdout=5_000)

    first, second = reviewed(store, mine), reviewed(other, theirs)

    assert first["campaign"]["metrics"]["revenue"]["treated_total"] == 50 * 10_000
    assert second["campaign"]["metrics"]["revenue"]["treated_total"] == 20 * 500


def test_a_review_names_its_catalog_entry_and_compares_days_with_targets(store):
    store.sold(
        bought("last year", 1, date(2025, 11, 11), paid_cents=50_000),
        bought("now", 1, date(2026, 11, 11), paid_cents=60_000),
    )
    campaign = planned(store)
    assigned(campaign, "2", arms_of(range(1, 21)))

    told = reviewed(store, campaign)

    row = Review.objects.get()
    assert CatalogEntry.objects.get(pk=row.catalog_ref).pinned
    day = next(one for one in told["days"] if one["day"] == "2026-11-11")
    assert (day["target_cents"], day["paid_cents"], day["orders"]) == (50_000, 60_000, 1)
    assert len(told["days"]) == 21


def test_nothing_sent_is_nothing_to_review(store):
    store.sold(bought("A", 1, date(2026, 10, 1)))
    with pytest.raises(CampaignRefused, match="no_review_data"):
        review(planned(store), by=None, clock=store.clock)
    assert not Review.objects.exists()


def test_when_nobody_bought_there_is_nothing_to_compare(store):
    campaign = planned(store)
    store.sold(bought("A", 1, date(2026, 10, 1)))
    assigned(campaign, "2", arms_of(range(1, 201)))

    found = reviewed(store, campaign)["campaign"]["metrics"]["orders"]

    assert (found["verdict"], found["missing"]["code"]) == ("not_enough", "no_variation")
    assert found["smallest_effect"] is None


def test_what_was_not_imported_yet_is_no_data_and_not_a_bad_result(store):
    store.seen_at = datetime(2026, 11, 5, 23)
    store.sold(bought("A", 1, date(2025, 11, 11)), bought("B", 1, date(2026, 11, 2)))
    campaign = planned(store)
    assigned(campaign, "2", arms_of(range(1, 201)))

    told = reviewed(store, campaign)

    assert told["facts_until"] == "2026-11-05 23:00"
    assert {found["verdict"] for found in told["campaign"]["metrics"].values()} == {"no_facts"}
    paid = {day["day"]: day["paid_cents"] for day in told["days"]}
    assert (paid["2026-11-02"], paid["2026-11-05"], paid["2026-11-06"]) == (10_000, 0, None)
