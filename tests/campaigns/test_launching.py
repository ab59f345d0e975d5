"""Launch checks over rows and facts: what joins them, who may sign for a block, and when a signature lapses."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaigns.stores import bought, line_of, product

if TYPE_CHECKING:
    from laoke.campaigns.launching import Launch
    from laoke.campaigns.models import Campaign
    from laoke.promotions.models import Offer
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db
START, END = datetime(2026, 11, 11), datetime(2026, 11, 12)


def campaign(store: Store, name: str = "双11") -> Campaign:
    from laoke.campaigns.models import Campaign

    return Campaign.objects.create(
        shop=store.shop, name=name, playbook="double11", day=START.date(), starts_at=datetime(2026, 11, 1),
        ends_at=datetime(2026, 11, 21), created_at=store.now,
    )  # fmt: skip


def offer(store: Store, name: str, mechanic: str, terms: dict[str, Any], **given: Any) -> Offer:
    from laoke.promotions.offers import add_offer

    window = {"start": START.isoformat(), "end": END.isoformat()}
    data = {"name": name, "layer": "item", "mechanic": mechanic, "terms": terms, "window": window, **given}
    return add_offer(store.shop, data, by=store.owner, now=store.now)


def use(store: Store, one: Campaign, *rows: Offer) -> None:
    from laoke.campaigns.editing import use_offer

    for row in rows:
        use_offer(one, row, by=store.owner, now=store.now)


def launch(store: Store, one: Campaign, now: datetime | None = None) -> Launch:
    from laoke.campaigns.launching import check_launch

    return check_launch(one, now or store.now)


def codes(store: Store, one: Campaign) -> list[str]:
    return [finding.code for finding, _ in launch(store, one).weighed.findings]


def for_some(store: Store) -> Offer:
    return offer(store, "老客页面价", "percent_off", {"pay_bp": 8_000}, audience="高价值")


def person(store: Store, name: str, role: str) -> Any:
    from laoke.shops.setup import add_user

    user, _ = add_user(name, shops=[store.shop], role=role, now=store.now)
    return user


def shop_that_sold(store: Store) -> None:
    """P1 at 90 twice on the ninth and at 100 on the first of November, P2 once; one piece was sent back whole."""
    store.wrote(
        "products", [product("P1", 4_000, title="云朵被", stock=7), product("P2", None, title="枕头")]
    )
    for number, (customer, when, cents) in enumerate(
        [(1, 9, 9_000), (2, 9, 9_000), (1, 1, 10_000), (3, 8, 9_900)], 1
    ):
        row = bought(str(number), customer, date(2026, 11, when), paid_cents=cents)
        store.sold(row, publish=False)
        line = {"paid_cents": cents, "title": "云朵被", "import_id": 1}
        if number == 4:
            line["refunded_cents"] = cents
        store.wrote("order_lines", [line_of(row, **line)])
    store.now = datetime(2026, 11, 10, 9)
    store.publish()


def test_a_campaign_without_offers_and_facts_has_nothing_against_it(store: Store) -> None:
    found = launch(store, campaign(store))

    assert (found.weighed.findings, found.complexity.points) == ((), 0)


def test_what_offers_claim_is_measured_by_the_deals_before_they_begin(store: Store) -> None:
    shop_that_sold(store)
    one = campaign(store)
    prices = [{"product_id": "P1", "price_cents": 8_000, "was_cents": 9_500}]
    use(store, one, offer(store, "原价现价", "was_now", {"prices": prices}))

    found = {finding.code: finding for finding, _ in launch(store, one).weighed.findings}
    # The lowest deal of the seven days is 90; 95 is invented.
    assert found["ladder.invented_was"].params == {
        "about": "原价现价", "count": 1, "names": ["云朵被"],
    }  # fmt: skip
    holds, _, items = found["ladder.invented_was"].rests_on
    assert [tuple(key[:2]) for key in items] == [("P1", "")]
    assert holds["window"]["end"] == END.isoformat()


def test_who_bought_for_more_within_the_days_of_the_shop_is_counted(store: Store) -> None:
    shop_that_sold(store)
    one = campaign(store)
    use(store, one, offer(store, "页面价一口价", "fixed_price", {"price_cents": 8_000}))

    protection = launch(store, one).plan.protection
    assert protection is not None
    # Two people: one bought twice, 10 and 20 above; the piece that came back does not count.
    assert (protection.first_day, protection.last_day) == (date(2026, 10, 27), date(2026, 11, 9))
    assert (protection.people, protection.units, protection.cents) == (2, 3, 4_000)
    store.shop.settings["protection_days"] = 0
    store.shop.save()
    one.shop.refresh_from_db()
    assert launch(store, one).plan.protection is None


def test_the_campaigns_price_sheet_joins_and_one_that_is_put_away_does_not(store: Store) -> None:
    from laoke.campaigns.price_sheets import archive_sheet, make_sheet, newest, save_version, terms_of
    from laoke.promotions.ladder import Item, Terms

    shop_that_sold(store)
    one = campaign(store)
    sheet = make_sheet(
        store.shop, "双11价格", START, terms=Terms(), campaign=one, best=0, by=store.owner, now=store.now
    )
    item = Item("P1", "全国第一的云朵被", 3_000, cost_cents=4_000)
    save_version(sheet, [item], terms_of(newest(sheet)), base=1, by=store.owner, now=store.now)

    assert codes(store, one) == ["absolute_word", "ladder.below_cost", "price_protection"]
    archive_sheet(sheet, archived=True, by=store.owner, now=store.now)
    assert codes(store, one) == []


def test_words_of_the_page_the_name_and_gifts_are_read(store: Store) -> None:
    from laoke.campaigns.launching import page_words, set_page_words

    one = campaign(store, "全网第一双11")
    set_page_words(one, " 专柜价 999 ", by=store.owner, now=store.now)
    gift = {"product_id": "G1", "title": "极品毛巾", "value_cents": 900, "cost_cents": None, "stock": 5}
    steps = [{"threshold": 10_000, "choices": [gift], "pieces": 1}]
    use(store, one, offer(store, "满赠", "threshold_gift", {"steps": steps, "by": "cents"}, layer="gift"))

    found = [(finding.code, finding.subject) for finding, _ in launch(store, one).weighed.findings]
    assert found == [("absolute_word", "name"), ("absolute_word", "gift:满赠"), ("reference_price", "page")]
    assert page_words(one) == "专柜价 999"


def test_coupons_and_what_else_runs_join(store: Store) -> None:
    from laoke.promotions.coupons.issues import Terms, add_issue

    one, other = campaign(store), campaign(store, "周年庆")
    coupon = offer(
        store, "老客券", "shop_coupon", {"threshold_cents": 20_000, "face_cents": 2_000, "must_hold": True},
        layer="coupon",
    )  # fmt: skip
    add_issue(
        coupon,
        Terms("老客券", 100, store.now, valid_to=END + timedelta(days=1)),
        by=store.owner,
        now=store.now,
    )
    steps = [{"threshold_cents": 30_000, "off_cents": 4_000}]
    beside = offer(
        store, "周年满减", "threshold_discount", {"steps": steps, "repeating": False, "cap_cents": None},
        layer="shop",
    )  # fmt: skip
    use(store, one, coupon)
    use(store, other, beside)

    assert codes(store, one) == [
        "coupon_not_usable", "coupon_unlimited", "coupon_without_budget", "stacks_elsewhere",
    ]  # fmt: skip
    other.state = "cancelled"
    other.save()
    assert "stacks_elsewhere" not in codes(store, one)


def test_an_offer_that_is_over_is_asked_of_only_while_a_round_still_carries_it(store: Store) -> None:
    from laoke.campaigns.models import Round

    one, row = campaign(store), for_some(store)
    use(store, one, row)
    store.now = END + timedelta(hours=1)
    assert codes(store, one) == []

    carrier = Round.objects.create(
        campaign=one, number=1, key="1a", name="谢谢", channel="handover", offer=row, opens_at=END,
        closes_at=one.ends_at,
    )  # fmt: skip
    assert codes(store, one) == ["offer_over", "price_for_some"]
    # One that was missed goes no more, nor does one that has gone.
    assert launch(store, one, one.ends_at).weighed.findings == ()
    carrier.state = "done"
    carrier.save()
    assert codes(store, one) == []


def test_the_owner_signs_for_a_block_and_it_lapses_when_the_offer_changes(store: Store) -> None:
    from laoke.campaigns.launching import sign
    from laoke.promotions.offers import edit_offer
    from laoke.shops.models import AuditEvent

    one, row = campaign(store), for_some(store)
    use(store, one, row)
    [block] = launch(store, one).weighed.blocks

    made = sign(one, block.state, " 会员页面上公布了 ", by=store.owner, now=store.now)

    weighed = launch(store, one).weighed
    assert (weighed.blocks, len(weighed.signed)) == ([], 1)
    assert (made.code, made.role, made.reason) == ("price_for_some", "owner", "会员页面上公布了")
    event = AuditEvent.objects.get(act="launch.sign")
    assert (event.actor, event.detail["rule"], event.detail["state"]) == (store.owner, "C28", block.state)
    edit_offer(row, {**row.terms, "terms": {"pay_bp": 7_900}}, by=store.owner, now=store.now)
    weighed = launch(store, one).weighed
    assert [finding.code for finding in weighed.blocks] == ["price_for_some"]
    assert [signed.number for signed in weighed.lapsed] == [made.pk]


def test_a_signature_taken_back_lifts_nothing_and_may_be_given_again(store: Store) -> None:
    from laoke.campaigns.launching import sign, withdraw
    from laoke.campaigns.refusals import CampaignRefused
    from laoke.shops.models import AuditEvent

    one = campaign(store)
    use(store, one, for_some(store))
    [block] = launch(store, one).weighed.blocks
    made = sign(one, block.state, "公布了", by=store.owner, now=store.now)

    withdraw(one, made.pk, by=store.owner, now=store.now)

    assert [finding.state for finding in launch(store, one).weighed.blocks] == [block.state]
    assert AuditEvent.objects.filter(act="launch.withdraw", subject=f"{one.pk}/{made.pk}").count() == 1
    with pytest.raises(CampaignRefused, match="launch_unsigned"):
        withdraw(one, made.pk, by=store.owner, now=store.now)
    sign(one, block.state, "又公布了", by=store.owner, now=store.now)
    assert launch(store, one).weighed.blocks == []


@pytest.mark.parametrize("role", ["operator", "service", "designer", "warehouse", "analyst", "auditor"])
def test_nobody_but_the_owner_signs_or_takes_back(store: Store, role: str) -> None:
    from laoke.campaigns.launching import sign, withdraw
    from laoke.campaigns.models import LaunchSignature
    from laoke.campaigns.refusals import CampaignRefused

    one, other = campaign(store), person(store, role, role)
    use(store, one, for_some(store))
    [block] = launch(store, one).weighed.blocks

    with pytest.raises(CampaignRefused, match="launch_role"):
        sign(one, block.state, "没事", by=other, now=store.now)
    made = sign(one, block.state, "公布了", by=store.owner, now=store.now)
    with pytest.raises(CampaignRefused, match="launch_role"):
        withdraw(one, made.pk, by=other, now=store.now)
    assert LaunchSignature.objects.get().withdrawn_at is None


def test_what_cannot_be_signed_for_is_refused_and_leaves_no_row(store: Store) -> None:
    from laoke.campaigns.launching import LONGEST_WORDS, set_page_words, sign
    from laoke.campaigns.models import LaunchSignature
    from laoke.campaigns.refusals import CampaignRefused

    one = campaign(store, "冠军双11")
    use(store, one, for_some(store))
    weighed = launch(store, one).weighed
    [block], [warned] = weighed.blocks, weighed.warnings

    def refusal(state: str, reason: str = "公布了") -> str:
        with pytest.raises(CampaignRefused) as refused:
            sign(one, state, reason, by=store.owner, now=store.now)
        return refused.value.code

    assert refusal(block.state, "  ") == "launch_reason"
    assert refusal(warned.state) == "launch_changed"
    assert refusal("0" * 64) == "launch_changed"
    assert not LaunchSignature.objects.exists()
    sign(one, block.state, "公布了", by=store.owner, now=store.now)
    assert refusal(block.state) == "launch_changed"
    with pytest.raises(CampaignRefused, match="launch_words_long"):
        set_page_words(one, "字" * (LONGEST_WORDS + 1), by=store.owner, now=store.now)


def test_a_signature_of_one_campaign_is_none_of_another(store: Store) -> None:
    from laoke.campaigns.launching import sign

    row, one, other = for_some(store), campaign(store), campaign(store, "双12")
    use(store, one, row)
    use(store, other, row)
    [block] = launch(store, one).weighed.blocks
    sign(one, block.state, "公布了", by=store.owner, now=store.now)

    assert [finding.state for finding in launch(store, other).weighed.blocks] == [block.state]


def test_a_round_may_not_go_while_its_campaign_is_blocked(store: Store) -> None:
    from laoke.campaigns.checks import check_round
    from laoke.campaigns.launching import sign
    from laoke.campaigns.models import Round

    one = campaign(store)
    use(store, one, for_some(store))
    row = Round.objects.create(
        campaign=one, number=1, key="1a", name="提醒", channel="handover", opens_at=START, closes_at=END
    )

    def point() -> Any:
        return next(check for check in check_round(row, store.now).checks if check.code == "launch")

    assert (point().state, point().leads_to) == ("missing", "launch")
    assert "1 项不能上：「老客页面价」只给「高价值」" in point().text
    [block] = launch(store, one).weighed.blocks
    sign(one, block.state, "公布了", by=store.owner, now=store.now)
    assert (point().state, point().text) == ("warning", "1 项签字放行（boss：公布了），0 项要看")


def test_lotteries_and_scratch_cards_of_these_days_are_checked_with_their_odds(store: Store) -> None:
    from laoke.campaigns.launch import Draw, Prize
    from laoke.campaigns.launch_plan import plan_of
    from laoke.promotions.rewards.lottery_models import Lottery, LotteryPrize

    one = campaign(store)
    use(store, one, offer(store, "八折", "percent_off", {"pay_bp": 8_000}))
    named = {
        "shop": store.shop,
        "organiser": "",
        "conditions": "",
        "per_person_limit": 1,
        "created_at": store.now,
    }
    wheel = Lottery.objects.create(kind="lottery", name="转盘", starts_at=START, ends_at=END, **named)
    cards = Lottery.objects.create(
        kind="scratch", name="刮刮卡", starts_at=START, ends_at=END, cards=400, **named
    )
    before = {"starts_at": datetime(2026, 9, 1), "ends_at": datetime(2026, 9, 2)}
    Lottery.objects.create(kind="lottery", name="早过了", **before, **named)
    Lottery.objects.create(
        kind="lottery", name="停了", starts_at=START, ends_at=END, over_at=store.now, **named
    )
    for row, odds in ((wheel, 5_000), (cards, 0)):
        LotteryPrize.objects.create(
            lottery=row, place=1, title="金条", kind="goods", value_cents=5_000_001, odds_ppm=odds, stock=3
        )

    assert plan_of(one, store.now).draws == (
        Draw("转盘", "", START, END, (Prize("金条", 5_000_001, 5_000, 3),)),
        Draw("刮刮卡", "", START, END, (Prize("金条", 5_000_001, 7_500, 3),)),
    )
    assert codes(store, one).count("prize_above_cap") == 2
