"""A campaign's offers in the back office: rows and reminders, reports as files, and what orders show of the offers."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaigns.stores import bought, line_of, product

if TYPE_CHECKING:
    from laoke.campaigns.models import Campaign
    from laoke.promotions.models import Offer
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db
START, END = datetime(2026, 11, 11), datetime(2026, 11, 12)
AFTER = datetime(2026, 11, 14, 10)
STEP = {
    "mechanic": "threshold_discount",
    "terms": {"steps": [{"threshold_cents": 30_000, "off_cents": 4_000}]},
}
COUPON = {"mechanic": "shop_coupon", "terms": {"threshold_cents": 20_000, "face_cents": 2_000}}


def offer(store: Store, name: str, layer: str, kind: dict[str, Any]) -> Offer:
    from laoke.promotions.offers import add_offer

    window = {"start": START.isoformat(), "end": END.isoformat()}
    given = {"offer_id": "new", "name": name, "layer": layer, "window": window, **kind}
    return add_offer(store.shop, given, by=store.owner, now=store.now)


def campaign_with(store: Store, *offers: Offer) -> Campaign:
    from laoke.campaigns.models import Campaign, CampaignOffer

    campaign = Campaign.objects.create(
        shop=store.shop, name="双十一", playbook="double11", day=START.date(), starts_at=START,
        ends_at=datetime(2026, 11, 20), created_by=store.owner, created_at=store.now,
    )  # fmt: skip
    for one in offers:
        CampaignOffer.objects.create(campaign=campaign, offer=one)
    return campaign


def two_offers(store: Store) -> tuple[Campaign, Offer, Offer]:
    step, coupon = offer(store, "满三百减四十", "shop", STEP), offer(store, "二十元券", "coupon", COUPON)
    return campaign_with(store, step, coupon), step, coupon


def sold(
    store: Store, number: str, off: int, *, price: int = 35_000, when: datetime = START, **given: Any
) -> None:
    """An order of one piece, placed at ten, with what the shop took off."""
    row = bought(
        number, int(number), when.date(), total_cents=price - off, paid_cents=price - off, goods_cents=price,
        seller_discount_cents=off, **given,
    )  # fmt: skip
    store.sold(row, publish=False)
    store.wrote("order_lines", [line_of(row, unit_price_cents=price, paid_cents=price - off, import_id=1)])


def reconciled(store: Store, campaign: Campaign, now: datetime = AFTER) -> dict[str, Any]:
    from laoke.campaigns.reconciling import reconcile

    store.publish()
    return {one.offer.name: one for one in reconcile(campaign, now)}


def report(store: Store, row: Offer, used: int | None, as_of: datetime = AFTER, **given: int) -> None:
    from laoke.promotions.setups import Counts, add_report

    add_report(row, Counts(used=used, **given), as_of, by=store.owner, now=AFTER)


def test_an_offer_is_set_up_by_somebody_at_a_time(store: Store) -> None:
    from laoke.promotions.setup.links import SetupRefused
    from laoke.promotions.setups import save_setup, set_state, setup_of
    from laoke.shops.models import AuditEvent

    _campaign, step, _coupon = two_offers(store)
    assert setup_of(step).state == "to_do"
    with pytest.raises(SetupRefused) as refused:
        set_state(step, "done", by=store.owner, now=store.now)
    assert refused.value.code == "activity_id_missing"

    before = step.updated_at
    link = "https://taoquan.taobao.com/coupon?activityId=key1"
    save_setup(
        step,
        link=f" {link} ",
        activity_id="1234567890123456789",
        planned_issued=None,
        by=store.owner,
        now=AFTER,
    )
    set_state(step, "done", by=store.owner, now=AFTER)
    found = setup_of(step)
    assert (found.state, found.link, found.set_by, found.set_at) == ("done", link, store.owner, AFTER)
    step.refresh_from_db()
    # The offer is what it was: a backtest that was seen for it still counts.
    assert (step.platform_activity_id, step.updated_at) == ("1234567890123456789", before)

    set_state(step, "ended", by=store.owner, now=AFTER + timedelta(days=1))
    found = setup_of(step)
    assert (found.state, found.set_at, found.ended_at) == ("ended", AFTER, AFTER + timedelta(days=1))
    set_state(step, "to_do", by=store.owner, now=AFTER)
    found = setup_of(step)
    assert (found.state, found.set_by, found.set_at, found.ended_at) == ("to_do", None, None, None)
    acts = AuditEvent.objects.filter(act__startswith="offer.").order_by("pk").values_list("act", flat=True)
    assert [act for act in acts if act != "offer.add"] == [
        "offer.activity", "offer.setup", "offer.setup_state", "offer.setup_state", "offer.setup_state",
    ]  # fmt: skip
    assert not any("key1" in str(one.detail) for one in AuditEvent.objects.all())


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"link": "http://taobao.com/"}, "link_https"),
        ({"activity_id": "12 34"}, "activity_id"),
        ({"planned_issued": 0}, "report_number"),
    ],
)
def test_what_cannot_be_kept_changes_nothing(store: Store, given: dict[str, Any], code: str) -> None:
    from laoke.promotions.models import OfferSetup
    from laoke.promotions.setup.links import SetupRefused
    from laoke.promotions.setups import save_setup, set_state

    _campaign, step, _coupon = two_offers(store)
    wanted = {"link": "https://taobao.com/", "activity_id": "1", "planned_issued": 1} | given
    with pytest.raises(SetupRefused) as refused:
        save_setup(step, **wanted, by=store.owner, now=AFTER)
    assert refused.value.code == code
    with pytest.raises(SetupRefused):
        set_state(step, "nonsense", by=store.owner, now=AFTER)
    step.refresh_from_db()
    assert (OfferSetup.objects.count(), step.platform_activity_id) == (0, "")


def test_live_coupons_of_the_shop_are_counted_without_the_one_in_question(store: Store) -> None:
    from laoke.promotions.setups import _live, save_setup, set_state

    _campaign, step, coupon = two_offers(store)
    for row in (step, coupon):
        save_setup(row, link="", activity_id=str(row.pk), planned_issued=None, by=store.owner, now=store.now)
        set_state(row, "done", by=store.owner, now=store.now)

    assert _live(store.shop, store.now) == {step.pk: "shop", coupon.pk: "coupon"}
    assert _live(store.shop, END) == {}
    set_state(coupon, "ended", by=store.owner, now=store.now)
    assert list(_live(store.shop, store.now)) == [step.pk]


def test_reminders_are_tasks_that_end_with_the_setting_up(store: Store) -> None:
    from laoke.campaigns.setting_up import mark, places, remind
    from laoke.promotions.offers import set_activity_id
    from laoke.work.models import Task

    campaign, step, coupon = two_offers(store)
    assert remind(campaign, places(campaign, store.now), by=store.owner, now=store.now) == 2
    assert remind(campaign, places(campaign, store.now), by=store.owner, now=store.now) == 0
    found = list(Task.objects.filter(source_kind="campaign", source_id=campaign.pk).order_by("number"))
    assert [(one.title, one.due_at, one.number) for one in found] == [
        ("在后台设置「满三百减四十」", datetime(2026, 11, 10), 1),
        ("在后台设置「二十元券」", datetime(2026, 11, 10), 2),
    ]  # fmt: skip

    set_activity_id(step, "77", by=store.owner, now=store.now)
    mark(campaign, step, "done", by=store.owner, now=AFTER)
    found[0].refresh_from_db()
    assert (found[0].state, found[0].evidence, found[0].done_by) == ("done", "77", store.owner)
    mark(campaign, step, "to_do", by=store.owner, now=AFTER)
    found[0].refresh_from_db()
    assert found[0].state == "open"
    assert {one.offer.pk: one.task.key for one in places(campaign, AFTER) if one.task} == {
        step.pk: f"setup-{step.pk}", coupon.pk: f"setup-{coupon.pk}",
    }  # fmt: skip


def test_a_reminder_that_comes_late_is_due_when_the_offer_begins(store: Store) -> None:
    from laoke.campaigns.setting_up import places, remind
    from laoke.work.models import Task

    campaign, _step, _coupon = two_offers(store)
    late = START - timedelta(hours=5)
    remind(campaign, places(campaign, late), by=store.owner, now=late)
    assert set(Task.objects.values_list("due_at", flat=True)) == {START}
    assert remind(campaign, places(campaign, END), by=store.owner, now=END) == 0


def test_orders_show_what_only_sets_with_an_offer_come_to(store: Store) -> None:
    campaign, step, _coupon = two_offers(store)
    sold(store, "1", 4_000)
    sold(store, "2", 6_000, coupon_used=True)
    sold(store, "3", 2_000, coupon_used=True, status="closed_refunded")
    sold(store, "4", 777)
    sold(store, "5", 0)
    sold(store, "6", 4_000, price=29_000)
    sold(store, "7", 4_000, when=END)
    sold(store, "8", 4_000, status="closed_unpaid")
    report(store, step, 5, issued=100, taken=50)
    found = reconciled(store, campaign)

    orders = found["满三百减四十"].orders
    assert (orders.reached, orders.shown, orders.refunded, orders.unpaid) == (5, 2, 0, 1)
    assert (orders.maybe, orders.unexplained, orders.no_goods, orders.fake) == (0, 1, 0, 0)
    assert (orders.discount_cents, found["满三百减四十"].by_column) == (8_000, True)
    difference = found["满三百减四十"].difference
    assert (difference.gap, difference.rest) == (3, 1)
    assert [(one.code, one.accounts) for one in difference.causes] == [("unpaid", 1), ("unexplained", 1)]
    orders = found["二十元券"].orders
    assert (orders.shown, orders.refunded, found["二十元券"].coupon, found["二十元券"].difference) == (
        2,
        1,
        True,
        None,
    )


def test_without_a_column_of_the_shops_discount_prices_tell_it(store: Store) -> None:
    campaign, _step, _coupon = two_offers(store)
    for number, due in (("1", 31_000), ("2", 35_000), ("3", 30_000)):
        row = bought(
            number, int(number), START.date(), total_cents=due + 800, paid_cents=due + 800, goods_cents=due,
            postage_cents=800, platform_discount_cents=1_000 if number == "3" else 0,
        )  # fmt: skip
        store.sold(row, publish=False)
        store.wrote("order_lines", [line_of(row, unit_price_cents=35_000, paid_cents=due, import_id=1)])
    found = reconciled(store, campaign)["满三百减四十"]

    assert (found.orders.shown, found.by_column) == (2, False)


def test_orders_after_the_report_fakes_and_those_without_goods_are_told_apart(store: Store) -> None:
    campaign, step, _coupon = two_offers(store)
    for number in ("1", "2", "3"):
        sold(store, number, 4_000)
    store.sold(bought("4", 4, START.date(), seller_discount_cents=4_000), publish=False)
    store.wrote(
        "order_flags",
        [{"order_id": "2", "flag": "suspect", "score": 60, "reasons": "", "import_id": 0}],
    )
    report(store, step, 2, as_of=START + timedelta(hours=9))
    early = reconciled(store, campaign)["满三百减四十"]
    assert (early.orders.shown, early.orders.no_goods, early.difference.gap) == (0, 0, 2)

    report(store, step, 4, as_of=END)
    found = reconciled(store, campaign)["满三百减四十"]
    assert (found.orders.shown, found.orders.fake, found.orders.no_goods) == (2, 1, 1)
    assert [(one.code, one.accounts) for one in found.difference.causes] == [("fake", 1), ("no_goods", 1)]


def test_what_cannot_be_compared_says_why(store: Store) -> None:
    from laoke.campaigns.reconciling import reconcile

    postage = offer(store, "包邮", "postage", {"mechanic": "free_postage", "terms": {"threshold": 0}})
    step = offer(store, "满减", "shop", STEP)
    campaign = campaign_with(store, postage, step)
    assert [one.why for one in reconcile(campaign, AFTER)] == ["not_shown", "no_facts"]
    sold(store, "1", 4_000)
    store.publish()
    assert [one.why for one in reconcile(campaign, store.now)] == ["not_shown", "not_begun"]
    found = reconcile(campaign, AFTER)
    assert [(one.why, one.orders and one.orders.shown) for one in found] == [("not_shown", None), ("", 1)]

    many = campaign_with_many(store)
    assert {one.why for one in reconcile(many, AFTER)} == {"too_many"}


def campaign_with_many(store: Store) -> Campaign:
    from laoke.campaigns.models import CampaignOffer

    campaign = campaign_of(store, "多")
    for number in range(7):
        CampaignOffer.objects.create(campaign=campaign, offer=offer(store, f"满减{number}", "shop", STEP))
    return campaign


def campaign_of(store: Store, name: str) -> Campaign:
    from laoke.campaigns.models import Campaign

    return Campaign.objects.create(
        shop=store.shop, name=name, playbook="double11", day=START.date(), starts_at=START,
        ends_at=datetime(2026, 11, 20), created_by=store.owner, created_at=store.now,
    )  # fmt: skip


def test_buyers_whom_a_message_reached_before_are_an_estimate(store: Store) -> None:
    from laoke.campaigns.models import Round
    from laoke.dispatch.models import Arm, Message, MessageState, Occasion

    campaign, step, _coupon = two_offers(store)
    for number in ("1", "2", "3", "4"):
        sold(store, number, 4_000)
    occasion = Occasion.objects.create(
        shop=store.shop, kind="round", channel="sms", name="1A", state="done",
        not_before=START - timedelta(days=1), not_after=START, launched_at=START - timedelta(days=1),
        created_at=store.now, rules={},
    )  # fmt: skip
    Round.objects.create(
        campaign=campaign, number=1, key="1a", name="提醒", channel="sms", offer=step, occasion=occasion,
        opens_at=START - timedelta(days=1), closes_at=START,
    )  # fmt: skip
    told = [
        (1, Arm.TREATED, MessageState.DELIVERED, START),
        (2, Arm.TREATED, MessageState.DELIVERED, START + timedelta(hours=12)),  # after the order at ten
        (3, Arm.TREATED, MessageState.SUPPRESSED, None),
        (4, Arm.HELD_OUT, MessageState.HELD_OUT, None),
    ]
    for person, arm, state, at in told:
        Message.objects.create(
            occasion=occasion, person_id=person, arm=arm, state=state, due_at=START, sent_at=at
        )
    report(store, step, 6)
    found = reconciled(store, campaign)["满三百减四十"]

    assert (found.orders.known, found.orders.sent, found.rounds) == (4, 1, 1)
    estimate = found.estimate
    assert (estimate.estimate, estimate.low, estimate.high) == (2, 1, 3)
    assert reconciled(store, campaign)["二十元券"].estimate is None


def read(store: Store, tmp_path: Path, text: str | bytes, *offers: Offer, **given: Any) -> Any:
    from laoke.campaigns.offer_reports import read_report

    path = tmp_path / "报表.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8-sig"))
    return read_report(path, offers, given.pop("until", AFTER), AFTER, **given)


def test_a_report_is_put_to_offers_by_number_and_by_name(store: Store, tmp_path: Path) -> None:
    from laoke.promotions.offers import set_activity_id

    _campaign, step, coupon = two_offers(store)
    set_activity_id(coupon, "1234567890123456789", by=store.owner, now=store.now)
    found = read(
        store, tmp_path,
        "优惠券ID,优惠券名称,发行量,领取量,使用量,统计到\n"
        '="1234567890123456789",别的名字,"1,000",600,120,2026-11-12\n'
        ",满三百减四十,,,45,2026-11-12 08:30\n"
        "5,二十元券,1,1,1,\n"
        "6,别家的券,1,1,1,\n",
        step, coupon,
    )  # fmt: skip

    rows = [
        (one.offer.name, one.by_number, one.counts.issued, one.counts.used, one.as_of) for one in found.rows
    ]
    assert rows == [
        ("二十元券", True, 1_000, 120, datetime(2026, 11, 13)),
        ("满三百减四十", False, None, 45, datetime(2026, 11, 12, 8, 30)),
    ]
    assert (found.others, found.refused, found.recognition.profile.id) == (2, [], "laoke_offer_report")


def test_the_interfaces_names_are_known_and_tell_no_uses(store: Store, tmp_path: Path) -> None:
    from laoke.promotions.offers import set_activity_id

    _campaign, step, coupon = two_offers(store)
    set_activity_id(coupon, "99", by=store.owner, now=store.now)
    found = read(
        store, tmp_path, "activity_id,total_count,applied_count,status\n99,500,30,enabled\n", step, coupon
    )

    counts = found.rows[0].counts
    assert (counts.issued, counts.taken, counts.used, found.rows[0].as_of) == (500, 30, None, AFTER)
    assert found.recognition.profile.id == "tb_coupon_activity"


@pytest.mark.parametrize(
    ("cells", "column", "found"),
    [
        ("二十元券,12.5,3,1,", "发行量", "12.5"),
        ("二十元券,-1,3,1,", "发行量", "-1"),
        ("二十元券,12,三,1,", "领取量", "三"),
        ("二十元券,12,3,99999999999,", "使用量", "99999999999"),
        ("二十元券,,—,,", "发行量", ""),
        ("二十元券,12,3,1,昨天", "统计到", "昨天"),
        ("二十元券,12,3,1,2026-11-31", "统计到", "2026-11-31"),
        ("二十元券,12,3,1,2026-11-15", "统计到", "2026-11-15"),
    ],
)
def test_a_row_that_cannot_be_read_is_put_aside(
    store: Store, tmp_path: Path, cells: str, column: str, found: str
) -> None:
    _campaign, step, coupon = two_offers(store)
    read_back = read(store, tmp_path, f"名称,发行量,领取量,使用量,统计到\n{cells}\n", step, coupon)

    assert [(one.line, one.column, one.found) for one in read_back.refused] == [(2, column, found)]
    assert read_back.rows == []


def test_an_offer_that_stands_twice_and_a_name_of_two_are_put_aside(store: Store, tmp_path: Path) -> None:
    _campaign, step, coupon = two_offers(store)
    twin = offer(store, "二十元券", "coupon", COUPON)
    text = "名称,使用量\n满三百减四十,5\n满三百减四十,6\n二十元券,7\n"
    found = read(store, tmp_path, text, step, coupon, twin)

    assert [(one.offer.pk, one.counts.used) for one in found.rows] == [(step.pk, 5)]
    assert [(one.line, one.column, one.found) for one in found.refused] == [
        (3, "名称", "满三百减四十"), (4, "名称", "二十元券"),
    ]  # fmt: skip


def test_a_table_of_other_words_is_read_as_somebody_says(store: Store, tmp_path: Path) -> None:
    _campaign, step, coupon = two_offers(store)
    text = "什么券,送出去,回来了\n二十元券,50,9\n"
    assert read(store, tmp_path, text, step, coupon).missing == ("activity_id", "issued")

    mapping = {"offer_name": "什么券", "taken": "送出去", "used": "回来了"}
    found = read(store, tmp_path, text, step, coupon, mapping=mapping)
    assert (found.rows[0].counts.taken, found.rows[0].counts.used, found.rows[0].as_of) == (50, 9, AFTER)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("优惠券ID,使用量\n1.23E+17,5\n", "ids"),
        ("优惠券ID,优惠券ID,使用量\n1,2,5\n", "duplicate"),
        ("优惠券ID,使用量\n,\n", "empty"),
        ("优惠券ID,使用量\n" + "1,5\n" * 5_001, "too_long"),
    ],
)
def test_files_that_are_refused_whole(store: Store, tmp_path: Path, text: str, code: str) -> None:
    from laoke.campaigns.table_files import FileRefused

    _campaign, step, coupon = two_offers(store)
    with pytest.raises(FileRefused) as refused:
        read(store, tmp_path, text, step, coupon)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b"%PDF-1.7 \x00\x01", "wrong_file_type"),
        (b"\x00\x01\x02\xff" * 1_024, "binary_file"),
        ("优惠券ID,使用量\n".encode(), "no_data_rows"),
        (b"PK\x03\x04broken", None),
    ],
)
def test_files_that_are_no_tables(store: Store, tmp_path: Path, raw: bytes, code: str | None) -> None:
    from laoke.intake.reading.refusals import IntakeRefused

    _campaign, step, coupon = two_offers(store)
    with pytest.raises(IntakeRefused) as refused:
        read(store, tmp_path, raw, step, coupon)
    assert code is None or refused.value.code == code


def test_a_column_that_is_not_there_cannot_be_chosen(store: Store, tmp_path: Path) -> None:
    from laoke.campaigns.table_files import FileRefused

    _campaign, step, coupon = two_offers(store)
    mapping = {"offer_name": "名称", "used": "没有这一列"}
    with pytest.raises(FileRefused) as refused:
        read(store, tmp_path, "名称,使用量\n二十元券,5\n", step, coupon, mapping=mapping)
    assert (refused.value.code, refused.value.params["found"]) == ("columns", ["名称", "使用量"])


def test_reports_are_kept_and_the_latest_moment_is_in_force(store: Store) -> None:
    from laoke.promotions.setup.links import SetupRefused
    from laoke.promotions.setups import Counts, add_report, newest_reports

    _campaign, step, coupon = two_offers(store)
    report(store, step, 9, as_of=END)
    report(store, step, 5, as_of=START)
    report(store, step, 10, as_of=END)
    assert {pk: row.used for pk, row in newest_reports([step, coupon]).items()} == {step.pk: 10}
    for counts, as_of, code in (
        (Counts(), END, "report_empty"),
        (Counts(used=1), AFTER + timedelta(minutes=1), "report_future"),
        (Counts(used=-1), END, "report_number"),
        (Counts(taken=10**9 + 1), END, "report_number"),
    ):
        with pytest.raises(SetupRefused) as refused:
            add_report(step, counts, as_of, by=store.owner, now=AFTER)
        assert refused.value.code == code
    assert step.reports.count() == 3


def test_goods_of_a_category_come_from_the_product_list(store: Store) -> None:
    from laoke.campaigns.setting_up import places

    store.wrote("products", [product("P1", 4_000, title="云朵被"), product("P2", None, category="枕头")])
    store.sold(bought("1", 1, date(2026, 10, 1)))
    scoped = STEP | {"scope": {"categories": ["被子"]}}
    campaign = campaign_with(store, offer(store, "被子满减", "shop", scoped))
    [found] = places(campaign, store.now)
    assert [(one.product_id, one.title) for one in found.sheet.activities[0].items] == [("P1", "云朵被")]
