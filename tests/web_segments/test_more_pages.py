"""Ready segments, the trend, the overlap, the workbook of people, and what a filter is warned of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import openpyxl
import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


def saved(demo: Demo, name: str, filter_text: str):
    from laoke.audiences.segments import save_segment

    return save_segment(demo.shop, name, filter_text, by=demo.owner, now=demo.now)


def test_ready_segments_stand_by_family_with_what_they_say(demo: Demo) -> None:
    page = text(demo.client().get("/segments/ready/"))
    for words in (
        "按生命周期",
        "价保期里的全价客人",
        "冠军（Champions）",
        "RFM 十一组",
        "常客",
        "数一数",
        "收下",
    ):
        assert words in page
    assert page.count('action="/segments/ready/take/"') >= 25


def test_one_click_counts_a_ready_segment(demo: Demo) -> None:
    from laoke.audiences.counting import count

    page = text(demo.client().post("/segments/ready/count/", {"key": "last_month"}))
    assert f"<b>{count(demo.shop, 'last_order(<= 30d)', demo.now.date()).n:,}</b>" in page
    assert demo.client().post("/segments/ready/count/", {"key": "no such"}).status_code == 404


def test_one_click_takes_a_ready_segment_over_once(demo: Demo) -> None:
    from laoke.audiences.models import Segment
    from laoke.audiences.segments import archive_segment

    client = demo.client()
    answer = client.post("/segments/ready/take/", {"key": "full_price_protected"})
    kept = Segment.objects.get()
    assert answer["Location"] == f"/segments/{kept.pk}/"
    assert (kept.name, kept.text) == ("价保期里的全价客人", "full_price(within 15d)")
    client.post("/segments/ready/take/", {"key": "full_price_protected"})
    assert Segment.objects.count() == 1
    assert "已有，打开" in text(client.get("/segments/ready/"))
    archive_segment(kept, now=demo.now)
    client.post("/segments/ready/take/", {"key": "full_price_protected"})
    assert Segment.objects.get().archived is False


def test_the_analyst_counts_and_takes_nothing_over(demo: Demo) -> None:
    client = demo.client(demo.analyst)
    assert "ready/take" not in text(client.get("/segments/ready/"))
    assert client.post("/segments/ready/count/", {"key": "new"}).status_code == 200
    assert client.post("/segments/ready/take/", {"key": "new"}).status_code == 403


def test_the_trend_has_its_month_ends_and_its_table(demo: Demo) -> None:
    from laoke.audiences.trends import trend

    found = trend(demo.shop, "bought(2+)", demo.now.date())
    page = text(demo.client().post("/segments/trend/", {"text": "bought(2+)"}))
    assert len(found.moments) == 3  # two month ends are kept in the demo shop of tests, and today
    for one in found.moments:
        assert f"{one.day:%Y-%m-%d}" in page and f"{one.n:,}" in page
    assert "个月末没算好" in page and "只知道现在的样子" not in page
    assert "/segments/new/?text=bought%282%2B%29" in page
    assert "只知道现在的样子" in text(demo.client().post("/segments/trend/", {"text": "reachable(sms)"}))
    refused = demo.client().post("/segments/trend/", {"text": "bougt"})
    assert refused["Location"] == "/segments/new/?text=bougt"


def test_the_matrix_of_overlaps(demo: Demo) -> None:
    from laoke.audiences.counting import count

    first, second = saved(demo, "回头客", "bought(2+)"), saved(demo, "近来的", "last_order(<= 90d)")
    page = text(demo.client().get("/segments/overlap/"))
    both = count(demo.shop, "bought(2+) and last_order(<= 90d)", demo.now.date()).n
    either = count(demo.shop, "bought(2+) or last_order(<= 90d)", demo.now.date()).n
    assert f"{both:,}" in page and f"{either:,} 人至少在其中一群" in page
    alone = text(demo.client().get("/segments/overlap/", {"s": second.pk}))
    assert f'value="{first.pk}">' in alone and f'value="{second.pk}" checked' in alone
    answer = demo.client().get("/segments/overlap/", {"export": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
    assert [cell.value for cell in sheet[1]] == ["人群", "回头客", "近来的", "只在这一群"]


def test_a_segment_that_cannot_be_counted_says_why_everywhere(demo: Demo) -> None:
    from laoke.audiences.segments import archive_segment

    inner = saved(demo, "内层", "bought(2+)")
    outer = saved(demo, "外层", 'segment("内层") and bought')
    archive_segment(inner, now=demo.now)
    client = demo.client()
    for address in ("/segments/", f"/segments/{outer.pk}/", "/segments/overlap/"):
        assert "已经收起" in text(client.get(address))
    answer = client.post("/segments/save/", {"name": "新的", "text": 'segment("没有")'})
    assert answer.status_code == 422 and "没有叫“没有”的人群" in text(answer)
    client.post(f"/segments/{outer.pk}/freeze/")
    from laoke.audiences.models import Snapshot

    assert not Snapshot.objects.exists()


def test_the_builder_warns_of_the_impossible_and_of_tags_that_nobody_made(demo: Demo) -> None:
    posted = {"source": "text", "text": 'last_order(<= 30d) and last_order(>= 90d) and not tag("没这个")'}
    page = text(demo.client().post("/segments/preview/", posted))
    assert "没有人能同时满足" in page and "店里没有这些标签：没这个" in page


def test_the_people_of_a_filter_go_out_as_a_workbook_with_an_audit_row(demo: Demo) -> None:
    from laoke.audiences.counting import count
    from laoke.shops.models import AuditEvent

    answer = demo.client(demo.analyst).post("/segments/export/", {"text": "bought(3+)"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
    assert sheet.max_row - 1 == count(demo.shop, "bought(3+)", demo.now.date()).n
    event = AuditEvent.objects.filter(act="segment.export").get()
    assert event.count == sheet.max_row - 1
    assert demo.client(demo.service).post("/segments/export/", {"text": "bought"}).status_code == 403
    refused = demo.client().post("/segments/export/", {"text": "bougt"})
    assert refused.status_code == 302 and AuditEvent.objects.filter(act="segment.export").count() == 1


def test_who_is_in_is_broken_down_by_purchases_and_provinces(demo: Demo) -> None:
    page = text(demo.client().post("/segments/more/", {"text": "bought"}))
    assert "买过几次" in page and "在哪些省份" in page and "2 次" in page


def test_nobody_is_broken_down_into_nothing(demo: Demo) -> None:
    page = text(demo.client().post("/segments/more/", {"text": "bought(99+)"}))
    assert "没有人符合" in page and "占客户" in page
    assert "买过几次" not in page and "够得着多少" not in page and "在哪些省份" not in page
