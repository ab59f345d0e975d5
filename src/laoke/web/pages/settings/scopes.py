"""What a token may do, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from laoke.intake.reading.messages import row_is
from laoke.intake.sent.fields import SENT_KINDS
from laoke.shops.joins import listed
from laoke.web.pages.api.access import (
    CLAIM,
    LOTTERY_DRAW,
    LOTTERY_READ,
    POINTS_EARN,
    POINTS_READ,
    POINTS_USE,
    QUOTE,
    READ,
    REFER,
    REFER_ORDERS,
    SCOPES,
    USE,
)


def scope_choices() -> list[tuple[str, str]]:
    """Every scope with its words, in the order of the API's page."""
    return [(scope, scope_name(scope)) for scope in SCOPES]


def scope_name(scope: str) -> str:
    """One scope in words; one of another version shows its code."""
    if scope == READ:
        return _("查批次的结果")
    own = {
        QUOTE: _("券：算价"), CLAIM: _("券：发给客户"), USE: _("券：占用、核销、撤回"),
        POINTS_READ: _("积分：查余额"), POINTS_EARN: _("积分：记分、退款收回"),
        POINTS_USE: _("积分：占用、核销、撤回"), LOTTERY_READ: _("抽奖：查规则和结果"),
        LOTTERY_DRAW: _("抽奖：替客户抽"), REFER: _("老带新：邀请、分享"),
        REFER_ORDERS: _("老带新：记下付款和退款"),
    }  # fmt: skip
    if scope in own:
        return own[scope]
    kind = SENT_KINDS.get(scope.removeprefix("facts:"))
    if kind is None:
        return scope
    what = _("订单（明细、联系方式）") if kind.grain == "order" else row_is(kind.grain)
    return _("发%(what)s") % {"what": what}


def scopes_named(scopes: list[str]) -> str:
    """All that a token may do."""
    if set(scopes) >= set(SCOPES):
        return _("全部")
    of_this_version = [scope for scope in SCOPES if scope in scopes]
    return listed(scope_name(scope) for scope in (*of_this_version, *(set(scopes) - set(SCOPES))))
