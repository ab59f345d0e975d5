"""A round outside its gateway's hours is refused with a proposal, unless someone in office signs where that helps."""

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from laoke.campaigns import editing
from laoke.campaigns.editing import WindowRefused
from laoke.campaigns.planning import plan
from laoke.campaigns.playbook import playbook
from laoke.campaigns.refusals import CampaignRefused
from laoke.dispatch.models import Gateway
from laoke.dispatch.text.hours import Override
from laoke.shops.models import AuditEvent
from laoke.work.models import Task

EVE = (datetime(2026, 11, 10, 20), datetime(2026, 11, 10, 22))


@pytest.fixture
def campaign(demo_store):
    store = demo_store
    return plan(playbook("double11"), date(2026, 11, 11), store.shop, by=store.owner, clock=store.clock)


@pytest.fixture
def late_campaign(store):
    """A shop at a gateway that takes marketing until 22:00."""
    Gateway.objects.create(
        shop=store.shop, name="晚", channel="sms", provider="tencent", opens_at=time(8), closes_at=time(22),
        created_at=store.now,
    )  # fmt: skip
    return plan(playbook("double11"), date(2026, 11, 11), store.shop, by=store.owner, clock=store.clock)


def test_the_refusal_names_the_hours_and_the_nearest_window(campaign, demo_store):
    row = campaign.rounds.get(key="3")

    with pytest.raises(WindowRefused) as error:
        editing.set_round_window(row, *EVE, by=demo_store.owner, now=demo_store.now)

    assert error.value.proposed == (datetime(2026, 11, 10, 18), datetime(2026, 11, 10, 20))
    assert not error.value.override_possible
    assert "08:00–20:00" in error.value.message
    row.refresh_from_db()
    assert row.opens_at == datetime(2026, 11, 10, 18)


def test_a_signature_does_not_help_where_the_gateway_closes_early(campaign, demo_store):
    signed = Override("owner", "头两小时决定排名")

    with pytest.raises(WindowRefused):
        editing.set_round_window(
            campaign.rounds.get(key="3"), *EVE, by=demo_store.owner, now=demo_store.now, override=signed
        )


def test_a_later_window_needs_a_role_and_a_reason_where_the_gateway_allows_it(late_campaign, store):
    row = late_campaign.rounds.get(key="3")
    assert "hours_override" in [one["code"] for one in row.advice]
    with pytest.raises(WindowRefused) as error:
        editing.set_round_window(row, *EVE, by=store.owner, now=store.now)
    assert error.value.override_possible
    for useless in (Override("designer", "好看"), Override("owner", " ")):
        with pytest.raises(WindowRefused):
            editing.set_round_window(row, *EVE, by=store.owner, now=store.now, override=useless)

    issues = editing.set_round_window(
        row, *EVE, by=store.owner, now=store.now, override=Override("owner", "头两小时决定排名")
    )

    row.refresh_from_db()
    assert [issue.code for issue in issues] == ["late_by_override"]
    assert (row.opens_at, row.hours_override_by, row.hours_override_reason) == (
        EVE[0], store.owner, "头两小时决定排名",
    )  # fmt: skip
    assert AuditEvent.objects.filter(act="round.window", subject=str(row.pk)).count() == 1
    assert editing.override_of(row) == Override("owner", "头两小时决定排名")


def test_a_hand_over_list_has_no_hours_and_a_change_of_channel_is_checked(campaign, demo_store):
    row = campaign.rounds.get(key="3")
    gateway = row.gateway
    editing.set_round_channel(row, "handover", None, by=demo_store.owner, now=demo_store.now)
    editing.set_round_window(row, *EVE, by=demo_store.owner, now=demo_store.now)

    with pytest.raises(WindowRefused):
        editing.set_round_channel(row, "sms", gateway, by=demo_store.owner, now=demo_store.now)
    with pytest.raises(CampaignRefused, match="channel_unbuilt"):
        editing.set_round_channel(row, "email", None, by=demo_store.owner, now=demo_store.now)

    row.refresh_from_db()
    assert (row.channel, row.opens_at) == ("handover", EVE[0])


def test_shifting_moves_everything_by_the_same_days(campaign, demo_store):
    outside = editing.shift_campaign(campaign, date(2026, 12, 12), by=demo_store.owner, now=demo_store.now)

    campaign.refresh_from_db()
    row = campaign.rounds.get(key="1b")
    assert outside == []
    assert (campaign.starts_at, campaign.ends_at) == (datetime(2026, 12, 2), datetime(2026, 12, 23))
    assert row.opens_at == datetime(2026, 12, 3, 15)
    assert "12月12日双11" in row.body and "11月" not in row.body
    assert Task.objects.get(key="stock").due_at == datetime(2026, 11, 28, 18)
    offer = campaign.campaign_offers.first().offer
    assert (offer.starts_at, offer.terms["window"]["start"]) == (
        datetime(2026, 12, 12),
        "2026-12-12T00:00:00",
    )


def test_no_holdout_needs_a_signature(campaign, demo_store):
    with pytest.raises(CampaignRefused, match="holdout_reason"):
        editing.set_holdout(campaign, Decimal(0), by=demo_store.owner, reason=" ", now=demo_store.now)
    with pytest.raises(CampaignRefused, match="holdout_range"):
        editing.set_holdout(campaign, Decimal(60), by=demo_store.owner, reason="", now=demo_store.now)
    campaign.refresh_from_db()
    assert campaign.holdout_percent == 10

    editing.set_holdout(campaign, Decimal(0), by=demo_store.owner, reason="清仓", now=demo_store.now)

    campaign.refresh_from_db()
    assert (campaign.holdout_signed_by, campaign.holdout_reason) == (demo_store.owner, "清仓")


def test_a_wrong_segment_is_refused_and_the_old_one_stays(campaign, demo_store):
    row = campaign.rounds.get(key="1a")
    before = row.segment_text

    with pytest.raises(CampaignRefused, match="segment_text"):
        editing.set_round_segment(row, None, "bought(", by=demo_store.owner, now=demo_store.now)

    row.refresh_from_db()
    assert row.segment_text == before
