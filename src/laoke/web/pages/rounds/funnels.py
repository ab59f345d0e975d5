"""The funnel of a round and why one person did or did not get it."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext

from laoke.campaigns.checks import reason_label
from laoke.campaigns.models import Round
from laoke.customers.profiles import find_people, masks_of
from laoke.dispatch.models import Arm, Message, MessageState
from laoke.dispatch.planning import Funnel
from laoke.web import components as ui
from laoke.web.pages.rounds.states import message_status, reason_word


def funnel_of(found: Funnel, row: Round) -> ui.Funnel:
    """人群 − what leaves, in the order of asking = 可以发 − 对照 = 这一轮发 − what left later = 发出的."""
    list_url = reverse("round_people", args=[row.pk]) if row.occasion_id else ""

    def url(**query: str) -> str:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        return f"{list_url}?{text}" if list_url else ""

    steps = [ui.FunnelStep(gettext("人群"), found.segment)]
    steps += [
        ui.FunnelStep(reason_label(code), count, lost=True, url=url(reason=code))
        for code, count in found.left_out
    ]
    if found.left_out:
        steps.append(ui.FunnelStep(gettext("可以发"), found.passed))
    if found.held_out:
        steps.append(ui.FunnelStep(gettext("对照"), found.held_out, lost=True, url=url(arm="held_out")))
    steps.append(ui.FunnelStep(gettext("这一轮发"), found.treated, url=url(arm="treated")))
    if found.later:
        steps += [
            ui.FunnelStep(reason_label(code), count, lost=True, url=url(later=code))
            for code, count in found.later
        ]
        left = found.treated - sum(count for _, count in found.later)
        steps.append(ui.FunnelStep(gettext("留下的"), left))
    return ui.Funnel(steps)


@dataclass(frozen=True)
class WhyAnswer:
    """What became of one person in this round."""

    asked: str
    people: list[tuple[str, str, ui.Status | str, str]]
    none: str = ""


def why(row: Round, asked: str) -> WhyAnswer:
    """Find a person by whole nick, number or key and say what became of them."""
    shop = row.campaign.shop
    people = find_people(shop, asked)
    if not people:
        return WhyAnswer(asked, [], gettext("没有找到这个人，要写完整的会员名或号码"))
    masks = masks_of(shop, people)
    known = {}
    if row.occasion_id:
        rows = Message.objects.filter(occasion_id=row.occasion_id, person_id__in=people)
        known = {message.person_id: message for message in rows}
    answers = []
    for person in people:
        title = masks[person].title if person in masks and masks[person].title else gettext("没有会员名")
        answers.append((title, reverse("person_messages", args=[person]), *fate(known.get(person), row)))
    return WhyAnswer(asked, answers)


def fate(message: Message | None, row: Round) -> tuple[ui.Status | str, str]:
    """State and sentence of one person's message in this round."""
    if message is None:
        text = gettext("不在这一轮的人群里") if row.occasion_id else gettext("这一轮还没备好，备好后能查")
        return "", text
    if message.arm == Arm.HELD_OUT:
        return message_status(message.state), gettext("分在对照里，不发，用来比")
    if message.state == MessageState.SUPPRESSED or message.arm == Arm.NONE:
        return message_status(message.state), reason_label(message.reason)
    return message_status(message.state), reason_word(message.reason)
