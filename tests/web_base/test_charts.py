"""Charts are data: what is drawn, in which colours, and what is refused."""

from __future__ import annotations

import json

import pytest

from laoke.web import charts

DAYS = ["11-01", "11-02", "11-03"]


def test_days_are_stacked_bars_with_last_year_as_a_dashed_line() -> None:
    option = charts.time_bars(
        DAYS,
        [
            charts.Series("老客", [1, 2, 3]),
            charts.Series("新客", [4, 5, 6], "c1-soft"),
            charts.Series("去年同期", [4, None, 6], "c0", dashed=True, as_line=True),
        ],
        value="yuan",
        span=charts.Span("双11", "11-01", "11-02"),
    )
    assert [one["type"] for one in option["series"]] == ["bar", "bar", "line"]
    assert [one.get("stack") for one in option["series"]] == ["all", "all", None]
    assert option["series"][2]["lineStyle"] == {"color": "$css:c0", "width": 1.5, "type": "dashed"}
    assert option["series"][0]["markArea"]["data"] == [
        [{"name": "双11", "xAxis": "11-01"}, {"xAxis": "11-02"}]
    ]
    # A band over bars ends at a tick: without one for each day it ended up to half a label's distance beside its days.
    assert option["xAxis"]["axisTick"] == {"show": False, "interval": 0}
    assert option["tooltip"]["formatter"] == {"$tip": "yuan"}
    assert option["yAxis"]["axisLabel"]["formatter"] == {"$fmt": "wan"}


def test_a_band_is_stacked_on_its_low_end() -> None:
    option = charts.time_lines(
        DAYS,
        [charts.Series("预测", [2, 3, 4])],
        band=charts.Band([1, 2, 3], [3, 4.5, 6]),
        now=("11-02", "今天"),
    )
    low, width, drawn = option["series"]
    assert (low["data"], width["data"], drawn["data"]) == ([1, 2, 3], [2, 2.5, 3], [2, 3, 4])
    assert drawn["markLine"]["data"] == [{"xAxis": "11-02"}]


def test_parts_of_a_waterfall_stand_on_what_came_before() -> None:
    option = charts.waterfall(
        [
            charts.Change("目标", 680, total=True),
            charts.Change("访客", -16),
            charts.Change("转化", 40),
            charts.Change("实际", 704, total=True),
        ],
        cut=640,
    )
    base, bars = option["series"]
    assert base["data"] == [0, 664, 664, 0]
    assert [bar["value"] for bar in bars["data"]] == [680, 16, 40, 704]
    assert [bar["shown"] for bar in bars["data"]] == [680, -16, 40, 704]
    assert [bar["itemStyle"]["color"] for bar in bars["data"]] == ["$css:c0", "$css:c2", "$css:c1", "$css:c0"]
    assert option["yAxis"]["min"] == 640


def test_a_waterfall_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(ValueError, match="the parts lead to 664"):
        charts.waterfall(
            [
                charts.Change("目标", 680, total=True),
                charts.Change("访客", -16),
                charts.Change("实际", 700, total=True),
            ]
        )


def test_horizontal_bars_start_at_zero_with_the_first_on_top() -> None:
    option = charts.horizontal_bars(["搜索", "推荐"], [charts.Series("实际", [2, 1])])
    assert option["xAxis"]["min"] == 0
    assert option["yAxis"]["inverse"] is True
    assert option["series"][0]["label"]["formatter"] == {"$fmt": "wan"}


def test_a_threshold_is_a_line_in_the_distribution() -> None:
    option = charts.columns_with_threshold(
        ["0", "25"], [charts.Series("单", [9, 3])], threshold=("25", "门槛 25")
    )
    assert option["series"][0]["markLine"]["data"] == [{"xAxis": "25"}]


def test_unclear_effects_are_grey() -> None:
    option = charts.intervals([charts.Estimate("有用", 5, 1, 9), charts.Estimate("看不出", 1, -2, 4)])
    assert [one["lineStyle"]["color"] for one in option["series"][:2]] == ["$css:c1", "$css:c0"]
    assert option["series"][1]["data"] == [[-2, 1], [4, 1]]
    with pytest.raises(ValueError, match="lies outside"):
        charts.intervals([charts.Estimate("错", 10, 1, 9)])


def test_more_than_four_series_and_uneven_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 4"):
        charts.time_bars(DAYS, [charts.Series(str(n), [1, 2, 3]) for n in range(5)])
    with pytest.raises(ValueError, match="2 values on an axis of 3"):
        charts.time_lines(DAYS, [charts.Series("短", [1, 2])])


def test_unknown_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="no format 'euro'"):
        charts.fmt("euro")


def test_money_is_drawn_in_yuan() -> None:
    assert charts.yuan_values([12345, None]) == [123.45, None]


def test_every_option_is_json() -> None:
    from tests.web_base.samples import chart_samples

    for card in chart_samples().values():
        assert json.loads(json.dumps(card.option, allow_nan=False)) == card.option
