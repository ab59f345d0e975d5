"""The table of what is pulled from the platform: how far each stream is, when it answered, what is wrong with it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from laoke.intake.models import Connection, ConnectionState, Listener, PlatformMessage, PullCursor, PullStream
from laoke.intake.top.words import line_trouble_text, stream_trouble_text, trouble_detail
from laoke.web import components as ui
from laoke.web import figures


def streams(connection: Connection, now: datetime) -> ui.Table:
    """Every stream of a connection, messages last."""
    columns = [
        ui.Column("what", _("拉什么"), "nowrap"),
        ui.Column("reached", _("拉到"), "nowrap", label_on_card=_("拉到")),
        ui.Column("rows", _("拉过（条）"), "num", label_on_card=_("条")),
        ui.Column("answered", _("上次回答"), "nowrap", label_on_card=_("上次回答"), priority=2),
        ui.Column("state", _("怎么样"), "wrap", card="wide"),
    ]
    rows = [_row(cursor, now) for cursor in connection.cursors.order_by("pk")]
    listener = Listener.objects.filter(connection=connection).first()
    if listener is not None and (rows or listener.trouble or listener.heard):
        rows.append(_messages(connection, listener, now))
    return ui.Table(
        columns, rows, caption=_("拉到哪"), empty=ui.Empty(_("还没开始"), _("后台几秒后开始拉。"))
    )


def _row(cursor: PullCursor, now: datetime) -> ui.Row:
    return ui.Row(
        [
            cursor.get_stream_display(),
            figures.when(cursor.reached, now),
            figures.exact(cursor.rows),
            figures.when(cursor.answered_at, now),
            _trouble(stream_trouble_text(cursor.trouble), cursor.trouble) or _left(cursor, now),
        ]
    )


def _messages(connection: Connection, listener: Listener, now: datetime) -> ui.Row:
    return ui.Row(
        [
            _("平台消息"),
            figures.when(listener.heard_at, now),
            figures.exact(listener.heard),
            figures.when(listener.answered_at, now),
            _trouble(line_trouble_text(listener.trouble), listener.trouble)
            or _listening(connection, listener),
        ]
    )


def _trouble(text: str, trouble: dict[str, str]) -> ui.Cell | None:
    return ui.Cell(text, sub=trouble_detail(trouble), tone="warn") if trouble else None


def _listening(connection: Connection, listener: Listener) -> str:
    if listener.since is None or connection.state != ConnectionState.ACTIVE:
        return _("没在听")
    waiting = PlatformMessage.objects.filter(connection=connection, read_at=None).count()
    parts = [_("在听")]
    if waiting:
        parts.append(_("%(n)s 条等着去读") % {"n": figures.exact(waiting)})
    if listener.again:
        parts.append(_("%(n)s 条重复的没有再记") % {"n": figures.exact(listener.again)})
    return "，".join(parts)


def _left(cursor: PullCursor, now: datetime) -> str:
    """How much of the way is left, and the spans that the platform no longer tells."""
    parts = []
    left = max(timedelta(0), (cursor.goal or now) - cursor.reached)
    if cursor.answered_at is None:
        return _("还没轮到")
    if cursor.stream == PullStream.TRACES:
        parts.append(_("在路上的包裹每两小时问一遍"))
    elif cursor.stream == PullStream.HISTORY and not left:
        parts.append(_("齐了"))
    elif left > timedelta(days=1):
        parts.append(ngettext("还差 %(n)s 天", "还差 %(n)s 天", left.days) % {"n": figures.exact(left.days)})
    parts += [
        _("%(since)s 到 %(until)s 的变动平台不再给，用导出的文件补") % {"since": since[:10], "until": until[:10]}
        for since, until in cursor.gaps
    ]  # fmt: skip
    return "；".join(parts) or _("一直跟着")
