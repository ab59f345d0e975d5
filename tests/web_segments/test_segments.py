"""Pages of segments: the list, the builder both ways, saving, freezing, and why somebody is in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return response.content.decode()


def box(page: str) -> str:
    """What stands in the text box."""
    found = re.search(r'<textarea[^>]*id="text-box"[^>]*>(.*?)</textarea>', page, re.S)
    assert found
    return found[1].replace("&gt;", ">").replace("&lt;", "<").replace("&quot;", '"')


def saved(demo: Demo, name: str = "老朋友", text: str = "bought(2+)"):
    from laoke.audiences.segments import save_segment

    return save_segment(demo.shop, name, text, by=demo.owner, now=demo.now)


def test_the_list_shows_present_counts(demo: Demo) -> None:
    from laoke.audiences.counting import count

    saved(demo)
    page = text(demo.client().get("/segments/"))
    assert "老朋友" in page and "购买次数" in page
    assert f">{count(demo.shop, 'bought(2+)', demo.now.date()).n:,}<" in page


def test_a_shop_without_segments_is_told_so(demo: Demo) -> None:
    assert "还没有人群" in text(demo.client().get("/segments/"))


def test_the_builder_begins_with_the_given_text(demo: Demo) -> None:
    page = text(demo.client().get("/segments/new/", {"text": 'city in ("杭州") and bought(3+)'}))
    assert box(page) == 'city in ("杭州") and bought(3+)'
    assert 'value="杭州"' in page and "写法正确" in page


def test_a_text_that_cannot_be_read_says_where(demo: Demo) -> None:
    answer = demo.client().post("/segments/preview/", {"source": "text", "text": "bougt(2+)"})
    assert "bougt" in text(answer) and "bought" in text(answer)
    assert answer["HX-Reswap"] == "none"


def test_while_a_text_cannot_be_read_no_older_shares_stand_beside_the_count(demo: Demo) -> None:
    refused = text(demo.client().post("/segments/preview/", {"source": "text", "text": "bought(2+) and"}))
    assert (
        '<div id="figures-more" class="ruled-top" hx-swap-oob="true"><p class="muted sm">写法还不对'
        in refused
    )
    assert '<div id="sample" hx-swap-oob="true"></div>' in refused
    counted = text(demo.client().post("/segments/preview/", {"source": "text", "text": "bought(2+)"}))
    assert 'id="figures-more"' not in counted and "/segments/more/" in counted


def test_a_text_that_can_be_read_and_not_counted_has_its_rows_and_says_why(demo: Demo) -> None:
    from laoke.insights.models import ValueReport

    ValueReport.objects.all().delete()
    posted = {"source": "text", "text": "bought(2+) and expected_orders(>= 0.5, within 90d)"}
    answer = demo.client().post("/segments/preview/", posted)
    assert "还没有算过客户价值" in text(answer) and answer["HX-Reswap"] == "none"
    assert text(answer).count('name="row"') == 2 and '<option value="90" selected>' in text(answer)


def test_changing_rows_changes_the_text_and_the_count(demo: Demo) -> None:
    from laoke.audiences.counting import count

    posted = {"row": ["0", "1"], "kind-0": "bought", "low-0": "2", "kind-1": "last_order", "high-1": "90"}
    page = text(demo.client().post("/segments/preview/", posted))
    assert box(page) == "bought(2+) and last_order(<= 90d)"
    expected = count(demo.shop, "bought(2+) and last_order(<= 90d)", demo.now.date()).n
    assert f'aria-live="polite">{expected:,}<' in page
    assert page.count("剩 ") == 2


def test_a_row_that_cannot_be_read_keeps_the_old_text_and_figure(demo: Demo) -> None:
    posted = {"row": ["0"], "kind-0": "bought", "low-0": "多", "text": "bought(2+)"}
    answer = demo.client().post("/segments/preview/", posted)
    assert "这里要填数字" in text(answer) and answer["HX-Reswap"] == "none"
    assert "textarea" not in text(answer)


@pytest.mark.parametrize(
    ("act", "rows"), [("add", 2), ("not", 2), ("any", 3), ("drop:0", 0), ("kind:0", 1), ("drop:9", 1)]
)
def test_rows_are_added_removed_and_turned(demo: Demo, act: str, rows: int) -> None:
    posted = {"row": ["0"], "kind-0": "bought", "low-0": "2", "act": act}
    page = text(demo.client().post("/segments/preview/", posted))
    drawn = page.count('name="row"')
    assert drawn == (rows if act != "drop:9" else 0)


def test_who_is_in_comes_after_the_count(demo: Demo) -> None:
    page = text(demo.client().post("/segments/more/", {"text": "bought"}))
    for words in ("占近一年净付", "够得着多少", "短信", "生命周期", "为什么在"):
        assert words in page
    assert text(demo.client().post("/segments/more/", {"text": "bougt"})) == ""


def test_why_somebody_is_in_or_out(demo: Demo) -> None:
    from laoke.audiences.counting import sample

    client = demo.client()
    person = sample(demo.shop, "bought(2+)", 1, 0, demo.now.date())[0]["person_id"]
    told = text(client.post("/segments/why/", {"text": "bought(2+) and reachable(call)", "person": person}))
    assert "不在这群人里" in told and "购买次数" in told
    told = text(client.post("/segments/why/", {"text": "bought(2+)", "person": person}))
    assert "在这群人里" in told and "不在" not in told
    assert "要写全" in text(client.post("/segments/why/", {"text": "bought", "person": "没有这个人"}))


def test_a_segment_is_saved_changed_and_copied(demo: Demo) -> None:
    from laoke.audiences.models import Segment

    client = demo.client()
    client.post("/segments/save/", {"name": "老朋友", "text": "bought( 2+ )", "note": "常来"})
    kept = Segment.objects.get(name="老朋友")
    assert kept.text == "bought(2+)"
    client.post("/segments/save/", {"segment": kept.pk, "name": "老朋友", "text": "bought(3+)"})
    kept.refresh_from_db()
    assert kept.text == "bought(3+)"
    client.post("/segments/save/", {"segment": kept.pk, "copy": "1", "name": "更老的", "text": "bought(9+)"})
    assert set(Segment.objects.values_list("name", flat=True)) == {"老朋友", "更老的"}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": "", "text": "bought"}, "人群要有名字"),
        ({"name": "老" * 61, "text": "bought"}, "最长 60 个字"),
        ({"name": "有了", "text": "bought"}, "已经有叫这个名字"),
        ({"name": "新的", "text": "bougt"}, "bougt"),
    ],
)
def test_a_segment_that_cannot_be_kept_says_why_and_keeps_what_was_typed(demo: Demo, sent, said: str) -> None:
    saved(demo, "有了")
    answer = demo.client().post("/segments/save/", sent)
    assert answer.status_code == 422
    assert said in text(answer) and box(text(answer)) == sent["text"]


def test_a_frozen_list_is_shown_with_its_count(demo: Demo) -> None:
    from laoke.audiences.models import Snapshot

    kept, client = saved(demo), demo.client()
    client.post(f"/segments/{kept.pk}/freeze/")
    taken = Snapshot.objects.get()
    page = text(client.get(f"/segments/{kept.pk}/"))
    assert "定格的名单" in page and f"{taken.count:,}" in page and taken.sha256[:12] in page


def test_a_segment_is_put_away_and_its_lists_stay(demo: Demo) -> None:
    from laoke.audiences.models import Snapshot

    kept, client = saved(demo), demo.client()
    client.post(f"/segments/{kept.pk}/freeze/")
    client.post(f"/segments/{kept.pk}/archive/")
    assert "老朋友</a>" not in text(client.get("/segments/")) and Snapshot.objects.count() == 1


def test_an_analyst_may_try_but_not_keep_and_service_sees_nothing(demo: Demo) -> None:
    kept = saved(demo)
    client = demo.client(demo.analyst)
    page = text(client.get(f"/segments/{kept.pk}/"))
    assert "保存人群" not in page
    assert client.post("/segments/save/", {"name": "x", "text": "bought"}).status_code == 403
    assert client.post(f"/segments/{kept.pk}/freeze/").status_code == 403
    assert demo.client(demo.service).get("/segments/").status_code == 403


def test_another_shop_s_segment_is_not_found(demo: Demo) -> None:
    from laoke.audiences.segments import save_segment
    from laoke.shops.models import Owner, Shop

    other = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家", created_at=demo.now)
    kept = save_segment(other, "别人的", "bought", by=None, now=demo.now)
    assert demo.client().get(f"/segments/{kept.pk}/").status_code == 404


def test_hostile_texts_are_shown_as_text(demo: Demo) -> None:
    hostile = 'tag("</textarea><script>alert(1)</script>")'
    page = text(demo.client().get("/segments/new/", {"text": hostile}))
    assert "<script>alert" not in page and "&lt;script&gt;" in page
