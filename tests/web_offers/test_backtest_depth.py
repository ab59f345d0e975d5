"""A backtest in full on its page: assumptions, plans side by side, the workbook, and who may change what."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.urls import reverse

from laoke.campaigns.models import PlanComparison
from laoke.promotions.models import Backtest, BacktestDepth, Offer
from laoke.promotions.offers import add_offer
from laoke.shops.models import AuditEvent, Role
from laoke.web import figures
from tests.people import Demo, person
from tests.web_campaigns.planned import planned
from tests.web_offers.test_pages import new

PERIOD = {"period_from": "2025-01-01", "period_to": "2026-11-08"}
ASSUMED = {
    "off_cents": "30",
    "reach": "25",
    "low": "10",
    "likely": "30",
    "high": "60",
    "follow": "100",
    "rate": "55",
    "limit": "5",
}


@pytest.fixture
def one(demo: Demo) -> Backtest:
    """满399减60 replayed on all orders of the demo shop, with 5 % fee and 6 yuan postage."""
    new(demo)
    form = {"offers": [Offer.objects.get().pk], **PERIOD, "fee": "5", "postage": "6"}
    demo.client().post(reverse("backtests"), form)
    return Backtest.objects.get()


def page_of(demo: Demo, one: Backtest, **query: str) -> Any:
    return demo.client().get(reverse("backtest", args=[one.pk]), query)


def test_the_page_tells_what_pays_who_is_lifted_and_who_gains(demo: Demo, one: Backtest) -> None:
    answer = page_of(demo, one)
    depth, text = answer.context["page"].depth, answer.content.decode()

    assert one.depth.facts["terms"] == {"fee_bp": 500, "postage_cents": 600}
    assert [kpi.label for kpi in answer.context["page"].kpis.kpis][3:] == [
        "净利",
        "会亏的订单",
        "要多卖才回本",
    ]
    assert depth.profit.title == "减 60 元，门槛定多少最好"
    assert depth.own_steps.rows[0].cells[0] == "399.00"
    assert "都是你的假设，没有量过" in text
    assert "和不打折比" in text and "和当时比" in text
    assert depth.history is not None and depth.segments is None
    assert answer.context["page"].kpis.kpis[3].note == f"扣点 5%，每单运费 {figures.yuan(600)}"


def test_other_assumptions_are_kept_and_change_what_is_shown(demo: Demo, one: Backtest) -> None:
    answer = demo.client().post(reverse("backtest_assume", args=[one.pk]), ASSUMED)
    depth = page_of(demo, one).context["page"].depth

    assert answer.url == reverse("backtest", args=[one.pk]) + "#steps"
    assert BacktestDepth.objects.get().assumed == {
        "off_cents": 3_000, "reach": 25, "low": 10, "likely": 30, "high": 60, "follow": 100, "rate": 55, "limit": 5,
    }  # fmt: skip
    assert depth.profit.title == "减 30 元，门槛定多少最好"
    assert depth.form.initial["reach"] == 25
    assert depth.beyond.tone == "warn", "60 off 400 is more than 5 %"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"likely": "70"}, "likely"),
        ({"off_cents": "0"}, "off_cents"),
        ({"limit": "100"}, "limit"),
        ({"reach": ""}, "reach"),
        ({"rate": "many"}, "rate"),
        ({"follow": "101"}, "follow"),
    ],
)
def test_a_wrong_assumption_is_refused_where_it_stands(
    demo: Demo, one: Backtest, changed: dict[str, str], field: str
) -> None:
    answer = demo.client().post(reverse("backtest_assume", args=[one.pk]), {**ASSUMED, **changed})

    assert answer.status_code == 422
    assert set(answer.context["page"].depth.form.errors) == {field}
    assert BacktestDepth.objects.get().assumed == {}


def test_up_to_five_plans_stand_side_by_side_and_are_found_again(demo: Demo, one: Backtest) -> None:
    campaign = planned(demo)
    form = {
        "name": "试三种", "campaign": campaign.pk, "offer": one.offers[0]["offer_id"],
        "changes": "299-30、满499减80",
    }  # fmt: skip
    answer = demo.client().post(reverse("backtest_compare", args=[one.pk]), form)
    row = PlanComparison.objects.get()
    page = demo.client().get(answer.url)

    assert answer.url == reverse("comparison", args=[row.pk])
    table = page.context["page"].table
    assert [column.label for column in table.columns[1:]] == ["A 满399减60", "B 满299减30", "C 满499减80"]
    given = next(line for line in table.rows if line.cells[0] == "让利（元）")
    first, second = (cell.value for cell in given.cells[1:3])
    assert first.replace(",", "") == f"{one.result['discount_cents'] / 100:.2f}"
    assert given.cells[1].sub == "" and given.cells[2].sub[0] in "+−-"
    assert second != first
    assert page.context["page"].changed is None
    home = demo.client().get(reverse("campaign", args=[campaign.pk])).content.decode()
    assert f'href="{answer.url}"' in home and "试三种" in home
    assert "试三种" in demo.client().get(reverse("backtests")).content.decode()
    again = demo.client().post(reverse("comparison_again", args=[row.pk]))
    assert again.url == answer.url


def test_of_a_ladder_one_step_is_chosen_and_the_others_stay(demo: Demo) -> None:
    steps = [
        {"threshold_cents": 19_900, "off_cents": 2_000},
        {"threshold_cents": 39_900, "off_cents": 6_000},
    ]
    ladder = {"offer_id": "two", "name": "两档满减", "layer": "shop", "mechanic": "threshold_discount"} | {
        "window": {"start": "2026-11-11T00:00:00", "end": "2026-11-12T00:00:00"},
        "terms": {"steps": steps},
    }
    row = add_offer(demo.shop, ladder, by=demo.owner, now=demo.now)
    demo.client().post(reverse("backtests"), {"offers": [row.pk], **PERIOD, "fee": "5", "postage": "6"})
    one = Backtest.objects.get()
    name = one.offers[0]["offer_id"]
    form = page_of(demo, one).context["page"].comparing
    assert form.fields["offer"].choices == [
        (f"{name}#0", "两档满减 第 1 档：满199减20"),
        (f"{name}#1", "两档满减 第 2 档：满399减60"),
    ]

    page = side_by_side(demo, one, offer=f"{name}#1", changes="299-50")
    assert [column.label for column in page.table.columns[1:]] == ["A 两档满减", "B 满299减50（第 2 档）"]
    said = page.table.rows[0].cells[2].value
    assert "199" in said and "299" in said and "399" not in said

    refused = {"name": "并排", "offer": f"{name}#1", "changes": "199-60"}
    answer = demo.client().post(reverse("backtest_compare", args=[one.pk]), refused)
    assert answer.status_code == 422, "the second step must be above the first"
    assert PlanComparison.objects.count() == 1


def side_by_side(demo: Demo, one: Backtest, **given: Any) -> Any:
    form = {"name": "并排", "offer": one.offers[0]["offer_id"], **given}
    answer = demo.client().post(reverse("backtest_compare", args=[one.pk]), form)
    return demo.client().get(answer.url).context["page"]


def test_plans_whose_costs_are_known_of_different_orders_are_not_held_against_each_other(
    demo: Demo, one: Backtest
) -> None:
    bag = {"product_id": "bag", "title": "布袋", "value_cents": 900, "cost_cents": None}
    steps = [{"threshold": 19_900, "pieces": 1, "choices": [bag]}]
    gift = {"offer_id": "bag", "name": "送布袋", "layer": "gift", "mechanic": "threshold_gift"} | {
        "window": {"start": "2026-11-11T00:00:00", "end": "2026-11-12T00:00:00"}
    }
    add_offer(demo.shop, {**gift, "terms": {"by": "cents", "steps": steps}}, by=demo.owner, now=demo.now)
    form = {"offers": [row.pk for row in Offer.objects.all()], **PERIOD, "fee": "5", "postage": "6"}
    demo.client().post(reverse("backtests"), form)
    other = Backtest.objects.latest("pk")
    known = [row.result["cost_known_orders"] for row in (one, other)]
    assert 0 < known[1] < known[0], "orders with a bag have an unknown cost"

    page = side_by_side(demo, one, others=[other.pk], changes="399-50")
    rows = {str(row.cells[0]): row.cells[1:] for row in page.table.rows}
    assert page.verdict.title == "说不出哪个最赚" and "成本已知的订单不一样" in str(page.verdict.text)
    assert [cell.value for cell in rows["成本已知的订单"]] == [
        figures.exact(known[0]), figures.exact(known[1]), figures.exact(known[0]),
    ]  # fmt: skip
    for name in ("毛利（元）", "净利（元）", "会亏的订单", "亏损（元）", "要多卖才回本"):
        assert {(cell.tone, cell.sub) for cell in rows[name]} == {("", "")}, name
    assert {cell.tone for cell in rows["让利（元）"]} == {""} and rows["让利（元）"][2].sub
    assert page.chart is None

    alike = side_by_side(demo, one, changes="399-50")
    assert alike.verdict.title == "B 满399减50 净利最高" and alike.chart is not None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({}, "再选一个回放，或写一组别的数"),
        ({"changes": "二九九减三十"}, "看不懂，写成 299-30 或 8.5"),
        ({"changes": "30-299"}, "看不懂"),
        ({"changes": "8.5"}, "换不成这样的数"),
        ({"changes": "299-30 299-31 299-32 299-33 299-34"}, "最多并排 5 个"),
        ({"changes": "299-30", "name": ""}, "name"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    demo: Demo, one: Backtest, changed: dict[str, str], message: str
) -> None:
    form = {"name": "并排", "offer": one.offers[0]["offer_id"], **changed}
    answer = demo.client().post(reverse("backtest_compare", args=[one.pk]), form)

    assert answer.status_code == 422
    assert message in str(answer.context["page"].comparing.errors)
    assert not PlanComparison.objects.exists()


def test_the_workbooks_hold_every_part_and_are_written_down(demo: Demo, one: Backtest) -> None:
    from openpyxl import load_workbook

    client = demo.client()
    book = load_workbook(BytesIO(client.get(reverse("backtest", args=[one.pk]), {"export": "xlsx"}).content))
    client.post(
        reverse("backtest_compare", args=[one.pk]),
        {"name": "并排", "offer": one.offers[0]["offer_id"], "changes": "299-30"},
    )
    row = PlanComparison.objects.get()
    side = load_workbook(
        BytesIO(client.get(reverse("comparison", args=[row.pk]), {"export": "xlsx"}).content)
    )

    assert book.sheetnames == [
        "总数",
        "每个优惠",
        "门槛",
        "门槛和减多少",
        "方案里的门槛",
        "换个假设",
        "换个假设，门槛和减多少",
        "订单金额",
        "优惠叠在一起",
        "新客老客",
        "会亏的订单",
    ]
    sums = {line[0].value: line[1].value for line in book["总数"].iter_rows(min_row=2)}
    assert sums["让利（元）"] == one.result["discount_cents"] / 100
    assert sums["平台扣点（%）"] == 5
    assert [cell.value for cell in book["方案里的门槛"][1]][:2] == ["门槛（元）", "减（元）"]
    assert [cell.value for cell in side["并排"][1]] == [
        "指标",
        "A 满399减60",
        "B 满299减30",
        "B 满299减30，比 A",
    ]
    assert AuditEvent.objects.filter(act="list.export").count() == 2


def test_an_older_backtest_without_depth_still_opens(demo: Demo, one: Backtest) -> None:
    BacktestDepth.objects.all().delete()
    answer = page_of(demo, one)
    assert answer.status_code == 200 and answer.context["page"].depth is None
    assert page_of(demo, one, export="xlsx").status_code == 200
    assert demo.client().post(reverse("backtest_assume", args=[one.pk]), ASSUMED).status_code == 404


def test_segments_are_chosen_by_hand_and_told_by_name(demo: Demo, one: Backtest) -> None:
    from laoke.audiences.segments import save_segment

    segment = save_segment(demo.shop, "常客", "bought(2+)", by=demo.owner, now=demo.now)
    form = {"offers": [Offer.objects.get().pk], **PERIOD, "segments": [segment.pk]}
    made = demo.client().post(reverse("backtests"), form)

    page = demo.client().get(made.url).context["page"]
    assert page.depth.segments.rows[0].cells[0] == "常客"
    book = demo.client().get(made.url, {"export": "xlsx"})
    assert book.status_code == 200


def test_a_segment_that_names_one_that_is_gone_is_refused_at_its_field(demo: Demo, one: Backtest) -> None:
    from laoke.audiences.segments import archive_segment, save_segment

    inner = save_segment(demo.shop, "常客", "bought(2+)", by=demo.owner, now=demo.now)
    outer = save_segment(demo.shop, "常客里的", 'segment("常客")', by=demo.owner, now=demo.now)
    archive_segment(inner, now=demo.now)
    form = {"offers": [Offer.objects.get().pk], **PERIOD, "segments": [outer.pk]}
    answer = demo.client().post(reverse("backtests"), form)

    assert answer.status_code == 422
    assert "常客" in str(answer.context["page"].form.errors["segments"])
    too_dear = demo.client().post(
        reverse("backtests"), {**form, "segments": [], "fee": "100", "postage": "1e9"}
    )
    assert set(too_dear.context["page"].form.errors) == {"fee", "postage"}
    assert Backtest.objects.count() == 1


def test_how_the_days_were_found_is_said(demo: Demo) -> None:
    new(demo)
    assert "日子取有数据的最近 90 天" in demo.client().get(reverse("backtests")).content.decode()
    planned(demo)
    assert "以前没有办过同样的活动" in demo.client().get(reverse("backtests")).content.decode()


def test_who_only_reads_sees_it_and_changes_nothing(demo: Demo, one: Backtest) -> None:
    reader, keeper = demo.client(demo.analyst), demo.client(person(demo, "cang", Role.WAREHOUSE))
    page = reader.get(reverse("backtest", args=[one.pk]))

    assert page.context["page"].depth.form is None and page.context["page"].comparing is None
    for name, data in (("backtest_assume", ASSUMED), ("backtest_compare", {"name": "x"})):
        assert reader.post(reverse(name, args=[one.pk]), data).status_code == 403
        assert demo.client().get(reverse(name, args=[one.pk])).status_code == 405
    assert keeper.get(reverse("backtest", args=[one.pk])).status_code == 403


def test_the_page_reads_little(demo: Demo, one: Backtest, django_assert_max_num_queries: Any) -> None:
    client = demo.client()
    with django_assert_max_num_queries(24):
        assert client.get(reverse("backtest", args=[one.pk])).status_code == 200


def test_the_pairs_stand_as_a_map_with_the_numbers_behind_it_and_the_reason(
    demo: Demo, one: Backtest
) -> None:
    demo.client().post(reverse("backtest_assume", args=[one.pk]), {**ASSUMED, "off_cents": "5", "rate": "90"})
    pairs = page_of(demo, one).context["page"].depth.pairs

    grid = page_of(demo, one).context["page"].depth.pairs.map.table
    assert grid.columns[0].label == "减（元）"
    cells = [cell for row in grid.rows for cell in row.cells[1:]]
    drawn = pairs.map.option["series"][0]["data"]
    assert len(drawn) == sum(bool(str(cell.value)) for cell in cells) > 20
    marks = [one["label"]["formatter"] for one in drawn if "label" in one]
    assert marks.count("★") == sum(cell.tone == "best" for cell in cells) == 1
    assert marks.count("≈") == sum(str(cell.sub) == "≈" for cell in cells)
    assert "假设减 5 元时离门槛 25% 以内的人有 30% 凑单，减别的数时人数跟着变 100%" in str(pairs.verdict.text)
    assert "单本来会买，白让" in str(pairs.verdict.text)
    assert len(pairs.firm.rows) == 3


def test_where_no_pair_pays_the_least_bad_is_named_and_nothing_is_marked(demo: Demo, one: Backtest) -> None:
    demo.client().post(
        reverse("backtest_assume", args=[one.pk]), {**ASSUMED, "low": "0", "likely": "0", "high": "0"}
    )
    pairs = page_of(demo, one).context["page"].depth.pairs
    assert str(pairs.verdict.title) == "没有一对靠凑单赚得回来"
    assert "亏得最少的是满 " in str(pairs.verdict.text)
    assert not any("label" in one for one in pairs.map.option["series"][0]["data"])
    assert pairs.beside is None
