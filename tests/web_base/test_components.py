"""Every component renders, escapes what it is given, and refuses what would show a wrong figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory

from laoke.web import components as ui
from laoke.web.figures import Amount
from tests.web_base.gallery import gallery_html
from tests.web_base.samples import SampleForm, all_samples


def _kinds(kind: type = ui.Component) -> Iterator[type]:
    """Components of the base; what a single page makes for itself is rendered by that page's tests."""
    for below in kind.__subclasses__():
        if below.__module__.startswith("laoke.web.components"):
            yield below
        yield from _kinds(below)


def _inside(value: Any) -> Iterator[ui.Component]:
    """A sample and every component it holds."""
    if isinstance(value, ui.Component):
        yield value
    if isinstance(value, list | tuple):
        for part in value:
            yield from _inside(part)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _inside(getattr(value, field.name))


SAMPLES = [part for sample in all_samples().values() for part in _inside(sample)]


def _page(text: str, **context: Any) -> str:
    return Template("{% load ui %}" + text).render(Context(context))


def test_there_is_a_sample_of_every_component() -> None:
    assert {kind.__name__ for kind in _kinds()} - {type(sample).__name__ for sample in SAMPLES} == set()


@pytest.mark.parametrize("kind", sorted({type(sample) for sample in SAMPLES}, key=lambda k: k.__name__))
def test_every_component_renders(kind: type) -> None:
    for sample in (one for one in SAMPLES if type(one) is kind):
        html = str(sample)
        assert html.strip()
        assert "None" not in html
        assert html == f"{sample.__html__()}"


def test_the_gallery_shows_all_of_them() -> None:
    html = gallery_html()
    assert html.count('data-chart="') == 6
    assert "店铺总览" in html
    assert html.count("<h1") == 1


def test_ids_on_the_gallery_are_unique() -> None:
    ids = re.findall(r'\sid="([^"]+)"', gallery_html())
    assert sorted(ids) == sorted(set(ids))


HOSTILE = "<img src=x onerror=alert(1)>\"'&"


@pytest.mark.parametrize(
    "component",
    [
        ui.Tag(HOSTILE),
        ui.Status(HOSTILE),
        ui.Notice(HOSTILE, HOSTILE),
        ui.Table([ui.Column("a", HOSTILE)], [ui.Row([ui.Cell(HOSTILE, HOSTILE, title=HOSTILE)])]),
        ui.Phone(HOSTILE),
        ui.Code([ui.Span(HOSTILE, "s", HOSTILE)]),
        ui.Dialog("a", HOSTILE, HOSTILE, "/", hidden=[("a", HOSTILE)]),
        ui.ChartCard("a", HOSTILE, {"name": "</script><script>" + HOSTILE}, ui.Table([], []), HOSTILE),
        ui.PaletteResults([(HOSTILE, [ui.PaletteItem(HOSTILE, "/", note=HOSTILE)])]),
    ],
)
def test_hostile_nicks_stay_text(component: ui.Component) -> None:
    html = str(component)
    assert "<img" not in html
    assert "</script><script>" not in html


def test_the_option_of_a_chart_survives_its_escaping() -> None:
    import json

    option = {"name": "</template></script>&<b>", "data": [1, None]}
    card = ui.ChartCard("a", "b", option, ui.Table([], []), "c")
    inside = re.search(r"<template[^>]*data-json>(.*?)</template>", str(card), re.S)
    assert inside is not None
    assert json.loads(inside[1]) == option


def test_losses_of_a_funnel_add_up_or_it_is_refused() -> None:
    funnel = ui.Funnel(
        [ui.FunnelStep("人群", 100), ui.FunnelStep("已退订", 25, True), ui.FunnelStep("可以发", 75)]
    )
    assert [(row.at, row.width) for row in funnel.rows] == [(0, 100), (75, 25), (0, 75)]
    with pytest.raises(ui.UnevenFunnel, match="76, expected 75"):
        ui.Funnel(
            [ui.FunnelStep("人群", 100), ui.FunnelStep("已退订", 25, True), ui.FunnelStep("可以发", 76)]
        )


def test_a_row_with_too_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="1 cells, the table has 2 columns"):
        ui.Table([ui.Column("a", "A"), ui.Column("b", "B")], [ui.Row(["x"])])


def test_empty_cells_are_dashes_and_zero_is_zero() -> None:
    html = str(ui.Table([ui.Column("a", "A"), ui.Column("b", "B", "num")], [ui.Row(["", 0])]))
    assert re.sub(r"<[^>]+>", " ", html).split() == ["A", "B", "—", "0"]


def test_sorting_turns_round_and_drops_the_page() -> None:
    columns = [ui.Column("paid", "实付", "num", sort="paid"), ui.Column("name", "客户", sort="name")]
    table = ui.Table(columns, [], sort=ui.Sort("paid"), query="q=圆&after=9&sort=-paid")
    paid, name = table.heads
    assert (paid.href, paid.aria_sort) == ("?q=%E5%9C%86&sort=paid", "descending")
    assert (name.href, name.aria_sort) == ("?q=%E5%9C%86&sort=name", "")


def test_only_allowed_columns_sort() -> None:
    assert ui.Sort.parse("last", ["last", "paid"], "-paid") == ui.Sort("last", False)
    assert ui.Sort.parse("id);--", ["last"], "-paid") == ui.Sort("paid", True)


def test_an_interval_that_holds_zero_is_hollow() -> None:
    assert not ui.Forest(-40, 160, 131, (84, 160)).unclear
    assert ui.Forest(-40, 160, 6, (-31, 43)).unclear
    assert ui.Forest(-40, 160, 131, (84, 160)).marks == {"point": 85.5, "start": 62.0, "end": 100.0}
    assert 'class="pt na"' in str(ui.Forest(-40, 160, 6, (-31, 43)))
    assert "<circle" not in str(ui.Forest(-40, 160, why_not="没有对照"))


def test_direction_follows_the_change() -> None:
    assert [ui.Delta(change, "1").direction for change in (1.0, -1.0, 0.0, None)] == [
        "up",
        "down",
        "flat",
        "flat",
    ]


def test_a_disabled_button_says_why_and_leads_nowhere() -> None:
    html = str(ui.Action("发送", "/send", "primary", method="post", why_not="内容还没过审"))
    assert 'aria-disabled="true"' in html
    assert "内容还没过审" in html
    assert "/send" not in html


def test_a_form_in_a_component_carries_the_token_of_the_page() -> None:
    html = _page("{% ui thing %}", thing=ui.Action("删", "/x", method="post"), csrf_token="abc")
    assert 'name="csrfmiddlewaretoken" value="abc"' in html


def test_a_card_puts_tools_and_conclusion_in_their_places() -> None:
    parts = "{% cardend %}工具{% endcardend %}正文{% cardfoot %}结论{% endcardfoot %}"
    html = _page('{% card title sub="事实" flush=True %}' + parts + "{% endcard %}", title="题")
    assert re.sub(r"<[^>]+>", " ", html).split() == ["题", "事实", "工具", "正文", "结论"]
    with pytest.raises(TemplateSyntaxError, match="colour"):
        _page('{% card "a" colour="red" %}{% endcard %}')


def test_fields_say_what_is_wrong_where_it_is_wrong() -> None:
    form = SampleForm({"name": "x", "at": "22:30"})
    html = _page("{% field form.at %}{% field form.name %}", form=form)
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_at_error"' in html
    assert 'id="id_at_error"' in html
    assert 'aria-describedby="id_name_help"' in html
    assert html.count('class="input"') == 2


def test_the_page_keeps_its_query() -> None:
    request = RequestFactory().get("/?tab=a&after=3")
    assert _page('{% query tab="b" after=None %}', request=request) == "?tab=b"


def test_a_headline_without_history_draws_no_line() -> None:
    assert "<svg" not in str(ui.Kpi("净利", Amount.money(1)))
    assert 'points="0.0,25.0 72.0,3.0"' in str(ui.Kpi("净利", Amount.money(1), spark=[1, 2]))
