"""The page of customer value: the same figures as the table and the report; what it says when there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from laoke.audiences.readings import reading_of
from laoke.insights.models import ValueReport
from laoke.insights.value import BANDS, refresh_value, spend_bands, top_customers, value_of
from laoke.shops import jobs
from laoke.shops.models import Job, JobState
from laoke.web import figures
from laoke.web.charts.value import bands, calibration
from laoke.web.pages.value import words
from laoke.web.pages.value.card import _alive, card_of

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(demo: Demo) -> ValueReport:
    found = refresh_value(demo.shop, demo.place, now=demo.now)
    assert found is not None
    return found


def text(demo: Demo, address: str = "/value/", user: Any = None) -> str:
    return demo.client(user).get(address).content.decode()


def rows(demo: Demo) -> list[dict[str, Any]]:
    reader = reading_of(demo.shop, demo.now.date()).reader
    return reader.sql("SELECT * FROM customer_value").to_pylist()


def test_the_page_shows_every_part(demo: Demo, report: ValueReport) -> None:
    page = text(demo)
    for said in (
        "用哪个办法，为什么", "按之前回头的次数", "按预计从低到高分十组", "预计金额怎么分布", "预计花得最多的客户",
        "照各人原来的快慢", "BG/NBD", "Pareto/NBD", "拿 ",
    ):  # fmt: skip
        assert said in page
    assert str(words.model(report.model)) in page


def test_its_figures_are_those_of_the_table(demo: Demo, report: ValueReport) -> None:
    known = rows(demo)
    page = text(demo)
    total = sum(row["spend_365"] for row in known)
    assert report.report["totals"][-1]["cents"] == pytest.approx(total, abs=len(known))
    reader = reading_of(demo.shop, demo.now.date()).reader
    found = spend_bands(reader, demo.shop.pk)
    assert sum(row["persons"] for row in found) == len(known)
    assert sum(row["spend_cents"] for row in found) == total
    for at, row in enumerate(found):
        low = 0 if row["band"] == 0 else BANDS[row["band"] - 1]
        high = BANDS[row["band"]] if row["band"] < len(BANDS) else 10**18
        assert row["persons"] == sum(low <= one["spend_365"] < high for one in known), at
    best = top_customers(reader, demo.shop.pk, 20)
    assert [row["person_id"] for row in best] == [
        row["person_id"] for row in sorted(known, key=lambda row: (-row["spend_365"], row["person_id"]))[:20]
    ]
    assert figures.cents(best[0]["spend_365"]) in page
    assert f"/customers/{best[0]['person_id']}/" in page


def test_the_calibration_chart_has_its_table(demo: Demo, report: ValueReport) -> None:
    page = text(demo)
    trial = next((one for one in report.report["trials"] if one["model"] == report.model), None)
    score = trial["score"] if trial else report.report["own_rate"]
    for row in score["by_frequency"] + score["by_forecast"]:
        assert f"{row['actual']:.3f}" in page
        assert f"{row['forecast']:.3f}" in page


def test_parameters_stand_with_their_standard_errors(demo: Demo, report: ValueReport) -> None:
    page = text(demo)
    for fit in filter(None, (report.report["fit"], report.report["amounts"])):
        for one in fit["parameters"]:
            assert f"{one['value']:.4g}" in page
            assert f"± {one['error']:.4g}" in page


def test_before_the_first_computation_it_says_what_to_wait_for(demo: Demo) -> None:
    assert "还没有算过" in text(demo)
    job = jobs.queue("customer_value", shop=demo.shop, now=demo.now)
    assert "正在计算客户价值" in text(demo)
    Job.objects.filter(pk=job.pk).update(state=JobState.FAILED)
    assert "上次没有算成" in text(demo)


def test_a_shop_that_is_too_young_reads_why(demo: Demo, report: ValueReport) -> None:
    report.model = ""
    report.report = {
        "model": "", "days": 40, "customers": 3,
        "refusals": [{"model": "", "code": "too_short", "params": {"found": 40, "needed": 90}}],
    }  # fmt: skip
    report.save()
    page = text(demo)
    assert "订单只有 40 天，少于 90 天" in page
    assert "现在还说不出客户价值" in page


def test_without_a_model_it_says_that_rates_are_used(demo: Demo, report: ValueReport) -> None:
    report.model, report.report = "rates", {**report.report, "model": "rates", "fit": None, "alive": None}
    report.save()
    page = text(demo)
    assert "没有一个模型通得过检验" in page
    assert "回购率说不出谁还在" in page


def test_asking_again_queues_one_job(demo: Demo, report: ValueReport) -> None:
    client = demo.client(demo.operator)
    for _ in range(2):
        assert client.post("/value/again/").status_code == 302
    assert Job.objects.filter(kind="customer_value", shop=demo.shop).count() == 1
    assert "现在重算" not in text(demo)


def test_an_analyst_reads_and_does_not_ask_again_and_service_sees_nothing(
    demo: Demo, report: ValueReport
) -> None:
    assert "现在重算" not in text(demo, user=demo.analyst)
    assert demo.client(demo.analyst).post("/value/again/").status_code == 403
    assert demo.client(demo.service).get("/value/").status_code == 403
    assert Job.objects.filter(kind="customer_value").count() == 0


def test_a_customer_s_page_says_what_is_expected_in_plain_words(demo: Demo, report: ValueReport) -> None:
    reader = reading_of(demo.shop, demo.now.date()).reader
    person = top_customers(reader, demo.shop.pk, 1)[0]["person_id"]
    row = value_of(reader, demo.shop.pk, person)
    assert row is not None
    page = text(demo, f"/customers/{person}/")
    assert "预计会买多少" in page
    assert f"十回里九回在 {row['orders_365_low']}–{row['orders_365_high']} 次之间" in page
    assert figures.yuan(row["spend_365"]) in page
    card = card_of(reader, demo.shop.pk, person, demo.now)
    assert card is not None
    assert [cells.cells[0] for cells in card.table.rows] == ["30 天内", "90 天内", "180 天内", "365 天内"]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.551, 0.702), "还是客户的可能 63%（九成把握在 55%–70% 之间）"),
        ((0.627, 0.633), "还是客户的可能 63%"),
        ((None, None), "还是客户的可能 63%"),
    ],
)
def test_how_sure_active_is_is_said_where_it_shows(
    ends: tuple[float | None, float | None], said: str
) -> None:
    known = {"p_alive": 0.63, "p_alive_low": ends[0], "p_alive_high": ends[1]}
    assert _alive(known) == said


def test_a_customer_nobody_computed_has_no_card(demo: Demo) -> None:
    reader = reading_of(demo.shop, demo.now.date()).reader
    assert card_of(reader, demo.shop.pk, 1, demo.now) is None


REFUSED = {
    "too_few_customers": ({"found": 150.0, "needed": 200}, "客户只有 150 位，少于 200 位"),
    "too_few_repeats": ({"found": 12, "needed": 50}, "回过头的客户只有 12 位，少于 50 位"),
    "too_short": ({"found": 40, "needed": 90}, "订单只有 40 天，少于 90 天"),
    "value_follows_frequency": ({"correlation": 0.412, "limit": 0.3}, "相关系数 0.412，超过 0.3"),
    "border": ({"parameter": "b", "value": 100_000.0}, "参数 b 一直走到 100,000 还在变好"),
    "uncertain": ({"parameter": "s", "value": 0.123456, "error": None}, "参数 s 算出来是 0.1235，误差却有 无穷大"),
    "not_converged": ({"gradient": 0.01, "evaluations": 100}, "试了 100 步"),
    "misses_total": (
        {"forecast": 1653.4, "actual": 3_400, "limit": 0.5}, "它说会有 1,653 单，实际 3,400 单，差得超过 50%",
    ),
    "worse_than_rates": ({"score": -1.5, "rates": -1.25}, "平均对数 -1.5）还不如照各人原来的快慢推（-1.25）"),
}  # fmt: skip


@pytest.mark.parametrize("code", REFUSED)
def test_each_refusal_is_a_sentence_with_its_numbers(code: str) -> None:
    params, said = REFUSED[code]
    sentence = words.refusal({"code": code, "params": params})
    assert said in sentence
    assert "%(" not in sentence


def test_every_refusal_a_model_can_give_has_its_sentence() -> None:
    from typing import get_args

    from laoke.lifetime.refusals import RefusalCode

    assert set(words.REFUSALS) == set(get_args(RefusalCode)) == set(REFUSED)


def test_charts_draw_what_they_are_given() -> None:
    drawn = calibration(["0", "1"], [0.25, 1.0], [0.2, 1.1], labels=("来了", "说了"))
    assert [(one["type"], one["data"]) for one in drawn["series"]] == [
        ("bar", [0.25, 1.0]),
        ("line", [0.2, 1.1]),
    ]
    assert bands(["a", "b"], [3, 4], "人")["series"][0]["data"] == [3, 4]
