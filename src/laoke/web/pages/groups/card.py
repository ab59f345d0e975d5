"""The chat groups of one customer, as a card of their page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from laoke.groups import members
from laoke.groups.models import GroupMember, MemberGroup
from laoke.shops.models import Shop
from laoke.web import components as ui
from laoke.web import figures


@dataclass(frozen=True)
class GroupCard:
    """Stays of a person, and the groups they can be written down in; `today` fills the form."""

    table: ui.Table
    open_groups: list[MemberGroup]
    today: str


def groups_of(
    shop: Shop, person_id: int, numbers: Sequence[int], now: datetime, *, acts: bool
) -> GroupCard | None:
    """What the page shows of groups; nothing for a shop that keeps no book of them."""
    groups = list(MemberGroup.objects.filter(shop=shop).order_by("name"))
    if not groups:
        return None
    stays = members.stays_of(shop, numbers)
    stays = [stay for stay in stays if stay.person_id == person_id] or stays
    here = {stay.group_id for stay in stays if stay.left_on is None}
    free = [one for one in groups if one.state == MemberGroup.State.OPEN and one.pk not in here]
    columns = [
        ui.Column("group", pgettext_lazy("one of a list", "群"), "nowrap"),
        ui.Column("state", _("状态"), card="end"),
        ui.Column("invite", _("怎么来的"), "wrap", card="wide"),
        ui.Column("act", "", "min", card="wide"),
    ]
    rows = [_row(stay, person_id, now, acts) for stay in stays]
    empty = ui.Empty(_("没有进过店里的群"), "")
    table = ui.Table(columns, rows, caption=_("进过的群"), empty=empty)
    return GroupCard(table, free if acts else [], now.date().isoformat())


def _row(stay: GroupMember, person_id: int, now: datetime, acts: bool) -> ui.Row:
    said = {"joined": figures.day(stay.joined_on, now), "left": figures.day(stay.left_on, now)}
    if stay.left_on is None:
        state = ui.Status(gettext("%(joined)s进群") % said, "ok")
    else:
        state = ui.Status(gettext("%(joined)s进群，%(left)s退群") % said)
    act: ui.Action | str = ""
    if acts and stay.left_on is None and stay.person_id == person_id:
        url = reverse("group_leave", args=[stay.group_id, person_id])
        act = ui.Action(_("今天退了"), url, method="post", small=True, hidden=[("back", "customer")])
    name = ui.Cell(
        stay.group.name, url=reverse("group", args=[stay.group_id]), sub=stay.group.get_platform_display()
    )
    return ui.Row([name, state, stay.invite, act])
