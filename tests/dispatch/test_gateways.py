"""Accounts, rehearsals, one's own test message, and texts."""

from __future__ import annotations

import pytest

from laoke.customers.models import DeadContact
from laoke.dispatch import occasions
from laoke.dispatch.channels.base import Outcome
from laoke.dispatch.gateways import (
    GatewayRefused,
    channel_for,
    gateway_of_hook,
    is_rehearsal,
    make_gateway,
    make_loopback_gateway,
)
from laoke.dispatch.models import MessageTemplate
from laoke.dispatch.templates import TemplateRefused, make_template, preview_text
from laoke.dispatch.worker import send_test, send_turn
from laoke.shops.models import Shop
from tests.dispatch.rounds import BODY, ONE_BY_ONE, SIGN, FakeChannel, Reach, phone, reach_shop, states

REAL = {"access_key": "LTAI", "endpoint": "dysmsapi.aliyuncs.com"}


def real_gateway(reach: Reach, shop: Shop):  # type: ignore[no-untyped-def]
    return make_gateway(
        shop, name="阿里云", provider="aliyun", settings=REAL, secrets={"secret": "geheim"}, now=reach.clock.now(),
        by=reach.owner,
    )  # fmt: skip


def test_a_demo_shop_may_use_loopbacks_only(reach: Reach) -> None:
    with pytest.raises(GatewayRefused, match="demo_needs_loopback"):
        real_gateway(reach, reach.shop)
    assert reach.shop.gateways.count() == 1


def test_a_loopback_row_that_points_outside_is_refused(reach: Reach) -> None:
    reach.gateway.settings["endpoint"] = "dysmsapi.aliyuncs.com"
    reach.gateway.settings.pop("absence_proof_after_s")
    with pytest.raises(GatewayRefused, match="demo_needs_loopback"):
        channel_for(reach.gateway)


def test_secrets_are_sealed_and_the_loopback_follows_its_environment(
    reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert b"loopback-secret" not in bytes(reach.gateway.sealed_secret)
    monkeypatch.setenv("LAOKE_LOOPBACK", "127.0.0.1:9999")
    assert channel_for(reach.gateway).endpoint == "127.0.0.1:9999"  # type: ignore[attr-defined]
    assert make_loopback_gateway(reach.shop, now=reach.clock.now()) == reach.gateway
    assert gateway_of_hook(reach.gateway.settings["hook"]) == reach.gateway
    assert gateway_of_hook("") is None


def test_a_real_shop_on_a_loopback_rehearses_and_keeps_nothing_it_says(
    reach: Reach, channel: FakeChannel
) -> None:
    real = reach_shop(reach.clock, "真店", demo=False)
    gateway = real_gateway(reach, real.shop)
    assert is_rehearsal(real.shop, real.gateway)
    assert not is_rehearsal(real.shop, gateway)
    assert not is_rehearsal(reach.shop, reach.gateway)
    occasion = reach.occasion(reach.people(1))
    Shop.objects.filter(pk=reach.shop.pk).update(is_demo=False)
    channel.answers[phone(1)] = Outcome("rejected", code="isv.MOBILE_NUMBER_ILLEGAL", dead_contact=True)
    send_turn("w1", reach.clock.now, settings=ONE_BY_ONE, channel_for=lambda gateway: channel)
    assert states(occasion) == {"rejected": 1}
    assert DeadContact.objects.count() == 0


def test_a_test_goes_to_one_s_own_number_at_any_hour(reach: Reach, channel: FakeChannel) -> None:
    reach.clock.at = reach.clock.at.replace(hour=23)
    occasion = send_test(
        reach.shop, reach.gateway, number="100 0000 0099", signature=SIGN, body=BODY, provider_code="SMS_1",
        variables={"buyer_nick": "小圆"}, by=reach.owner, now=reach.clock.now(),
    )  # fmt: skip
    send_turn("w1", reach.clock.now, settings=ONE_BY_ONE, channel_for=lambda gateway: channel)
    assert channel.taken == ["10000000099"]
    assert channel.calls[0].recipients[0].variables == {"buyer_nick": "小圆"}
    assert occasions.progress(occasion).reached == 1
    assert "10000000099" not in str(occasion.rules)
    with pytest.raises(occasions.OccasionRefused, match="number"):
        send_test(
            reach.shop, reach.gateway, number="110", signature=SIGN, body=BODY, provider_code="SMS_1", variables={},
            by=reach.owner, now=reach.clock.now(),
        )  # fmt: skip


def test_an_empty_quota_pauses_the_round(reach: Reach, channel: FakeChannel) -> None:
    occasion = reach.occasion(reach.people(3))
    reach.gateway.quota_left = 0
    reach.gateway.save()
    send_turn("w1", reach.clock.now, settings=ONE_BY_ONE, channel_for=lambda gateway: channel)
    occasion.refresh_from_db()
    assert (occasion.state, occasion.pause_reason) == ("paused", "no_quota")
    assert channel.calls == []


def test_accepted_segments_are_taken_from_the_quota(reach: Reach, channel: FakeChannel) -> None:
    reach.gateway.quota_left = 10
    reach.gateway.save()
    reach.occasion(reach.people(3))
    send_turn("w1", reach.clock.now, settings=ONE_BY_ONE, channel_for=lambda gateway: channel)
    reach.gateway.refresh_from_db()
    assert reach.gateway.quota_left == 7


def test_a_text_is_checked_before_it_is_stored(reach: Reach) -> None:
    fields = {
        "name": "预热",
        "kind": "marketing",
        "signature": SIGN,
        "now": reach.clock.now(),
        "by": reach.owner,
    }
    with pytest.raises(TemplateRefused) as refusal:
        make_template(reach.shop, body="双十一满300减40", **fields)  # type: ignore[arg-type]
    assert [issue.code for issue in refusal.value.issues] == ["opt_out_missing"]
    assert MessageTemplate.objects.count() == 0
    template, _ = make_template(reach.shop, body=BODY, **fields)  # type: ignore[arg-type]
    changed, _ = make_template(
        reach.shop,
        body="双十一全场满300减50，拒收请回复R",
        template=template,
        **fields,  # type: ignore[arg-type]
    )
    assert changed.pk == template.pk
    assert preview_text(SIGN, BODY, price_millis=45, people=2).segment_range == (2, 2)
