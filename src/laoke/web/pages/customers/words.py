"""The words of stages, groups, classes and channels as pages show them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from laoke.customers.models import REFUSED_PURPOSES
from laoke.web.components.base import Words
from laoke.web.components.words import Tone

LIFECYCLES: dict[str, Words] = {
    "new_customer": _("新客"),
    "active": _("活跃"),
    "silent": _("沉默"),
    "dormant": _("沉睡"),
    "nearly_lost": _("预流失"),
    "lost": _("流失"),
    "prospect": _("潜客"),
}
GROUPS: dict[str, Words] = {"loyal": _("忠诚"), "active": _("活跃"), "ordinary": _("一般")}
GROUP_TONES: dict[str, Tone] = {"loyal": "brand", "active": "", "ordinary": "line"}
RFM: dict[str, Words] = {
    "key_value": _("重要价值"),
    "key_recall": _("重要唤回"),
    "key_develop": _("重要发展"),
    "key_retain": _("重要挽留"),
    "general_value": _("一般价值"),
    "general_keep": _("一般保持"),
    "general_new": _("一般发展"),
    "general_lost": _("一般挽留"),
}
LIFECYCLE_MEANS: dict[str, Words] = {
    "new_customer": _("刚买过第一次，重在第二单"),
    "active": _("近来在买，照常往来"),
    "silent": _("有一阵没来了，该提醒一下"),
    "dormant": _("大半年没来，要有理由才回来"),
    "nearly_lost": _("一年多没来，再不联系就难了"),
    "lost": _("两年左右没来，多半不会自己回来"),
    "prospect": _("留过资料，还没买过"),
}
RFM_MEANS: dict[str, Words] = {
    "key_value": _("来得近、买得勤、花得多"),
    "key_recall": _("买得勤、花得多，但有一阵没来"),
    "key_develop": _("来得近、花得多，次数还少"),
    "key_retain": _("花得多，但次数少、很久没来"),
    "general_value": _("来得近、买得勤，每次花得不多"),
    "general_keep": _("买得勤，但花得不多、很久没来"),
    "general_new": _("来得近，次数和金额都还少"),
    "general_lost": _("次数少、花得少、很久没来"),
}
CHANNELS: dict[str, Words] = {
    "sms": _("短信"),
    "email": _("邮件"),
    "call": _("电话"),
    "handover": _("名单导出"),
}
PURPOSES: dict[str, Words] = dict(REFUSED_PURPOSES)
# What a refusal of each purpose does.
PURPOSE_MEANS: dict[str, Words] = {
    "all": _("这个渠道上什么都不再发"),
    "marketing": _("不再发营销消息，发货、售后这些通知照发"),
    "care": _("不再发发货、质保、售后这些通知"),
    "profiling": _("不再按买过什么挑中这个人，所以按人群发的轮次都会跳过"),
}
CHANNEL_ICONS = {"sms": "sms", "email": "mail", "call": "phone", "handover": "download"}
REACH_REASONS: dict[str, Words] = {
    "opted_out": _("已退订"),
    "tag": _("有不打扰标签"),
    "dead_contact": _("空号或停机"),
    "invalid": _("号码无效"),
    "masked": _("号码已脱敏"),
    "no_contact": _("没有联系方式"),
    "no_profiling": _("不愿被分析挑选"),
    "no_consent": _("没有同意"),
    "consent_expired": _("同意已过期"),
}
PHONE_STATES: dict[str, Words] = {
    "valid": _("可用"),
    "invalid": _("号码无效"),
    "masked": _("已脱敏"),
    "none": _("没有"),
    "dead": _("空号或停机"),
}
ORDER_STATES: dict[str, Words] = {
    "unpaid": _("没付款"),
    "paid": _("已付款"),
    "partly_shipped": _("部分发货"),
    "shipped": _("已发货"),
    "signed": _("已签收"),
    "finished": _("交易成功"),
    "closed_unpaid": _("没付款，已关闭"),
    "closed_refunded": _("全额退款，已关闭"),
}
KEY_KINDS: dict[str, Words] = {
    "nick": _("旺旺昵称"),
    "member": _("会员编号"),
    "open_uid": _("应用内买家标识"),
    "ouid": _("买家加密标识"),
    "omid": _("商家内买家标识"),
    "wecom": _("企业微信"),
}
IMPORTANCE: tuple[Words, ...] = (_("没标"), _("很低"), _("低"), _("中"), _("高"), _("很高"))
WEEKDAYS: tuple[Words, ...] = (_("周一"), _("周二"), _("周三"), _("周四"), _("周五"), _("周六"), _("周日"))


def missing_reach(channel: str, phone_state: str, email_state: str) -> str:
    """Why a person about whom nothing was decided cannot be reached, in the order the mirror uses."""
    state = email_state if channel == "email" else "valid" if channel == "handover" else phone_state
    return {"valid": "no_consent", "none": "no_contact", "dead": "dead_contact"}.get(state, state)
