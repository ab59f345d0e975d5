"""The page of demand: its cards, its days, its workbooks, who may see it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db
URL = "/analysis/demand/"


def text(response) -> str:
    return response.content.decode()


def test_the_first_view_has_the_heat_maps_and_asks_for_the_rest(demo: Demo) -> None:
    page = text(demo.client().get(URL))
    for words in ("平均每天", "星期 × 钟点", "月份 × 钟点", "月份 × 星期", "看的是"):
        assert words in page
    assert 'hx-get="/analysis/demand/?part=later"' in page
    assert "在涨的款" not in page


def test_the_rest_comes_by_itself_or_with_the_whole(demo: Demo) -> None:
    client = demo.client()
    later = text(client.get(URL, {"part": "later"}, HTTP_HX_REQUEST="true"))
    whole = text(client.get(URL, {"part": "whole"}))
    for words in ("各类目涨跌", "在涨的款", "在跌的款"):
        assert words in later and words in whole
    assert "<html" not in later and "part=later" not in whole


def test_other_days_come_alone(demo: Demo) -> None:
    client = demo.client()
    part = text(client.get(URL, {"period": "90"}, HTTP_HX_REQUEST="true"))
    assert "<html" not in part
    assert "共 90 天" in part
    chosen = text(client.get(URL, {"from": "2026-10-01", "to": "2026-10-31"}))
    assert "共 31 天" in chosen and 'value="2026-10-01"' in chosen


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"from": "gestern"}, "「gestern」不是日期，写成 2026-11-09 这样"),
        ({"from": "2026-10-31", "to": "2026-10-01"}, "开始 2026-10-31 在结束 2026-10-01 之后"),
    ],
)
def test_days_that_make_no_sense_are_said(demo: Demo, given: dict[str, str], said: str) -> None:
    answer = demo.client().get(URL, given)
    assert answer.status_code == 200
    assert said in text(answer) and "共 365 天" in text(answer)


def test_days_without_a_sale_say_so(demo: Demo) -> None:
    page = text(demo.client().get(URL, {"from": "2010-01-01", "to": "2010-01-31"}))
    assert page.count("这些天没有付款的单") == 3


def test_a_card_is_a_workbook_for_who_may(demo: Demo) -> None:
    from python_calamine import CalamineWorkbook

    from laoke.shops.models import AuditEvent

    page = text(demo.client(demo.analyst).get(URL, {"part": "later"}))
    url = re.findall(r'href="([^"]*export=xlsx[^"]*card=categories)"', page)[0].replace("&amp;", "&")
    answer = demo.client(demo.analyst).get(url)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert rows[0][:3] == ["类目", "涨跌", "这期单数"]
    assert len(rows) > 3 and all(isinstance(row[2], float) for row in rows[1:])
    assert AuditEvent.objects.filter(act="list.export", subject="各类目涨跌").count() == 1
    assert demo.client().get(URL, {"export": "xlsx", "card": "nothing"}).status_code == 404


def test_who_may_look_but_not_take_along_has_no_workbook(demo: Demo) -> None:
    from laoke.shops.models import AuditEvent, Role, Staff

    Staff.objects.filter(user=demo.analyst).update(role=Role.AUDITOR)
    client = demo.client(demo.analyst)
    assert "export=xlsx" not in text(client.get(URL, {"part": "whole"}))
    assert client.get(URL, {"export": "xlsx", "card": "week"}).status_code == 403
    assert not AuditEvent.objects.filter(act="list.export").exists()
    assert demo.client(demo.service).get(URL).status_code == 403


def test_heat_maps_and_flows_are_data() -> None:
    from laoke.web.charts.heat import Flow, Node, heat_map, sankey

    option = heat_map(["周一", "周二"], ["0", "1"], [[1.5, None], [0, 3]])
    (series,) = option["series"]
    assert [one["value"] for one in series["data"]] == [[0, 0, 1.5], [0, 1, 0], [1, 1, 3]]
    assert series["data"][0]["title"] == "周一 · 0"
    assert (option["visualMap"]["min"], option["visualMap"]["max"]) == (0, 3)
    assert heat_map(["a"], ["b"], [[None]])["visualMap"]["max"] == 1
    with pytest.raises(ValueError, match="cells are not 1 rows of 2"):
        heat_map(["a"], ["b", "c"], [[1]])

    nodes = [Node("a", "{新}", 0), Node("b", "老", 1), Node("c", "没", 1)]
    (flow,) = sankey(nodes, [Flow("a", "b", 3), Flow("a", "c", 0)])["series"]
    assert [one["name"] for one in flow["data"]] == ["a", "b"]
    assert flow["data"][0]["label"] == {"formatter": "(新)"}
    assert flow["links"] == [{"source": "a", "target": "b", "value": 3, "title": "{新} → 老"}]
    with pytest.raises(ValueError, match="no node 'x'; there are a, b, c"):
        sankey(nodes, [Flow("a", "x", 1)])
    with pytest.raises(ValueError, match="does not lead to the right"):
        sankey(nodes, [Flow("b", "a", 1)])
