"""The rooms of the settings, and who may enter which."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from laoke.shops.models import Role
from laoke.web import components as ui
from laoke.web.access import EVERYONE
from laoke.web.components.base import Words

CHANGES = frozenset({Role.OWNER})
LOOKS = frozenset({Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR})
AUDITS = frozenset({Role.OWNER, Role.AUDITOR})

ROOMS: tuple[tuple[str, Words, frozenset[str]], ...] = (
    ("settings", gettext_lazy("店铺"), EVERYONE),
    ("settings_staff", gettext_lazy("员工"), LOOKS),
    ("settings_cuts", gettext_lazy("客户分组"), LOOKS),
    ("settings_consent", gettext_lazy("同意依据"), LOOKS),
    ("settings_connection", gettext_lazy("平台连接"), LOOKS),
    ("settings_gateways", gettext_lazy("网关"), LOOKS),
    ("settings_tokens", gettext_lazy("接口令牌"), LOOKS),
    ("settings_reach", gettext_lazy("频次与对照"), LOOKS),
    ("settings_upkeep", gettext_lazy("保养"), LOOKS),
    ("settings_audit", gettext_lazy("审计记录"), AUDITS),
)


def tabs(request: HttpRequest, here: str) -> ui.Tabs:
    """The rooms this request may enter."""
    role = request.role  # type: ignore[attr-defined]
    return ui.Tabs(
        [ui.Tab(label, reverse(name), name == here) for name, label, roles in ROOMS if role in roles],
        label=_("设置"),
    )


def may_change(request: HttpRequest) -> bool:
    """Whether this request may change what it sees."""
    return request.role in CHANGES  # type: ignore[attr-defined]
