"""The words of the analyses: the eleven groups, with what Shopify's public reference says of each."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from laoke.web.components.base import Words

RFM_GROUPS: dict[str, Words] = {
    "champions": _("冠军"),
    "loyal": _("忠诚客户"),
    "active": _("活跃客户"),
    "new": _("新客户"),
    "promising": _("有希望"),
    "needs_attention": _("需要关注"),
    "at_risk": _("有流失风险"),
    "previously_loyal": _("曾经忠诚"),
    "almost_lost": _("快要流失"),
    "dormant": _("沉寂"),
    "prospects": _("潜在客户"),
}
RFM_WORDS: dict[str, Words] = {
    "champions": _("刚刚来过，来得最多，花得最多"),
    "loyal": _("近来来过，来得多，花得多"),
    "active": _("近来来过，来过几次，花得一般"),
    "new": _("刚刚来过，次数少，花得少"),
    "promising": _("近来来过，次数少，花得少"),
    "needs_attention": _("有些日子没来，来过几次，花得一般"),
    "at_risk": _("好久没来，以前来得多，花得多"),
    "previously_loyal": _("好久没来，以前来得最多，花得最多"),
    "almost_lost": _("有些日子没来，次数少，花得少"),
    "dormant": _("好久没来，次数少，花得少"),
    "prospects": _("还没买过"),
}
