"""An offer for a segment: chosen on its page, shown with its list, and said what is wrong when it cannot be counted."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from laoke.audiences.models import Segment
from laoke.audiences.offer_lists import turn
from laoke.audiences.segments import archive_segment, save_segment
from laoke.customers import tags
from laoke.promotions.buyer_lists import segment_key
from laoke.promotions.models import BuyerList, Offer
from tests.people import NOW, Demo
from tests.web_offers.test_pages import THRESHOLD, new


def segment(demo: Demo, name: str = "常客", text: str = "bought(2+)") -> Segment:
    return save_segment(demo.shop, name, text, by=demo.owner, now=NOW)


def choices(demo: Demo, **wanted: Any) -> dict[str, str]:
    page = demo.client().get(reverse("offer_new"), wanted).context["page"]
    return {key: str(label) for key, label in page.form.fields["audience"].choices}


def test_the_segments_that_can_be_counted_are_offered(demo: Demo) -> None:
    whole, gone = segment(demo), segment(demo, "收起的")
    archive_segment(gone, now=NOW)
    segment(demo, "缺标签", 'tag("没有的")')
    found = choices(demo)
    assert found[segment_key(whole.pk)] == "人群“常客”"
    assert found["first_order"] == "首单顾客"
    assert [label for label in found.values() if "收起的" in label or "缺标签" in label] == []


def test_an_offer_is_written_for_a_segment_and_its_page_shows_the_list(demo: Demo) -> None:
    one = segment(demo)
    assert new(demo, audience=segment_key(one.pk)).status_code == 302
    row = Offer.objects.get()
    assert row.terms["audience"] == segment_key(one.pk)
    url = reverse("offer", args=[row.pk])
    page = demo.client().get(url).content.decode()
    assert "人群“常客”" in page and "还在数，数好以前没有人能用" in page
    while turn(NOW):
        pass
    kept = BuyerList.objects.get()
    assert kept.count > 0 and f"{kept.count:,} 人" in demo.client().get(url).content.decode()


def test_a_segment_that_broke_explains_itself_and_is_not_kept_again(demo: Demo) -> None:
    tag = tags.make_tag(demo.shop, "挑剔", now=NOW)
    one = segment(demo, text='bought(2+) and not tag("挑剔")')
    new(demo, audience=segment_key(one.pk))
    row = Offer.objects.get()
    tag.delete()
    client, url = demo.client(), reverse("offer", args=[row.pk])
    assert "现在没有人能用：店里已经没有：挑剔" in client.get(url).content.decode()
    edit = reverse("offer_edit", args=[row.pk])
    form = client.get(edit).context["page"].form
    assert form["audience"].value() == segment_key(one.pk)
    again = client.post(edit, {**THRESHOLD, "audience": segment_key(one.pk)})
    assert again.status_code == 422
    assert "人群“常客”现在用不了" in again.content.decode()
    archive_segment(one, now=NOW)
    assert "人群已收起，现在没有人能用；放回人群，或改优惠" in client.get(url).content.decode()


def test_a_segment_of_another_shop_is_none(demo: Demo) -> None:
    answer = new(demo, audience="segment:987654")
    assert answer.status_code == 422 and not Offer.objects.exists()
