"""Campaigns, the calendar and tasks in the browser."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.urls import reverse

from laoke.campaigns.models import Campaign
from laoke.shops.models import Role
from laoke.work.models import Task
from tests.people import Demo, person
from tests.web_campaigns.planned import planned


def test_a_campaign_is_planned_from_a_playbook_and_opens_at_its_home(demo: Demo) -> None:
    client = demo.client()
    answer = client.post(
        reverse("campaign_new"), {"playbook": "double11", "day": "2026-11-11", "name": "<b>双11</b>"}
    )

    campaign = Campaign.objects.get()
    page = client.get(answer.url).content.decode()
    assert (campaign.day, campaign.rounds.count()) == (date(2026, 11, 11), 5)
    assert "&lt;b&gt;双11" in page and "<b>双11" not in page
    assert all(phase.name in page for phase in campaign.phases.all())
    assert "没回放过" in page


def test_a_day_that_is_over_and_a_taken_name_are_refused_at_their_fields(demo: Demo) -> None:
    planned(demo, "双11")
    client = demo.client()
    form = {"playbook": "double11", "day": "2026-11-01", "name": "早了"}

    past = client.post(reverse("campaign_new"), form)
    taken = client.post(reverse("campaign_new"), {**form, "day": "2026-11-11", "name": "双11"})

    assert past.status_code == taken.status_code == 422
    assert "已经过去" in past.context["page"].form.errors["day"][0]
    assert "换个名字" in taken.context["page"].form.errors["name"][0]
    assert Campaign.objects.count() == 1


def test_what_a_round_lacks_is_asked_for_round_by_round(demo: Demo) -> None:
    row = planned(demo).rounds.get(key="3")
    page = demo.client().get(reverse("campaign_round_missing", args=[row.pk])).content.decode()

    assert "差" in page and "试发" in page and reverse("round", args=[row.pk]) in page


def test_the_calendar_shows_every_row_as_bar_and_as_list(demo: Demo) -> None:
    campaign = planned(demo)
    client = demo.client()

    assert client.get(reverse("calendar")).url == reverse("campaign_calendar", args=[campaign.pk])
    answer = client.get(reverse("campaign_calendar", args=[campaign.pk]))
    drawn = answer.context["page"].gantt
    assert len(drawn.lines) == 3 + campaign.rounds.count() + Task.objects.count()
    assert drawn.days[0].number == 27 and drawn.now_at is not None
    assert client.get(reverse("campaign_tasks", args=[campaign.pk])).status_code == 200


def test_days_are_moved_by_form(demo: Demo) -> None:
    campaign = planned(demo)
    phase, client = campaign.phases.get(key="thanks"), demo.client()
    url = reverse("campaign_phase", args=[campaign.pk, phase.pk])

    wrong = client.post(url, {"starts_at": "2026-11-20T00:00", "ends_at": "2026-11-19T00:00"})
    client.post(url, {"starts_at": "2026-11-12T00:00", "ends_at": "2026-11-25T00:00"})
    edit = reverse("campaign_edit", args=[campaign.pk])
    client.post(edit, {"part": "shift", "day": "2026-11-13"})

    campaign.refresh_from_db()
    phase.refresh_from_db()
    assert wrong.status_code == 422
    assert (campaign.day, phase.ends_at) == (date(2026, 11, 13), datetime(2026, 11, 27))


def test_no_holdout_needs_a_reason_and_keeps_the_name(demo: Demo) -> None:
    campaign, client = planned(demo), demo.client()
    edit = reverse("campaign_edit", args=[campaign.pk])

    refused = client.post(edit, {"part": "holdout", "percent": "0", "reason": " "})
    client.post(edit, {"part": "holdout", "percent": "0", "reason": "老板要全发"})

    campaign.refresh_from_db()
    assert refused.status_code == 422
    assert campaign.holdout_signed_by == demo.owner and campaign.holdout_reason == "老板要全发"
    assert "老板要全发" in client.get(reverse("campaign", args=[campaign.pk])).content.decode()


def test_targets_are_changed_day_by_day(demo: Demo) -> None:
    campaign, client = planned(demo), demo.client()
    target = campaign.targets.order_by("day").first()
    assert target is not None
    edit = reverse("campaign_edit", args=[campaign.pk])

    client.post(edit, {"part": "target", "target": target.pk, "cents": "1.2万"})

    target.refresh_from_db()
    assert target.cents == 1_200_000


def test_a_task_is_done_with_its_evidence_by_whom_it_belongs_to(demo: Demo) -> None:
    planned(demo)
    task = Task.objects.filter(role="service").order_by("number").first()
    assert task is not None and task.in_charge is not None and task.in_charge.user == demo.service
    Task.objects.filter(pk=task.pk).update(evidence_wanted="截图")
    task.after.clear()
    url = reverse("task_state", args=[task.pk])
    mine = demo.client(demo.service)

    mine.post(url, {"state": "done"})
    task.refresh_from_db()
    assert task.state == "open"
    mine.post(url, {"state": "done", "evidence": "群里第 3 张"})
    task.refresh_from_db()
    assert (task.state, task.evidence, task.done_by) == ("done", "群里第 3 张", demo.service)
    assert demo.client(demo.analyst).post(url, {"state": "open"}).status_code == 403
    assert mine.post(reverse("task", args=[task.pk]), {"title": "x"}).status_code == 403


def test_tasks_are_listed_by_due_time_with_their_views(demo: Demo) -> None:
    planned(demo)
    for view in ("open", "mine", "late", "done", "nonsense"):
        assert demo.client().get(reverse("tasks"), {"view": view, "after": "x|y"}).status_code == 200


def test_wrong_roles_get_no_buttons_and_no_way_in(demo: Demo) -> None:
    campaign = planned(demo)
    designer = demo.client(person(demo, "meigong", Role.DESIGNER))
    page = designer.get(reverse("campaign", args=[campaign.pk])).content.decode()

    assert reverse("campaign_edit", args=[campaign.pk]) not in page
    assert reverse("round", args=[campaign.rounds.all()[0].pk]) not in page
    for name in ("campaign_edit", "campaign_offers", "campaign_round_new"):
        assert designer.post(reverse(name, args=[campaign.pk])).status_code == 403
    assert designer.post(reverse("campaign_new")).status_code == 403
    assert Campaign.objects.count() == 1


def test_another_shop_does_not_see_it(demo: Demo) -> None:
    from laoke.shops.setup import add_shop, add_user

    campaign = planned(demo)
    other = add_shop("别家", now=demo.now)
    stranger, _ = add_user(
        "stranger", shops=[other], role=Role.OWNER, now=demo.now, password="kaituozhe-2026"
    )
    stranger.must_change_password = False
    stranger.save()

    assert demo.client(stranger).get(reverse("campaign", args=[campaign.pk])).status_code == 404


def test_the_home_asks_a_bounded_number_of_questions(demo: Demo, django_assert_max_num_queries: Any) -> None:
    campaign, client = planned(demo), demo.client()
    with django_assert_max_num_queries(32):
        assert client.get(reverse("campaign", args=[campaign.pk])).status_code == 200


def test_the_rhythm_has_the_moments_of_a_deposit(demo: Demo) -> None:
    from laoke.campaigns.editing import use_offer
    from laoke.promotions.offers import add_offer

    campaign = planned(demo)
    presale = {
        "name": "定金预售",
        "layer": "item",
        "mechanic": "deposit_expansion",
        "terms": {
            "deposit_cents": 2_000,
            "counts_cents": 5_000,
            "deposit_until": "2026-11-10T20:00:00",
            "balance_from": "2026-11-11T00:30:00",
        },
        "window": {"start": "2026-11-01T20:00:00", "end": "2026-11-12T00:00:00"},
    }
    offer = add_offer(demo.shop, presale, by=demo.owner, now=demo.now)
    use_offer(campaign, offer, by=demo.owner, now=demo.now)

    moments = demo.client().get(reverse("campaign", args=[campaign.pk])).context["page"].phases.moments

    told = [(str(one.title), str(one.when), str(one.text)) for one in moments]
    assert ("付定金截止", "11-10 20:00", "定金预售") in told
    assert ("付尾款开始", "11-11 00:30", "定金预售") in told
    titles = [title for title, _when, _text in told]
    assert titles.index("付定金截止") < titles.index("付尾款开始")
    assert moments[titles.index("付尾款开始")].url == reverse("offer", args=[offer.pk])
