"""A page read in English has no Chinese on it but the shop's own: goods, places, people, messages, names."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import RequestFactory
from django.urls import reverse

from laoke.audiences.models import Segment
from laoke.campaigns.models import Campaign, Review
from laoke.config.worker import run_job
from laoke.customers.models import Customer
from laoke.dispatch.text.gateways import GATEWAYS
from laoke.intake.models import ImportRun
from laoke.promotions.models import Offer
from laoke.shops import jobs
from laoke.web import nav
from tests.people import Demo
from tests.web_campaigns.planned import planned
from tests.web_english.reading import chinese_left, chinese_of_rows
from tests.web_offers.test_pages import THRESHOLD
from tests.web_reviews.test_reviews import RESULT

ORDERS = """订单编号,买家会员名,总金额,买家实际支付金额,订单状态,订单创建时间,订单付款时间
2026110001,wangwang1,100.00,100.00,交易成功,2026-11-01 10:00:00,2026-11-01 10:05:00
2026110002,wangwang2,lots,100.00,交易成功,2026-11-01 10:00:00,2026-11-01 10:05:00
"""


@pytest.fixture
def english(demo: Demo) -> Client:
    """The owner's browser, in English."""
    demo.owner.language = "en"
    demo.owner.save(update_fields=["language"])
    client = demo.client()
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def campaign(demo: Demo) -> Campaign:
    row = planned(demo)
    Review.objects.create(
        campaign=row, catalog_ref=1, until=demo.now, result=RESULT, created_at=datetime(2026, 11, 9)
    )
    return row


def _faults(client: Client, demo: Demo, addresses: dict[str, str]) -> dict[str, list[str]]:
    """Chinese that is not the shop's own, nor of the file that was chosen, by page."""
    # The words that end a message are the carrier's rule.
    endings = [rules.opt_out_suffix.strip("，") for rules in GATEWAYS.values()]
    data = [*endings, *ORDERS.replace(",", " ").split(), *chinese_of_rows(demo.place.warehouse)]
    faults = {}
    for name, url in addresses.items():
        answer = client.get(url, follow=True)
        assert answer.status_code == 200, (name, answer.status_code)
        page = answer.content.decode()
        if left := chinese_left(page, data):
            faults[name] = left
    return faults


def test_every_place_of_the_rail_is_in_english(demo: Demo, english: Client, campaign: Campaign) -> None:
    request = RequestFactory().get("/")
    request.role, request.resolver_match = "owner", None  # type: ignore[attr-defined]
    addresses = {entry.url_name: nav._address(entry.url_name) for entry in nav._ENTRIES.values()}
    addresses |= {command.url_name: url for command, url in nav.commands(request)}
    addresses |= {
        name: reverse(name)
        for name in ("profile", "password", "offer_new", "template_new", "customers_links", "settings_staff",
                     "settings_cuts", "settings_reach", "settings_consent", "settings_gateways", "settings_audit",
                     "inbox_unknown", "segment_new")
    }  # fmt: skip

    assert _faults(english, demo, {name: url for name, url in addresses.items() if url}) == {}


def test_the_page_of_one_thing_is_in_english(demo: Demo, english: Client, campaign: Campaign) -> None:
    english.post(f"{reverse('offer_new')}?mechanic=threshold_discount", THRESHOLD)
    upload = SimpleUploadedFile("orders.csv", ORDERS.encode(), content_type="text/csv")
    files = english.post(reverse("import_new"), {"files": [upload]}).url
    unloaded = _faults(english, demo, {"import_files": files})
    english.post(f"{files}start/")
    job = jobs.claim("tester", demo.now)
    assert job is not None
    run_job(job, lambda: demo.now)
    run = ImportRun.objects.latest("pk")
    texting = campaign.rounds.get(key="3")
    person = Customer.objects.order_by("pk").first()
    segment = Segment.objects.order_by("pk").first()
    offer = Offer.objects.latest("pk")
    assert run.quarantined.count() == 1 and person and segment

    faults = _faults(
        english,
        demo,
        {
            "import_result": reverse("import_result", args=[run.pk]),
            "import_rows": reverse("import_rows", args=[run.pk]),
            "customer": reverse("customer", args=[person.person_id]),
            "segment": reverse("segment", args=[segment.pk]),
            "campaign": reverse("campaign", args=[campaign.pk]),
            "campaign_edit": reverse("campaign_edit", args=[campaign.pk]),
            "campaign_calendar": reverse("campaign_calendar", args=[campaign.pk]),
            "campaign_tasks": reverse("campaign_tasks", args=[campaign.pk]),
            "campaign_round_missing": reverse("campaign_round_missing", args=[texting.pk]),
            "round": reverse("round", args=[texting.pk]),
            "round_checks": reverse("round_checks", args=[texting.pk]),
            "round_edit": reverse("round_edit", args=[texting.pk]),
            "offer": reverse("offer", args=[offer.pk]),
            "offer_edit": reverse("offer_edit", args=[offer.pk]),
            "review": reverse("review", args=[campaign.pk]),
            "review_orders": f"{reverse('review', args=[campaign.pk])}?metric=orders",
            "palette": f"{reverse('palette')}?q=a",
        },
    )

    assert unloaded | faults == {}


def test_what_is_left_in_chinese_is_found() -> None:
    page = (
        '<p>双人被 sold out</p><b title="还没有">x</b><i lang="zh-Hans">短信</i>'
        '<script type="application/json">["老客"]</script><template data-json>{"a": "新客"}</template>'
    )

    assert [one.split(" leaves ")[1] for one in chinese_left(page, ["双人被"])] == [
        "'还没有'",
        "'老客'",
        "'新客'",
    ]
