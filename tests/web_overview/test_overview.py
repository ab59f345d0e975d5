"""The overview, today and the search, on the demo shop."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from laoke.audiences.readings import reading_of
from laoke.campaigns.models import Campaign, CampaignState, Phase, Round
from laoke.customers.models import ConsentBasis, Identity, VaultRecord
from laoke.dispatch.models import Gateway
from laoke.intake.models import ImportRun, ImportState, QuarantinedRow
from laoke.shops.models import Owner, Role, Shop
from laoke.web.nothing_yet import nothing_yet
from laoke.web.pages.overview import figures
from laoke.web.pages.overview.cards import data_until_text, sales_card
from laoke.web.pages.overview.periods import day_number, last_day, period_of, year_before
from laoke.work.models import Task
from tests.people import NOW, Demo, person

pytestmark = pytest.mark.django_db

LAST = date(2026, 11, 8)


def _text(demo: Demo, address: str = "/", user: Any = None, **headers: str) -> str:
    answer = demo.client(user).get(address, headers=headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def _sum_by_hand(demo: Demo, first: date, last: date) -> tuple[int, int]:
    """Paid cents and buyers of a period, row by row, as a rival of the query."""
    reader = reading_of(demo.shop, NOW.date()).reader
    rows = reader.rows(
        "SELECT paid_day, paid_cents, customer_id FROM orders_counted WHERE paid_day IS NOT NULL"
    )
    inside = [row for row in rows if day_number(first) <= row["paid_day"] <= day_number(last)]
    return sum(row["paid_cents"] for row in inside), len({row["customer_id"] for row in inside} - {None})


def test_the_headline_is_the_sum_of_the_orders(demo: Demo) -> None:
    period = period_of("30", "year", LAST)
    now, before = figures.sales_of(reading_of(demo.shop, NOW.date()), period)
    assert (now.paid_cents, now.buyers) == _sum_by_hand(demo, period.first, period.last)
    assert (before.paid_cents, before.buyers) == _sum_by_hand(demo, period.before_first, period.before_last)
    assert now.paid_cents > 0


def test_the_days_of_the_chart_add_up_to_the_headline(demo: Demo) -> None:
    reading, period = reading_of(demo.shop, NOW.date()), period_of("30", "year", LAST)
    days = figures.days_of(reading, period)
    assert len(days) == 30
    total = sum(day.old_cents + day.new_cents + day.unknown_cents for day in days)
    assert total == figures.sales_of(reading, period)[0].paid_cents
    assert sum(day.year_before_cents for day in days) == figures.sales_of(reading, period)[1].paid_cents


def test_money_without_a_buyer_is_not_divided_among_buyers() -> None:
    sales = figures.Sales(orders=3, paid_cents=30_000, buyers=2, old_paid_cents=0, buyers_paid_cents=20_001)
    assert sales.cents_per_buyer == 10_000
    assert figures.Sales(orders=1, paid_cents=30_000).cents_per_buyer is None


def test_the_day_before_a_leap_day_counts_once_in_the_year_before(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = {day_number(date(2027, 2, 28)): {"old": 500}}
    monkeypatch.setattr(figures, "_by_day", lambda reading, first, last: dict(sold))
    period = period_of("30", "year", date(2028, 2, 29))
    days = figures.days_of(reading_of(demo.shop, NOW.date()), period)
    assert [day.year_before_cents for day in days[-2:]] == [500, 0]


def test_the_leap_day_of_last_year_stands_beside_the_day_before(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    sold = {day_number(date(2028, 2, 28)) + n: {"old": 100 * 10**n} for n in range(3)}
    monkeypatch.setattr(
        figures, "_by_day",
        lambda reading, first, last: {
            day: kinds for day, kinds in sold.items() if day_number(first) <= day <= day_number(last)
        },
    )  # fmt: skip
    days = figures.days_of(reading_of(demo.shop, NOW.date()), period_of("7", "year", date(2029, 3, 1)))
    shown = [(day.day.isoformat(), day.year_before_cents, day.holds_leap_day) for day in days[-2:]]
    assert shown == [("2029-02-28", 1_100, True), ("2029-03-01", 10_000, False)]
    with translation.override("zh-hans"):
        assert sales_card(days, 0, None).sub == "去年 2 月 29 日的记在 28 日"
    # A stretch that ends on the 28th is compared with one that ends there too.
    until = figures.days_of(reading_of(demo.shop, NOW.date()), period_of("7", "year", date(2029, 2, 28)))
    assert (until[-1].year_before_cents, until[-1].holds_leap_day) == (100, False)
    assert sales_card(until, 0, None).sub == ""


def test_stages_and_groups_hold_the_same_people(demo: Demo) -> None:
    reading = reading_of(demo.shop, NOW.date())
    standing, groups = figures.standing_of(reading), figures.groups_of(reading)
    assert sum(standing.now.get(name, 0) for name in figures.LIFECYCLES) == sum(groups.values())
    assert standing.since is not None
    assert standing.change is not None


def test_the_page_shows_its_cards_within_its_queries(demo: Demo, django_assert_max_num_queries: Any) -> None:
    client = demo.client()
    with django_assert_max_num_queries(32):
        text = client.get("/").content.decode()
    for word in (
        "支付金额",
        "90 天复购率",
        "可短信触达",
        "每日支付金额",
        "客户在往哪走",
        "等你处理",
        "什么时候付款",
    ):
        assert word in text
    assert "比去年同期" in text


@pytest.mark.parametrize("chosen", ["1", "7", "30", "year", "nonsense"])
def test_every_period_and_basis_can_be_chosen(demo: Demo, chosen: str) -> None:
    assert "支付金额" in _text(demo, f"/?period={chosen}&against=before")


def test_the_switch_answers_its_part_only(demo: Demo) -> None:
    part = _text(demo, "/?period=7", **{"HX-Request": "true"})
    assert "<html" not in part
    assert "支付金额" in part


@pytest.mark.parametrize("page", ["overview", "customers", "analysis"])
def test_a_shop_without_orders_leads_those_who_may_to_the_import(demo: Demo, page: str) -> None:
    empty = Shop.objects.create(owner=demo.shop.owner, name="空店", created_at=NOW)
    for user, role, led in ((demo.owner, Role.OWNER, True), (demo.analyst, Role.ANALYST, False)):
        user.staff.create(shop=empty, role=role)
        client = demo.client(user)
        client.post(reverse("shop_switch"), {"shop": empty.pk})
        text = client.get(reverse(page)).content.decode()
        assert "还没有订单" in text
        assert (f'href="{reverse("import_new")}"' in text) is led


def test_orders_whose_people_are_not_worked_out_yet_are_not_denied() -> None:
    waiting = nothing_yet("no_features", Role.OWNER)
    assert (waiting.title, waiting.action) == ("客户正在计算", None)


def test_those_who_do_not_sell_see_work_but_no_money(demo: Demo) -> None:
    text = _text(demo, user=person(demo, "cangku", Role.WAREHOUSE))
    assert "等你处理" in text
    assert "支付金额" not in text


def _task(demo: Demo, title: str, due: datetime, **more: Any) -> Task:
    return Task.objects.create(shop=demo.shop, title=title, due_at=due, **more)


def test_what_waits_is_told_with_its_reason(demo: Demo) -> None:
    _task(demo, "客服话术定稿", NOW.replace(hour=18, minute=0))
    _task(demo, "备货", NOW - timedelta(days=1))
    _task(demo, "下周的事", NOW + timedelta(days=7))
    Gateway.objects.create(
        shop=demo.shop, name="短信", channel="sms", provider="aliyun", opens_at="08:00", closes_at="20:00",
        stopped_reason="isv.AMOUNT_NOT_ENOUGH", created_at=NOW,
    )  # fmt: skip
    run = ImportRun.objects.create(
        shop=demo.shop,
        file_name="今早.csv",
        file_sha256="0" * 64,
        file_size=1,
        state=ImportState.DONE,
        created_at=NOW,
    )
    QuarantinedRow.objects.create(
        run=run,
        line=2,
        reason="order_id_missing",
        cents=12_300,
        sealed=b"x",
        key_id="k",
        expires_on=date(2026, 12, 9),
    )
    text = _text(demo)
    assert "今天 18:00 到期" in text
    assert "昨天 09:40 就该做完" in text
    assert "下周的事" not in text
    assert "网关「短信」停了" in text
    assert "今早.csv 有 1 行没读进来" in text
    assert "¥\xa0123.00" in text


def test_a_shop_without_a_basis_of_consent_is_reminded(demo: Demo) -> None:
    assert "还没有登记营销同意的依据" not in _text(demo)
    ConsentBasis.objects.update(withdrawn_at=NOW)
    assert "还没有登记营销同意的依据" in _text(demo)


def _campaign(demo: Demo) -> Campaign:
    campaign = Campaign.objects.create(
        shop=demo.shop, name="双11 换季", playbook="double11", day=date(2026, 11, 11),
        starts_at=datetime(2026, 11, 1), ends_at=datetime(2026, 11, 21), state=CampaignState.RUNNING,
        target_cents=68_000_000, created_at=NOW,
    )  # fmt: skip
    Phase.objects.create(
        campaign=campaign,
        key="warm",
        name="预热",
        starts_at=campaign.starts_at,
        ends_at=datetime(2026, 11, 11),
    )
    Round.objects.create(
        campaign=campaign, number=1, key="1", name="老客预告", channel="sms",
        opens_at=datetime(2026, 11, 9, 10), closes_at=datetime(2026, 11, 9, 20),
    )  # fmt: skip
    return campaign


def test_the_running_campaign_shows_sales_phases_and_rounds(demo: Demo) -> None:
    _campaign(demo)
    text = _text(demo)
    for word in ("双11 换季", "已成交 / 目标", "68万", "预热", "1 老客预告 · 短信", "第 9 天"):
        assert word in text
    assert "「1 老客预告」还没备好" in text


def test_a_round_is_called_by_its_letter_on_every_page(demo: Demo) -> None:
    _campaign(demo)
    Round.objects.update(key="1a")
    for page in ("overview", "today", "rounds"):
        text = _text(demo, reverse(page))
        assert "1A 老客预告" in text, page
        assert "第 1 轮" not in text, page


def test_today_lists_tasks_rounds_and_running_work(demo: Demo) -> None:
    from laoke.shops import jobs

    _campaign(demo)
    _task(demo, "全店的事", NOW)
    mine = _task(demo, "我的事", NOW, in_charge=demo.owner.staff.get())
    jobs.queue("import", shop=demo.shop, now=NOW, upload=1, options={"file_name": "今早.csv"})
    text = _text(demo, reverse("today"))
    for word in ("全店的事", "我的事", "老客预告", "导入 今早.csv"):
        assert word in text
    only = _text(demo, reverse("today") + "?who=me")
    assert mine.title in only
    assert "全店的事" not in only


def test_a_hostile_title_is_text(demo: Demo) -> None:
    _task(demo, "<script>alert(1)</script>", NOW)
    assert "<script>alert(1)" not in _text(demo)


@pytest.mark.parametrize(
    ("query", "found"), [("sjdr", "数据导入"), ("设置", "设置"), ("ddr", ""), ("dr", "导入订单")]
)
def test_the_search_finds_pages_by_words_and_initials(demo: Demo, query: str, found: str) -> None:
    text = _text(demo, reverse("palette") + f"?q={query}")
    assert found in text if found else "<a" not in text


def test_the_search_finds_a_buyer_by_the_whole_nick_only(demo: Demo) -> None:
    from laoke.customers.vault import open_contact

    pytest.importorskip("laoke.web.pages.customers")
    record = VaultRecord.objects.select_related("customer").order_by("pk").first()
    assert record is not None
    nick = open_contact(record).nick
    address = reverse("customer", args=[record.customer.person_id])
    assert address in _text(demo, reverse("palette") + f"?q={nick}")
    assert address not in _text(demo, reverse("palette") + f"?q={nick[:-1]}")
    assert nick not in _text(demo, reverse("palette") + f"?q={nick}")
    assert Identity.objects.filter(customer=record.customer).exists()


def test_the_search_finds_no_buyer_of_another_owner(demo: Demo) -> None:
    pytest.importorskip("laoke.web.pages.customers")
    from laoke.customers.vault import open_contact

    record = VaultRecord.objects.select_related("customer").order_by("pk").first()
    assert record is not None
    foreign = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    demo.owner.staff.create(shop=foreign, role=Role.OWNER)
    client = demo.client()
    client.post(reverse("shop_switch"), {"shop": foreign.pk})
    contact = open_contact(record)
    for query in (contact.nick, contact.phone):
        text = client.get(reverse("palette"), {"q": query}).content.decode()
        assert reverse("customer", args=[record.customer.person_id]) not in text


def test_the_search_finds_an_order_by_its_number(demo: Demo) -> None:
    pytest.importorskip("laoke.web.pages.customers")
    rows = reading_of(demo.shop, NOW.date()).reader.rows("SELECT order_id FROM orders LIMIT 1")
    order = rows[0]["order_id"]
    assert order in _text(demo, reverse("palette") + f"?q={order}")


def test_periods_end_yesterday_or_with_the_data() -> None:
    today = date(2026, 11, 9)
    assert last_day(today, date(2026, 11, 8)) == date(2026, 11, 8)
    assert last_day(today, date(2026, 11, 3)) == date(2026, 11, 8)
    assert last_day(today, date(2018, 10, 31)) == date(2018, 10, 31)
    assert last_day(today, None) == date(2026, 11, 8)
    assert year_before(date(2024, 2, 29)) == date(2023, 2, 28)
    week = period_of("7", "before", date(2026, 11, 8))
    assert (week.first, week.before_first, week.before_last) == (
        date(2026, 11, 2), date(2026, 10, 26), date(2026, 11, 1),
    )  # fmt: skip


def test_figures_of_a_day_long_gone_say_so_and_those_of_yesterday_do_not() -> None:
    now = datetime(2026, 11, 9, 10, 0)
    assert data_until_text(date(2026, 11, 8), now) == ""
    assert data_until_text(date(2026, 11, 7), now).startswith("数据只到 11月7日，")
    assert data_until_text(date(2018, 10, 31), now).startswith("数据只到 2018年10月31日，")
