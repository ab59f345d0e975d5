"""What waits for a person: rows put aside, tasks due, gateways that stopped, messages whose fate is unknown."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from laoke.campaigns.models import Round, RoundState
from laoke.customers.models import ConsentBasis
from laoke.dispatch.models import Gateway, Message, MessageState, Occasion, OccasionState, Reply
from laoke.intake.models import ImportRun, ImportState
from laoke.shops.models import Role, Shop, Staff
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.access import MARKETING
from laoke.web.pages.overview.places import place
from laoke.work.tasks import due_tasks

SHOWN_TASKS = 3
IMPORT_DAYS = 30
SOON = timedelta(hours=48)


def waiting_for(shop: Shop, role: str, now: datetime, *, with_tasks: bool = True) -> list[ui.Todo]:
    """Everything that waits, the most pressing first; acts that a role may not do are left out."""
    marketing = role in MARKETING
    return [
        *_stopped_gateways(shop, role),
        *_unknown_messages(shop, marketing),
        *_paused(shop, marketing),
        *_rounds_not_ready(shop, now),
        *_quarantined(shop, marketing, now),
        *(due_today(shop, now) if with_tasks else []),
        *_replies(shop),
        *_no_basis(shop, role),
    ]


def _go(label: str, name: str, *args: object) -> ui.Action | None:
    url = place(name, *args)
    return ui.Action(label, url, small=True) if url else None


def _stopped_gateways(shop: Shop, role: str) -> list[ui.Todo]:
    stopped = Gateway.objects.filter(shop=shop).exclude(stopped_reason="").order_by("pk")
    act = _go(_("去看"), "settings_gateways") if role == Role.OWNER else None
    return [
        ui.Todo(
            _("网关「%(name)s」停了") % {"name": gateway.name},
            _("服务商的回复：%(reason)s。解决后放行，没发完的接着发") % {"reason": gateway.stopped_reason},
            icon="bad",
            tone="bad",
            action=act,
        )
        for gateway in stopped
    ]


def _unknown_messages(shop: Shop, marketing: bool) -> list[ui.Todo]:
    rows = (
        Message.objects.filter(occasion__shop=shop, state=MessageState.UNKNOWN)
        .values("occasion__ref_id", "occasion__kind", "occasion__name")
        .annotate(people=Count("pk"))
        .order_by("-people")[:3]
    )
    found = []
    for row in rows:
        act = None
        if marketing and row["occasion__kind"] == "round":
            act = _go(_("去看"), "round", row["occasion__ref_id"])
        text = ngettext("%(n)s 条消息不知道发出没有", "%(n)s 条消息不知道发出没有", row["people"]) % {
            "n": figures.exact(row["people"])
        }
        note = _("%(name)s：不会自动重发，等服务商的回执") % {"name": row["occasion__name"]}
        found.append(ui.Todo(text, note, icon="warn", tone="warn", action=act))
    return found


def _paused(shop: Shop, marketing: bool) -> list[ui.Todo]:
    rows = Occasion.objects.filter(shop=shop, state=OccasionState.PAUSED).order_by("pk")[:3]
    return [
        ui.Todo(
            _("%(name)s 暂停着") % {"name": row.name},
            row.pause_reason,
            icon="warn",
            tone="warn",
            action=_go(_("去看"), "round", row.ref_id) if marketing and row.kind == "round" else None,
        )
        for row in rows
    ]


def _rounds_not_ready(shop: Shop, now: datetime) -> list[ui.Todo]:
    rows = (
        Round.objects.filter(
            campaign__shop=shop, state=RoundState.DRAFT, opens_at__lte=now + SOON, closes_at__gt=now
        )
        .select_related("campaign")
        .order_by("opens_at")[:3]
    )
    return [
        ui.Todo(
            _("「%(round)s」还没备好") % {"round": row.title},
            _("%(campaign)s，%(when)s 起发")
            % {"campaign": row.campaign.name, "when": figures.when(row.opens_at, now)},
            icon="clock",
            tone="warn",
            action=_go(_("去准备"), "round", row.pk),
        )
        for row in rows
    ]


def _quarantined(shop: Shop, marketing: bool, now: datetime) -> list[ui.Todo]:
    rows = (
        ImportRun.objects.filter(
            shop=shop, state=ImportState.DONE, created_at__gte=now - timedelta(days=IMPORT_DAYS)
        )
        .annotate(rows=Count("quarantined"), cents=Sum("quarantined__cents"))
        .filter(rows__gt=0)
        .order_by("-pk")[:3]
    )
    return [
        ui.Todo(
            ngettext("%(file)s 有 %(n)s 行没读进来", "%(file)s 有 %(n)s 行没读进来", row.rows)
            % {"file": row.file_name, "n": figures.exact(row.rows)},
            _("%(money)s，修好可再导") % {"money": figures.yuan(row.cents or 0)},
            icon="warn",
            tone="warn",
            action=_go(_("处理"), "import_result", row.pk) if marketing else None,
        )
        for row in rows
    ]


def due_today(
    shop: Shop, now: datetime, limit: int = SHOWN_TASKS, in_charge: Staff | None = None
) -> list[ui.Todo]:
    """Tasks that are late or due today, of everyone or of one person."""
    end = datetime.combine(now.date(), time.max)
    tasks = list(due_tasks(shop, end, in_charge=in_charge)[:limit])
    return [
        ui.Todo(
            _("任务「%(title)s」") % {"title": task.title},
            _("%(who)s · %(when)s")
            % {
                "who": str(task.in_charge) if task.in_charge else task.get_role_display(),
                "when": _due_text(task.due_at, now),
            },
            icon="bad" if task.due_at < now else "clock",
            tone="bad" if task.due_at < now else "",
            action=_go(_("打开"), "task", task.pk) or _go(_("打开"), "tasks"),
        )
        for task in tasks
    ]


def _due_text(due: datetime, now: datetime) -> str:
    if due < now:
        return _("%(when)s 就该做完") % {"when": figures.when(due, now)}
    return _("%(when)s 到期") % {"when": figures.when(due, now)}


def _replies(shop: Shop) -> list[ui.Todo]:
    counted = Reply.objects.filter(shop=shop, handled_at=None).aggregate(
        open=Count("pk", filter=Q(is_opt_out=False))
    )
    if not counted["open"]:
        return []
    text = _("%(n)s 条回复没处理") % {"n": figures.exact(counted["open"])}
    return [ui.Todo(text, _("退订的已自动登记，这些要人看"), icon="sms", action=_go(_("回复"), "inbox"))]


def _no_basis(shop: Shop, role: str) -> list[ui.Todo]:
    if ConsentBasis.objects.filter(shop=shop, person_id=None, withdrawn_at=None).exists():
        return []
    act = _go(_("登记"), "settings_consent") if role == Role.OWNER else None
    return [
        ui.Todo(
            _("还没有登记营销同意的依据"),
            _("登记之前，老客不能收营销短信，只能发订单通知"),
            icon="info",
            action=act,
        )
    ]
