"""Refusals of the domain as sentences for a page."""

from __future__ import annotations

from django.utils.translation import gettext, gettext_noop

from laoke.campaigns.editing import WindowRefused
from laoke.campaigns.refusals import CampaignRefused, say
from laoke.dispatch.occasions import OccasionRefused
from laoke.shops.joins import listed
from laoke.work.tasks import TaskRefused

OCCASIONS = {
    "not_planned": gettext_noop("这一轮还没有备好"),
    "over": gettext_noop("这一轮已经结束"),
    "no_gateway": gettext_noop("通道停用了，先到设置里看"),
    "nobody": gettext_noop("这一轮没有能发的人"),
    "not_draft": gettext_noop("这一轮已经开始，不能再备"),
    "not_paused": gettext_noop("这一轮没有暂停"),
    "number": gettext_noop("这个号码发不了，检查一下有没有少一位"),
}
TASKS = {
    "state": gettext_noop("没有任务状态 %(state)s"),
    "after_open": gettext_noop("先做完：%(titles)s"),
    "evidence": gettext_noop("写明凭证才能完成：%(wanted)s"),
    "role": gettext_noop("%(name)s 不在这家店"),
}


def sentence_of(refusal: Exception) -> str:
    """What to tell the user of a refusal."""
    if isinstance(refusal, WindowRefused):
        return refusal.message
    if isinstance(refusal, CampaignRefused):
        return say(refusal.code, refusal.params)
    if isinstance(refusal, OccasionRefused):
        return gettext(OCCASIONS.get(refusal.code, gettext_noop("现在做不了这一步")))
    if isinstance(refusal, TaskRefused):
        shown = {
            name: listed(value) if isinstance(value, list) else value
            for name, value in refusal.params.items()
        }
        return gettext(TASKS[refusal.code]) % shown
    raise refusal
