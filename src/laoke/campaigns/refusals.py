"""What a campaign cannot do as it stands: codes with parameters, and the sentence of each.

CampaignRefused (Exception)   .code, .params; `say` gives the sentence
    PlaybookRefused           a playbook that cannot be read; params hold the key
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext, gettext_noop

from laoke.shops.joins import listed


class CampaignRefused(Exception):
    """An act that is refused. `code` is stable, `params` are its figures."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params

    @property
    def message(self) -> str:
        """The refusal as a sentence."""
        return say(self.code, self.params)


class PlaybookRefused(CampaignRefused):
    """A playbook that is no playbook; `params["key"]` names the place in the file."""


SENTENCES: dict[str, str] = {
    "playbook_unknown": gettext_noop("没有玩法 %(name)s，现有：%(known)s"),
    "playbook_too_large": gettext_noop("玩法文件有 %(size)s 字节，最多 %(limit)s"),
    "playbook_not_toml": gettext_noop("玩法文件不是 TOML：%(error)s"),
    "playbook_key": gettext_noop("玩法文件的 %(key)s 不对：%(problem)s"),
    "name_taken": gettext_noop("已有叫「%(name)s」的活动，换个名字，或在它上面改"),
    "day_past": gettext_noop("活动日 %(day)s 已经过去，今天是 %(today)s"),
    "campaign_unknown": gettext_noop("没有叫「%(name)s」的活动，现有：%(known)s"),
    "round_unknown": gettext_noop("没有轮次 %(key)s，这个活动有：%(known)s"),
    "round_not_draft": gettext_noop("这一轮已经%(state)s，不能再改"),
    "round_state": gettext_noop("这一轮现在是%(state)s，做不了这一步"),
    "task_unknown": gettext_noop("没有任务 %(key)s"),
    "task_state": gettext_noop("没有任务状态 %(state)s，可选：%(known)s"),
    "task_after_open": gettext_noop("先做完：%(titles)s"),
    "task_evidence": gettext_noop("写明凭证才能完成：%(wanted)s"),
    "offer_unknown": gettext_noop("没有优惠 %(offer)s，现有编号：%(known)s"),
    "no_segment": gettext_noop("这一轮还没有人群"),
    "segment_text": gettext_noop("人群写法不对：%(problem)s"),
    "no_facts": gettext_noop("还没有导入订单，先用导入页或 laoke import"),
    "no_gateway": gettext_noop("这家店还没有能发%(channel)s的通道，先在设置里加一个"),
    "channel_unbuilt": gettext_noop("还没有渠道 %(channel)s，可选：%(known)s"),
    "checks_failed": gettext_noop("还有 %(count)s 项没过：%(titles)s"),
    "window_over": gettext_noop("这一轮的时间已过（%(closes)s），先改时间"),
    "holdout_reason": gettext_noop("不留对照要由一个人签字并写理由"),
    "holdout_range": gettext_noop("对照在 0 到 50%% 之间，不能是 %(percent)s"),
    "holdout_fixed": gettext_noop("已有一轮备好，对照不能再改"),
    "nobody": gettext_noop("这一轮没有能发的人"),
    "over": gettext_noop("这一轮已经结束"),
    "not_paused": gettext_noop("这一轮没有暂停"),
    "not_running": gettext_noop("这一轮没有在发送"),
    "not_handover": gettext_noop("这一轮不是名单导出"),
    "too_early": gettext_noop("这一轮 %(not_before)s 才开始"),
    "columns": gettext_noop("文件里找不到 %(missing)s，有的列：%(found)s"),
    "too_large": gettext_noop("文件太大，读不了"),
    "not_written": gettext_noop("%(path)s 写不了：%(problem)s。开着它的程序先关掉，再导出一次"),
    "list_over": gettext_noop("这一轮已结束，名单不再写"),
    "list_settled": gettext_noop("这份名单上没有还能交出去的人"),
    "number": gettext_noop("这不是手机号，通道不收"),
    "which_list": gettext_noop("看不出是哪一轮的结果，用活动和轮次指明"),
    "text_refused": gettext_noop("文字还不能用：%(problems)s"),
    "needs_user": gettext_noop("这一步要有人签名：先建一个账号"),
    "started": gettext_noop("已有一轮备好或发出，活动不能再挪"),
    "phase_order": gettext_noop("「%(name)s」的结束要晚于开始"),
    "launch_role": gettext_noop("签字放行要%(roles)s来做"),
    "launch_reason": gettext_noop("写明为什么可以放行"),
    "launch_changed": gettext_noop("看过以后内容变了，或有人签过了，再看一遍"),
    "launch_words_long": gettext_noop("写了 %(found)s 个字，最多 %(most)s 个"),
    "launch_unsigned": gettext_noop("这个签字已经收回，或不在这个活动里"),
    "no_review_data": gettext_noop("还没有发出的轮次，没有可复盘的"),
}  # fmt: skip


def say(code: str, params: Mapping[str, Any], translate: Callable[[str], str] = gettext) -> str:
    """The sentence of a refusal."""
    return translate(SENTENCES[code]) % {name: shown(value) for name, value in params.items()}


def shown(value: object) -> str:
    """A parameter as people read it."""
    if isinstance(value, (list, tuple)):
        return listed(shown(one) for one in value)
    if isinstance(value, datetime):
        return f"{value:%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
