"""A round in the browser: text, checks, test, sending, pausing, lists; who may and who may not."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from laoke.campaigns.models import Round
from laoke.dispatch.handover import file_path
from laoke.dispatch.list_files import forget_due
from laoke.dispatch.models import HandoverFile, Message
from laoke.shops.models import AuditEvent
from tests.people import Demo
from tests.web_campaigns.planned import planned

ACTS = ("round_launch", "round_pause", "round_resume", "round_cancel", "round_unprepare", "round_test")


def third(demo: Demo) -> Round:
    return planned(demo).rounds.get(key="3")


def fields(row: Round, **changed: Any) -> dict[str, Any]:
    given = {
        "way": f"gateway-{row.gateway_id}" if row.gateway_id else "handover",
        "segment": row.segment.name if row.segment else "",
        "segment_text": "",
        "opens_at": f"{row.opens_at:%Y-%m-%dT%H:%M}",
        "closes_at": f"{row.closes_at:%Y-%m-%dT%H:%M}",
        "offer": "0",
        "signature": row.signature,
        "text": row.body,
    }
    return {**given, **changed}


def test_the_page_opens_before_people_are_counted_and_asks_for_the_checks(demo: Demo) -> None:
    row, client = third(demo), demo.client()
    page = client.get(reverse("round", args=[row.pk]))
    checks = client.get(reverse("round_checks", args=[row.pk]))

    assert reverse("round_checks", args=[row.pk]) in page.content.decode()
    assert checks.context["part"].todo.items[0].text == "试发"
    assert checks.context["part"].funnel.steps[0].people > 0
    assert "还不能发" in checks.content.decode()


def test_the_text_is_previewed_as_received(demo: Demo) -> None:
    row, client = third(demo), demo.client()
    url = reverse("round_preview", args=[row.pk])

    text = client.post(url, fields(row, text="${buyer_nick}，到店看看，拒收请回复R")).content.decode()
    wrong = client.post(url, fields(row, text="没有退订")).content.decode()
    hostile = client.post(url, fields(row, text="<img src=x>，拒收请回复R")).content.decode()

    assert "字 · 1 条" in text and "会员昵称" not in text.split("bubble")[1][:80]
    assert "营销短信要以" in wrong
    assert "<img" not in hostile and "&lt;img" in hostile


def test_the_phone_shows_the_coupon_as_it_will_be_sent(demo: Demo) -> None:
    row, client = planned(demo).rounds.get(key="1b"), demo.client()
    row.variables = {"coupon_value": "37"}
    row.save(update_fields=["variables"])

    page = client.get(reverse("round", args=[row.pk])).content.decode()
    typed = client.post(reverse("round_preview", args=[row.pk]), fields(row, var_coupon_value="44"))

    assert "进店可领老客券37元" in page
    assert "进店可领老客券44元" in typed.content.decode()


def test_a_window_outside_the_hours_is_refused_with_one_that_would_do(demo: Demo) -> None:
    row, client = third(demo), demo.client()
    url = reverse("round_edit", args=[row.pk])
    late = fields(row, opens_at="2026-11-10T20:30", closes_at="2026-11-10T23:00")

    refused = client.post(url, late)
    proposed = refused.context["page"].proposed
    row.refresh_from_db()
    assert refused.status_code == 422 and proposed is not None
    assert row.opens_at == datetime(2026, 11, 10, 18, 0)

    taken = client.post(
        url, {**late, "use_proposal": "1", "proposed_start": proposed[0], "proposed_end": proposed[1]}
    )
    row.refresh_from_db()
    assert taken.status_code == 302
    assert f"{row.opens_at:%Y-%m-%dT%H:%M}" == proposed[0]


def test_a_filter_that_is_none_is_refused_at_its_field(demo: Demo) -> None:
    row = third(demo)
    answer = demo.client().post(
        reverse("round_edit", args=[row.pk]), fields(row, segment="", segment_text="bought(((")
    )

    assert answer.status_code == 422
    assert "人群写法不对" in answer.context["page"].form.errors["segment_text"][0]


def test_a_test_to_a_real_number_is_refused_on_a_loopback(demo: Demo) -> None:
    row, client = third(demo), demo.client()
    url = reverse("round_test", args=[row.pk])

    client.post(url, {"number": "13800138000"})
    row.refresh_from_db()
    assert row.test_occasion is None
    client.post(url, {"number": "10000000001"})
    row.refresh_from_db()
    assert row.test_occasion is not None
    state = client.get(reverse("round_test_state", args=[row.pk]))
    assert "待发" in state.content.decode() and "HX-Trigger" not in state


@pytest.fixture
def listed(demo: Demo) -> Round:
    """The second round, a hand-over list, launched within its window."""
    from laoke.campaigns.editing import set_round_offer
    from laoke.customers import consent
    from laoke.customers.models import Customer

    row = planned(demo).rounds.select_related("campaign__shop").get(key="2")
    declared = consent.Declaration(
        channel="handover", role="seller", wording_version="1",
        wording="我同意半亩棉旗舰店通过平台工具向我发送优惠，可随时退订。",
        collected_from=datetime(2024, 1, 1).date(), collected_to=datetime(2026, 11, 8).date(), proof="测试",
    )  # fmt: skip
    people = list(Customer.objects.values_list("person_id", flat=True))
    consent.declare(demo.shop, declared, by=demo.owner, now=demo.now, only=people)
    set_round_offer(row, None, by=demo.owner, now=demo.now)
    demo.client().post(reverse("round_launch", args=[row.pk]))
    row.refresh_from_db()
    return row


def test_a_list_is_launched_built_and_taken_along_with_a_trace(demo: Demo, listed: Round) -> None:
    client = demo.client()
    assert listed.state == "running"
    client.post(reverse("round_lists", args=[listed.pk]))
    assert listed.occasion is not None
    file = listed.occasion.handover_files.get()

    got = client.post(reverse("round_list_file", args=[listed.pk, file.pk]), {"as": "csv"})

    body = b"".join(got.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert len(body.splitlines()) == file.people + 1
    assert (
        AuditEvent.objects.filter(act="handover.download", actor=demo.owner, count=file.people).count() == 1
    )
    page = client.get(reverse("round", args=[listed.pk])).content.decode()
    assert "第 1 份" in page and "从人群到发出" in page
    assert "没送到的占" not in page, "nobody has told anything yet"


def test_a_round_by_lists_speaks_of_lists_and_of_no_test(demo: Demo, listed: Round) -> None:
    client, url = demo.client(), reverse("round", args=[listed.pk])
    before = client.get(url).context["page"]
    client.post(reverse("round_lists", args=[listed.pk]))
    after = client.get(url).context["page"]

    assert [(str(step.label), step.state) for step in before.stepper.steps] == [
        ("人群", "done"), ("内容", "done"), ("检查", "done"), ("备名单", "current"), ("结果", ""),
    ]  # fmt: skip
    assert [str(step.fact) for step in before.stepper.steps[-2:]] == ["", ""]
    assert str(before.status.text) == "等备名单"
    people = listed.occasion.messages.filter(arm="treated").count()  # type: ignore[union-attr]
    assert [(str(step.fact), step.state) for step in after.stepper.steps[-2:]] == [
        (f"{people} 人", "done"), ("送达 0", "current"),
    ]  # fmt: skip
    assert str(after.status.text) == "名单已交"


def test_a_forgotten_list_says_when_and_can_be_written_again(demo: Demo, listed: Round) -> None:
    client = demo.client()
    client.post(reverse("round_lists", args=[listed.pk]))
    assert listed.occasion is not None
    file = listed.occasion.handover_files.get()
    HandoverFile.objects.update(forget_asked_at=demo.now)
    assert forget_due(demo.now) == 1
    page = client.get(reverse("round", args=[listed.pk])).content.decode()
    assert "已忘掉" in page and "再写一份" in page and 'value="csv"' not in page
    assert file.sha256[:12] in page

    answer = client.post(reverse("round_list_file", args=[listed.pk, file.pk]), follow=True)

    assert "第 1 份名单重新写好了" in answer.content.decode()
    assert "再写一份" not in answer.content.decode()
    assert file_path(listed.occasion.handover_files.get()).is_file()


def test_a_list_forgotten_while_it_is_asked_for_is_no_failure_and_no_download(
    demo: Demo, listed: Round, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = demo.client()
    client.post(reverse("round_lists", args=[listed.pk]))
    assert listed.occasion is not None
    file = listed.occasion.handover_files.get()
    path_of = file_path

    def forgotten_meanwhile(asked: HandoverFile, *, as_csv: bool) -> Path:
        path = path_of(asked, as_csv=as_csv)
        path.unlink()
        HandoverFile.objects.update(forgotten_at=demo.now)
        return path

    monkeypatch.setattr("laoke.dispatch.handover.file_path", forgotten_meanwhile)
    answer = client.post(reverse("round_list_file", args=[listed.pk, file.pk]), {"as": "csv"}, follow=True)

    assert answer.status_code == 200
    assert "这份名单刚被忘掉，可以再写一份" in answer.content.decode()
    file.refresh_from_db()
    assert file.downloaded_at is None
    assert not AuditEvent.objects.filter(act="handover.download").exists()


def test_results_that_are_no_table_are_refused_in_words(demo: Demo, listed: Round) -> None:
    client = demo.client()
    client.post(reverse("round_lists", args=[listed.pk]))
    bad = io.BytesIO(b"%PDF-1.4 nothing")
    bad.name = "result.csv"

    answer = client.post(reverse("round_results", args=[listed.pk]), {"file": bad}, follow=True)

    assert "这是 PDF 文件" in answer.content.decode()
    assert not Message.objects.filter(occasion=listed.occasion, state="delivered").exists()


def test_a_running_round_is_paused_resumed_and_cancelled(demo: Demo, listed: Round) -> None:
    client, states = demo.client(), []
    for name in ("round_pause", "round_resume", "round_cancel"):
        client.post(reverse(name, args=[listed.pk]))
        listed.refresh_from_db()
        states.append(listed.state)

    assert states == ["paused", "running", "cancelled"]
    again = client.get(reverse("round_progress", args=[listed.pk]), {"state": "running"})
    assert again["HX-Refresh"] == "true"


def test_the_funnel_opens_its_people_and_says_why_of_one(demo: Demo, listed: Round) -> None:
    client = demo.client()
    people = client.get(reverse("round_people", args=[listed.pk]), {"arm": "treated"})
    person = listed.occasion.messages.filter(arm="treated").first().person_id  # type: ignore[union-attr]

    assert people.context["page"].table.rows
    assert "没有找到" in client.get(reverse("round_why", args=[listed.pk]), {"who": "谁"}).content.decode()
    assert client.get(reverse("person_messages", args=[person])).status_code == 200
    assert client.get(reverse("person_messages", args=[1])).status_code == 404


def test_wrong_roles_read_and_may_do_nothing(demo: Demo) -> None:
    row, reader = third(demo), demo.client(demo.analyst)
    page = reader.get(reverse("round", args=[row.pk])).content.decode()
    checks = reader.get(reverse("round_checks", args=[row.pk])).content.decode()

    assert "试发一条" not in page and "改这一轮" not in page and "launch-place" not in checks
    for name in (*ACTS, "round_edit", "round_lists", "round_results", "round_preview"):
        assert reader.post(reverse(name, args=[row.pk])).status_code == 403
    assert demo.client(demo.service).get(reverse("round", args=[row.pk])).status_code == 403
    row.refresh_from_db()
    assert row.state == "draft"


def test_the_list_of_rounds_asks_a_bounded_number_of_questions(
    demo: Demo, django_assert_max_num_queries: Any
) -> None:
    planned(demo)
    client = demo.client()
    with django_assert_max_num_queries(14):
        assert len(client.get(reverse("rounds")).context["page"].table.rows) == 5
