"""The page of launch checks: what it shows, signing and taking back, the words of the pages, and who may not."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from laoke.campaigns.editing import use_offer
from laoke.campaigns.launching import check_launch
from laoke.campaigns.models import Campaign, LaunchSignature
from laoke.promotions.offers import add_offer
from laoke.shops.models import AuditEvent, Role
from tests.people import Demo, person
from tests.web_campaigns.planned import planned

WINDOW = {"start": "2026-11-11T00:00:00", "end": "2026-11-12T00:00:00"}


def blocked(demo: Demo) -> Campaign:
    """A Double-11 campaign with a third offer, which is for some buyers only."""
    campaign = planned(demo)
    data = {
        "name": "<b>老客</b>页面价", "layer": "item", "mechanic": "percent_off", "terms": {"pay_bp": 8_000},
        "window": WINDOW, "audience": "高价值",
    }  # fmt: skip
    use_offer(campaign, add_offer(demo.shop, data, by=demo.owner, now=demo.now), by=demo.owner, now=demo.now)
    return campaign


def page_of(demo: Demo, campaign: Campaign, user: Any = None) -> str:
    client = demo.client(user) if user else demo.client()
    return client.get(reverse("campaign_checks", args=[campaign.pk])).content.decode()


def block(demo: Demo, campaign: Campaign, code: str) -> Any:
    blocks = check_launch(campaign, demo.now).weighed.blocks
    return next(one for one in blocks if one.code == code)


def test_the_page_tells_every_point_with_number_source_and_score(demo: Demo) -> None:
    campaign = blocked(demo)
    page = page_of(demo, campaign)

    assert "C1 · 做活动的经验" in page and "同一时间有 3 样优惠，最多 2 样" in page
    assert "C28 · 个人信息保护法第 24 条（查过原文）" in page
    assert "&lt;b&gt;老客" in page and "<b>老客" not in page
    assert "优惠好不好懂" in page and "一看就懂" in page
    assert "店铺页上写的字" in page


def test_the_owner_signs_on_the_page_and_it_shows_where_the_campaign_is_looked_at(demo: Demo) -> None:
    campaign, client = blocked(demo), demo.client()
    one = block(demo, campaign, "price_for_some")
    url = reverse("campaign_check_sign", args=[campaign.pk])

    client.post(url, {"state": one.state, "reason": "会员页公布了"})

    signature = LaunchSignature.objects.get()
    assert (signature.by, signature.role, signature.state) == (demo.owner, "owner", one.state)
    assert AuditEvent.objects.filter(act="launch.sign").count() == 1
    assert "签字放行：会员页公布了" in page_of(demo, campaign)
    short = client.get(reverse("campaign_checks_short", args=[campaign.pk])).content.decode()
    assert "上线检查有 1 项不能上" in short and "签字放行：会员页公布了" in short
    client.post(reverse("campaign_check_withdraw", args=[campaign.pk]), {"number": signature.pk})
    signature.refresh_from_db()
    assert signature.withdrawn_by == demo.owner
    assert "签字放行：会员页公布了" not in page_of(demo, campaign)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"reason": ""}, "写明为什么可以放行"),
        ({"state": "0" * 64, "reason": "没事"}, "看过以后内容变了"),
        ({"state": "", "reason": "没事"}, "看过以后内容变了"),
    ],
)
def test_a_signature_that_cannot_be_is_refused_in_words(
    demo: Demo, form: dict[str, str], message: str
) -> None:
    campaign = blocked(demo)
    one = block(demo, campaign, "price_for_some")
    url = reverse("campaign_check_sign", args=[campaign.pk])

    answer = demo.client().post(url, {"state": one.state, **form}, follow=True)

    assert message in answer.content.decode()
    assert not LaunchSignature.objects.exists()


def test_what_was_changed_since_the_page_was_shown_is_not_signed_for(demo: Demo) -> None:
    from laoke.promotions.offers import edit_offer

    campaign = blocked(demo)
    one = block(demo, campaign, "price_for_some")
    offer = campaign.campaign_offers.order_by("-pk")[0].offer
    edit_offer(offer, {**offer.terms, "terms": {"pay_bp": 5_000}}, by=demo.owner, now=demo.now)

    url = reverse("campaign_check_sign", args=[campaign.pk])
    answer = demo.client().post(url, {"state": one.state, "reason": "八折公布了"}, follow=True)

    assert "看过以后内容变了" in answer.content.decode()
    assert not LaunchSignature.objects.exists()


def test_words_of_the_pages_are_kept_and_checked(demo: Demo) -> None:
    campaign, client = planned(demo), demo.client()

    client.post(reverse("campaign_page_words", args=[campaign.pk]), {"words": "全国第一 <script>"})

    page = page_of(demo, campaign)
    assert "店铺页的字有广告法禁用的词：全国第一" in page
    assert "&lt;script&gt;</textarea>" in page
    assert AuditEvent.objects.filter(act="launch.words").count() == 1


def test_a_blocked_round_leads_to_the_page(demo: Demo) -> None:
    campaign = blocked(demo)
    row = campaign.rounds.get(key="3")

    page = demo.client().get(reverse("round_checks", args=[row.pk])).content.decode()

    assert "上线检查" in page and reverse("campaign_checks", args=[campaign.pk]) in page


def test_others_read_and_only_the_owner_gets_the_field(demo: Demo) -> None:
    campaign = blocked(demo)
    one = block(demo, campaign, "price_for_some")
    operator = person(demo, "yunying2", Role.OPERATOR)
    sign = reverse("campaign_check_sign", args=[campaign.pk])

    assert sign in page_of(demo, campaign)
    for user in (operator, demo.analyst):
        page = page_of(demo, campaign, user)
        assert sign not in page and "请店长写明理由签字放行" in page
        form = {"state": one.state, "reason": "没事", "number": 1, "words": "x"}
        assert demo.client(user).post(sign, form).status_code == 403
        withdraw = reverse("campaign_check_withdraw", args=[campaign.pk])
        assert demo.client(user).post(withdraw, form).status_code == 403
    words = reverse("campaign_page_words", args=[campaign.pk])
    assert demo.client(demo.analyst).post(words, {"words": "x"}).status_code == 403
    assert words not in page_of(demo, campaign, demo.analyst)
    assert demo.client(operator).post(words, {"words": "x"}).status_code == 302
    for name in ("campaign_checks", "campaign_checks_short"):
        assert demo.client(demo.service).get(reverse(name, args=[campaign.pk])).status_code == 403
    assert not LaunchSignature.objects.exists()
