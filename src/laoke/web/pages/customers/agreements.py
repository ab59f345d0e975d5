"""What one customer agreed to and refused, per channel and purpose, and the form that writes down a consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.customers import consent
from laoke.customers.models import Channel, Consent, OptOut, Purpose
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.pages.customers import words
from laoke.web.pages.customers.timeline import SOURCES
from laoke.web.pages.offers.fields import DayField

ROLES: dict[str, Words] = {"seller": _("店铺自己"), "platform": _("平台会员协议"), "brand": _("品牌会员")}
REFUSALS: dict[str, Words] = {
    "unknown": _("没有这个人了，刷新页面再看"),
    "contact": _("这个渠道没有可用的联系方式，登记了也发不到。先补上联系方式"),
    "opted_out": _("这个人拒绝过。要是本人后来又同意了，勾上「拒绝之后又同意」再登记"),
    "erasing": _("正在删除这个人的个人信息，不能再登记"),
}
FAULTS: dict[str, Words] = {
    "wording": _("原话太短，照抄完整的一句"),
    "proof": _("写上凭证放在哪"),
    "channel": _("没有这个渠道"),
    "purpose": _("没有这个目的"),
    "period": _("同意的日子要在今天或以前"),
    "expired": _("有效期已经过了"),
}


class GivenForm(forms.Form):
    """One person's consent: channel, purpose, source, wording with its version, day, end, proof."""

    channel = forms.ChoiceField(label=_("渠道"), choices=Channel.choices)
    purpose = forms.ChoiceField(label=_("目的"), choices=Purpose.choices)
    role = forms.ChoiceField(label=_("来源"), choices=list(ROLES.items()))
    wording_version = forms.CharField(label=_("原话的版本"), max_length=20)
    given_on = DayField(label=_("哪天同意的"))
    expires_on = DayField(label=_("有效到"), required=False)
    wording = forms.CharField(label=_("顾客看到的原话"), widget=forms.Textarea(attrs={"rows": 2}))
    proof = forms.CharField(label=_("凭证在哪"), max_length=200)
    asked_again = forms.BooleanField(label=_("拒绝之后又同意"), required=False)

    def declaration(self) -> consent.Declaration:
        """What is declared; the period is the one day."""
        data: dict[str, Any] = self.cleaned_data
        day: date = data["given_on"]
        return consent.Declaration(
            data["channel"], data["role"], data["wording"], data["wording_version"], day, day, data["proof"],
            data["expires_on"], data["purpose"],
        )  # fmt: skip


@dataclass(frozen=True)
class Agreements:
    """The table of consents and refusals by purpose, and the form for one more; None for who may not."""

    table: ui.Table
    form: GivenForm | None


def agreements_of(
    consents: Sequence[Consent], refusals: Sequence[OptOut], now: datetime, *, gives: bool, takes: bool
) -> Agreements:
    """What stands now: consents with all they rest on, and refusals, which win."""
    rows = [_consent_row(one, now, takes) for one in consents]
    rows += [_refusal_row(one, now) for one in refusals]
    columns = [
        ui.Column("channel", _("渠道"), "nowrap"),
        ui.Column("purpose", _("目的"), "nowrap", card="wide"),
        ui.Column("state", _("状态"), card="end"),
        ui.Column("source", _("来源"), card="wide"),
        ui.Column("proof", _("凭证"), "wrap", card="wide"),
        ui.Column("act", "", "min", card="wide"),
    ]
    empty = ui.Empty(_("没有同意，也没有拒绝"), _("导入的买家默认没有同意收营销消息"), drawing="lock")
    form = GivenForm(initial={"given_on": now.date(), "role": "seller"}) if gives else None
    return Agreements(ui.Table(columns, rows, caption=_("同意和拒绝"), empty=empty), form)


def _consent_row(one: Consent, now: datetime, takes: bool) -> ui.Row:
    over = one.expires_on is not None and one.expires_on < now.date()
    if one.withdrawn_at is not None:
        state = ui.Status(gettext("%(day)s 收回") % {"day": figures.day(one.withdrawn_at, now)})
    elif over:
        state = ui.Status(_("同意已过期"), "warn")
    else:
        until = gettext("，到 %(day)s") % {"day": one.expires_on} if one.expires_on else ""
        state = ui.Status(gettext("同意") + until, "ok")
    basis = one.basis
    source = gettext("%(role)s，%(day)s 登记") % {
        "role": ROLES.get(basis.role, basis.role), "day": figures.day(one.given_at, now),
    }  # fmt: skip
    wording = gettext("第 %(version)s 版：%(wording)s") % {
        "version": basis.wording_version, "wording": basis.wording,
    }  # fmt: skip
    act: Any = ""
    if takes and one.withdrawn_at is None:
        act = ui.Action(
            _("收回"), reverse("customer_take", args=[one.person_id]), method="post", small=True,
            hidden=[("channel", one.channel), ("purpose", one.purpose)],
        )  # fmt: skip
    return ui.Row(
        [
            words.CHANNELS[one.channel],
            words.PURPOSES[one.purpose],
            state,
            ui.Cell(source, sub=wording),
            basis.proof,
            act,
        ]
    )


def _refusal_row(one: OptOut, now: datetime) -> ui.Row:
    state = (
        ui.Status(gettext("拒绝过，%(day)s 又同意") % {"day": figures.day(one.ended_at, now)})
        if one.ended_at
        else ui.Status(_("已拒绝"), "bad")
    )
    source = gettext("%(source)s，%(day)s") % {
        "source": SOURCES.get(one.source, one.source), "day": figures.day(one.at, now),
    }  # fmt: skip
    by_contact = gettext("按号码登记") if one.person_id is None else ""
    return ui.Row(
        [
            words.CHANNELS[one.channel],
            words.PURPOSES[one.purpose],
            state,
            ui.Cell(source, sub=by_contact),
            "",
            "",
        ]
    )
