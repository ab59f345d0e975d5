"""A round from draft to done: checks that lead on, arms on record, launch, pause, lists and their results."""

import shutil
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from laoke.audiences.segments import archive_segment, save_segment
from laoke.campaigns import editing, rounds
from laoke.campaigns.arms import recorded_arms
from laoke.campaigns.changes import Changes, apply_changes
from laoke.campaigns.checks import check_round
from laoke.campaigns.lists import export_lists, import_list_results
from laoke.campaigns.models import CampaignState, RoundState
from laoke.campaigns.planning import plan
from laoke.campaigns.playbook import playbook
from laoke.campaigns.refusals import CampaignRefused
from laoke.customers.consent import Declaration, declare
from laoke.customers.models import Customer
from laoke.customers.vault import Contact, store_contacts
from laoke.dispatch.models import Gateway, Message, Occasion
from laoke.dispatch.worker import send_turn
from laoke.promotions.backtesting import LOSSES, backtest
from laoke.promotions.offers import edit_offer
from laoke.shops.models import AuditEvent
from laoke.web.pages.campaigns.home import verdict_of
from tests.campaigns.stores import bought
from tests.dispatch.rounds import ONE_BY_ONE, FakeChannel

PEOPLE = range(1, 201)


@pytest.fixture
def campaign(demo_store):
    """200 buyers with numbers of the range that is never assigned, nobody asked for consent yet."""
    store = demo_store
    store.sold(*[bought(f"A{p}", p, date(2026, 9, 1)) for p in PEOPLE])
    store_contacts(store.shop, [Contact(p, nick=f"客户{p}", phone=f"100{p:08d}") for p in PEOPLE])
    return plan(playbook("double11"), date(2026, 11, 11), store.shop, by=store.owner, clock=store.clock)


def consent(store, channel):
    declared = Declaration(
        channel, "店长", "收货时勾选同意接收活动短信", "v1", date(2026, 1, 1), store.now.date(), "订单页截图"
    )
    declare(store.shop, declared, by=store.owner, now=store.now)


def checks(row, store):
    return {check.code: check for check in check_round(row, store.now).checks}


def sendable(row, store):
    """An SMS round to everyone with consent and its test message accepted."""
    consent(store, "sms")
    editing.set_round_segment(row, None, "bought", by=store.owner, now=store.now)
    occasion = rounds.send_round_test(row, "10000009999", by=store.owner, clock=store.clock)
    send_turn(
        "w", store.clock.now, settings=ONE_BY_ONE, channel_for=lambda g: FakeChannel(), only=[occasion.pk]
    )
    return row


def test_without_consent_the_check_leads_to_consent_and_nothing_is_launched(campaign, demo_store):
    row = campaign.rounds.get(key="1c")
    editing.set_round_segment(row, None, "bought", by=demo_store.owner, now=demo_store.now)

    found = checks(row, demo_store)
    with pytest.raises(CampaignRefused) as error:
        rounds.launch_round(row, by=demo_store.owner, clock=demo_store.clock)

    assert (found["reachable"].state, found["reachable"].leads_to) == ("missing", "consent")
    assert "没有同意的依据" in found["reachable"].text
    assert (error.value.code, error.value.params["codes"]) == ("checks_failed", ["reachable", "test"])
    assert not Occasion.objects.exists() and not Message.objects.exists()


def test_a_round_to_a_segment_that_was_put_away_says_so_and_goes_to_nobody(campaign, demo_store):
    by, now = demo_store.owner, demo_store.now
    inner = save_segment(demo_store.shop, "老朋友", "bought", by=by, now=now)
    row = sendable(campaign.rounds.get(key="1c"), demo_store)
    editing.set_round_segment(row, None, 'segment("老朋友")', by=by, now=now)
    archive_segment(inner, now=now)
    before = Message.objects.count()

    found = checks(row, demo_store)["segment"]
    with pytest.raises(CampaignRefused) as launched:
        rounds.launch_round(row, by=by, clock=demo_store.clock)
    with pytest.raises(CampaignRefused) as planned:
        rounds.prepare_round(row, by=by, clock=demo_store.clock)
    with pytest.raises(CampaignRefused) as edited:
        editing.set_round_segment(row, None, 'segment("没有")', by=by, now=now)

    assert (found.state, "人群“老朋友”已经收起" in found.text) == ("missing", True)
    assert "segment" in launched.value.params["codes"]
    assert planned.value.code == edited.value.code == "segment_text"
    assert Message.objects.count() == before


def test_a_round_whose_segment_names_a_tag_that_nobody_made_is_held_back(campaign, demo_store):
    row = sendable(campaign.rounds.get(key="1c"), demo_store)
    editing.set_round_segment(
        row, None, 'bought and not tag("挑踢")', by=demo_store.owner, now=demo_store.now
    )

    found = checks(row, demo_store)["segment"]

    assert (found.state, found.sentence) == ("missing", "segment_tags")
    assert "挑踢" in found.text


def test_the_test_message_must_have_carried_exactly_this_text(campaign, demo_store):
    row = sendable(campaign.rounds.get(key="1c"), demo_store)
    assert checks(row, demo_store)["test"].state == "ok"

    editing.set_round_text(row, row.body.replace("全店", "全部"), by=demo_store.owner, now=demo_store.now)

    found = checks(row, demo_store)["test"]
    assert (found.state, found.sentence) == ("missing", "test_stale")


def test_a_number_that_is_none_is_not_tested(campaign, demo_store):
    with pytest.raises(CampaignRefused) as error:
        rounds.send_round_test(
            campaign.rounds.get(key="1c"), "12345", by=demo_store.owner, clock=demo_store.clock
        )
    assert error.value.code == "number"


def test_text_signature_quota_and_hours_are_checked(campaign, demo_store):
    row = campaign.rounds.get(key="1c")
    consent(demo_store, "sms")
    Gateway.objects.filter(pk=row.gateway_id).update(quota_left=10)
    row.gateway.refresh_from_db()
    editing.set_round_segment(row, None, "bought", by=demo_store.owner, now=demo_store.now)
    editing.set_round_text(row, "全网第一，便宜", signature="", by=demo_store.owner, now=demo_store.now)

    found = checks(row, demo_store)
    assert {code for code, check in found.items() if check.state == "missing"} == {
        "signature", "text", "opt_out", "quota", "test",
    }  # fmt: skip
    assert found["quota"].params["left"] == "10"

    demo_store.now = datetime(2026, 11, 6, 9)
    assert checks(row, demo_store)["hours"].sentence == "window_over"


def test_an_offer_needs_a_backtest_that_was_seen_after_its_last_change(campaign, demo_store):
    store, row = demo_store, campaign.rounds.get(key="2")
    offer = row.offer
    assert checks(row, store)["backtest"].sentence == "backtest_none"

    seen = backtest(
        store.shop, [offer], date(2026, 9, 1), date(2026, 9, 1), by=store.owner, clock=store.clock
    )
    assert editing.backtest_seen(campaign, seen) == 1
    costless = checks(campaign.rounds.get(key="2"), store)["backtest"]
    assert (costless.sentence, costless.state) == ("backtest_costless", "warning"), (
        "no product has a cost here"
    )
    link = campaign.campaign_offers.select_related("offer", "backtest").get(offer=offer)
    assert str(verdict_of(link).text) == "成本未知"
    seen.result |= dict.fromkeys(LOSSES, 0)
    seen.save()
    known = checks(campaign.rounds.get(key="2"), store)["backtest"]
    assert (known.sentence, known.state) == ("backtest_seen", "ok")

    edit_offer(offer, offer.terms, by=store.owner, now=store.now + timedelta(minutes=1))
    assert checks(campaign.rounds.get(key="2"), store)["backtest"].sentence == "backtest_stale"


def test_a_text_may_not_name_another_value_than_the_coupons(campaign, demo_store):
    store = demo_store
    coupon = campaign.campaign_offers.get(offer__mechanic="shop_coupon").offer
    told = campaign.rounds.get(key="1b").variables["coupon_value"]
    assert checks(campaign.rounds.get(key="1b"), store)["coupon"].text == f"{told} 元，和活动的券一样"
    assert "coupon" not in checks(campaign.rounds.get(key="1a"), store), "its text names no coupon"

    dearer = {**coupon.terms, "terms": {**coupon.terms["terms"], "face_cents": 3_050}}
    edit_offer(coupon, dearer, by=store.owner, now=store.now)
    found = checks(campaign.rounds.get(key="1b"), store)["coupon"]
    assert (found.state, found.leads_to) == ("missing", "text")
    assert found.text == f"文字里写的券是 {told} 元，活动的券是 30.50 元，改成一样的"

    row = campaign.rounds.get(key="1b")
    editing.set_round_text(row, row.body, variables={"coupon_value": "30.50"}, by=store.owner, now=store.now)
    assert checks(campaign.rounds.get(key="1b"), store)["coupon"].state == "ok"


def test_a_launch_puts_every_person_on_record_and_workers_send(campaign, demo_store):
    store, row = demo_store, sendable(campaign.rounds.get(key="1c"), demo_store)

    funnel = rounds.launch_round(row, by=store.owner, clock=store.clock)

    assert funnel.segment == 200 and funnel.treated + funnel.held_out == 200
    assert 8 <= funnel.held_out <= 35
    assert row.state == RoundState.RUNNING
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    # Not before the window opens.
    channel = FakeChannel()
    send_turn("w", store.clock.now, settings=ONE_BY_ONE, channel_for=lambda g: channel)
    assert channel.taken == []
    store.now = datetime(2026, 11, 3, 8, 1)
    send_turn("w", store.clock.now, settings=ONE_BY_ONE, channel_for=lambda g: channel)
    assert len(channel.taken) == len(set(channel.taken)) == funnel.treated
    status = rounds.round_status(row, store.now + timedelta(minutes=1))
    assert status.progress.states == {"accepted": funnel.treated, "held_out": funnel.held_out}
    assert status.per_minute == funnel.treated / 2


def test_a_running_round_is_paused_resumed_and_cancelled(campaign, demo_store):
    store, row = demo_store, sendable(campaign.rounds.get(key="1c"), demo_store)
    with pytest.raises(CampaignRefused, match="not_running"):
        rounds.pause_round(row, by=store.owner, now=store.now)
    funnel = rounds.launch_round(row, by=store.owner, clock=store.clock)

    rounds.pause_round(row, by=store.owner, now=store.now, reason="看一眼")
    assert row.state == RoundState.PAUSED
    rounds.resume_round(row, by=store.owner, now=store.now)
    assert row.state == RoundState.RUNNING
    assert rounds.cancel_round(row, by=store.owner, now=store.now) == funnel.treated
    assert row.state == RoundState.CANCELLED
    with pytest.raises(CampaignRefused, match="over"):
        rounds.cancel_round(row, by=store.owner, now=store.now)


def test_a_prepared_round_is_prepared_anew_on_its_frozen_people(campaign, demo_store):
    store, row = demo_store, campaign.rounds.get(key="2")
    first = rounds.prepare_round(row, by=store.owner, clock=store.clock)
    assert (first.segment, first.treated) == (200, 0)
    with pytest.raises(CampaignRefused, match="round_not_draft"):
        editing.set_round_segment(row, None, "bought(9+)", by=store.owner, now=store.now)
    consent(store, "handover")

    second = rounds.prepare_round(row, by=store.owner, clock=store.clock)

    assert second.treated + second.held_out == 200
    assert Occasion.objects.filter(ref_id=row.pk).count() == 1
    rounds.unprepare_round(row, by=store.owner, now=store.now)
    assert (row.state, row.snapshot, row.occasion) == (RoundState.DRAFT, None, None)


def test_later_rounds_keep_the_arms_of_earlier_ones(campaign, demo_store):
    store = demo_store
    consent(store, "handover")
    first = campaign.rounds.get(key="1a")
    apply_changes(first, Changes(channel="handover", segment="bought"), by=store.owner, now=store.now)
    rounds.launch_round(first, by=store.owner, clock=store.clock)
    # One person's record says the opposite of the hash; another was merged from both arms.
    treated = first.occasion.messages.filter(arm="treated").first()
    Message.objects.filter(pk=treated.pk).update(arm="held_out", state="held_out")
    held = first.occasion.messages.filter(arm="held_out").exclude(pk=treated.pk).first()
    other = first.occasion.messages.filter(arm="treated").first()
    Customer.objects.filter(pk=held.person_id).update(person_id=other.person_id)

    assert recorded_arms(campaign)[treated.person_id] == {"held_out"}
    assert recorded_arms(campaign)[other.person_id] == {"held_out", "treated"}
    second = campaign.rounds.get(key="2")
    apply_changes(second, Changes(offer="0"), by=store.owner, now=store.now)
    rounds.launch_round(second, by=store.owner, clock=store.clock)

    arms = dict(second.occasion.messages.values_list("person_id", "arm"))
    before = dict(first.occasion.messages.values_list("person_id", "arm"))
    assert arms[treated.person_id] == "held_out"
    # The segment was counted before the merge, so both numbers of the merged person stand in it.
    same = set(arms) & set(before) - {held.person_id, other.person_id}
    assert len(same) == 198 and all(arms[person] == before[person] for person in same)


def test_a_rounds_own_holdout_says_nothing_of_the_campaigns(campaign, demo_store):
    store, row = demo_store, campaign.rounds.get(key="2")
    consent(store, "handover")
    editing.set_round_offer(row, None, by=store.owner, now=store.now)
    editing.set_round_holdout(row, Decimal(30), by=store.owner, now=store.now)

    funnel = rounds.launch_round(row, by=store.owner, clock=store.clock)

    assert row.occasion.rules["holdout"] == {"campaign": 1_000, "round": 3_000}
    assert 50 <= funnel.held_out <= 100
    assert set().union(*recorded_arms(campaign).values()) == {"treated"}


def test_a_list_is_handed_over_and_its_results_come_back(campaign, demo_store, tmp_path):
    store, row = demo_store, campaign.rounds.get(key="2")
    consent(store, "handover")
    editing.set_round_offer(row, None, by=store.owner, now=store.now)
    with pytest.raises(CampaignRefused, match="not_running"):
        export_lists(row, tmp_path, by=store.owner, now=store.now)
    funnel = rounds.launch_round(row, by=store.owner, clock=store.clock)
    with pytest.raises(CampaignRefused, match="too_early"):
        export_lists(row, tmp_path, by=store.owner, now=store.now)

    opened = datetime(2026, 11, 6, 9)
    lists = export_lists(row, tmp_path, by=store.owner, now=opened, max_rows=100)

    assert [one.people for one in lists] == [100, funnel.treated - 100]
    names = [path.name for one in lists for path in one.files if path.suffix == ".csv"]
    lines = (tmp_path / names[0]).read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 101
    result = tmp_path / names[0].replace(".csv", "-结果.csv")
    numbers = [line.split(",")[0] for line in lines[1:]]
    result.write_text("编号,状态\n" + "".join(f"{n},成功\n" for n in numbers), encoding="utf-8")
    counts = import_list_results(store.shop, result, by=store.owner, now=opened)
    assert (counts["rows"], counts["delivered"]) == (100, 100)
    assert rounds.round_status(row, opened).progress.states["delivered"] == 100


def test_a_list_that_is_open_in_excel_is_not_overwritten_and_no_copy_goes_unrecorded(
    campaign, demo_store, tmp_path, monkeypatch
):
    store, row = demo_store, campaign.rounds.get(key="2")
    consent(store, "handover")
    editing.set_round_offer(row, None, by=store.owner, now=store.now)
    rounds.launch_round(row, by=store.owner, clock=store.clock)
    opened, real = datetime(2026, 11, 6, 9), shutil.copyfile

    def copied(source, target):
        if target.suffix == ".csv":
            raise PermissionError(13, "另一个程序正在使用此文件", str(target))
        return real(source, target)

    monkeypatch.setattr(shutil, "copyfile", copied)
    with pytest.raises(CampaignRefused) as refused:
        export_lists(row, tmp_path / "lists", by=store.owner, now=opened)
    assert "另一个程序正在使用此文件" in refused.value.message
    assert list((tmp_path / "lists").iterdir()) == []
    assert not AuditEvent.objects.filter(act="handover.download").exists()

    monkeypatch.setattr(shutil, "copyfile", real)
    row.refresh_from_db()
    (one,) = export_lists(row, tmp_path / "lists", by=store.owner, now=opened)
    assert sorted(path.suffix for path in one.files) == [".csv", ".xlsx"]
    assert AuditEvent.objects.filter(act="handover.download").count() == 1


def test_a_stranger_file_of_results_is_asked_about(store, tmp_path):
    file = tmp_path / "result.csv"
    file.write_text("编号,状态\n1,成功\n", encoding="utf-8")
    with pytest.raises(CampaignRefused, match="which_list"):
        import_list_results(store.shop, file, by=store.owner, now=store.now)
