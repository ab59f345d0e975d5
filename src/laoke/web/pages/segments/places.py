"""What the pages of segments share: who may look, and the ways between them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from laoke.shops.models import Role
from laoke.web import components as ui
from laoke.web.access import MARKETING

LOOKS = (*MARKETING, Role.ANALYST, Role.AUDITOR)
# A list of people leaves the house: not with the auditor.
EXPORTS = (*MARKETING, Role.ANALYST)


def builder_with(text: str) -> str:
    """The builder's address with a text in it."""
    return reverse("segment_new") + "?" + urlencode({"text": text})


def tabs(current: str) -> ui.Tabs:
    """The shop's own segments, the ready ones, and how they overlap."""
    pages = (("segments", _("我的人群")), ("segments_ready", _("现成的")), ("segments_overlap", _("重合")))
    return ui.Tabs([ui.Tab(label, reverse(name), name == current) for name, label in pages], _("人群"))
