"""How long work is shown while it runs and when it is over."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from laoke.intake import undoing
from laoke.intake.reading.messages import REFUSALS, refusal_message
from laoke.shops.full_disk import DISK_FULL
from laoke.shops.models import Job, JobState
from laoke.shops.unavailable_words import UNAVAILABLE, sentence
from laoke.web import components as ui
from laoke.web import figures

KINDS = {
    "features": gettext_lazy("客户重新分组"),
    "fake_orders": gettext_lazy("疑似刷单重新打分"),
    "demo_advance": gettext_lazy("示例店的时钟"),
    "undo_import": gettext_lazy("撤回导入"),
    "segment_count": gettext_lazy("数人群"),
    "backtest": gettext_lazy("回放"),
}
OVER = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


def is_over(job: Job) -> bool:
    """Whether nothing will change any more."""
    return job.state in OVER


def title_of(job: Job) -> str:
    """What a job does, in words."""
    if job.kind == "import":
        return _("导入 %(file)s") % {"file": job.params.get("options", {}).get("file_name", "")}
    return str(KINDS.get(job.kind, job.kind))


def progress_of(job: Job, now: datetime, *, may_cancel: bool) -> ui.Progress:
    """A job's bar: how far, how much longer, and what cancelling leaves behind."""
    percent = 100.0 if job.state == JobState.DONE else 100 * job.done / job.total if job.total else 0.0
    cancel = may_cancel and not is_over(job) and not job.cancel_requested
    return ui.Progress(
        title_of(job),
        round(percent, 1),
        note=_note(job, percent, now),
        cancel_url=reverse("job_cancel", args=[job.pk]) if cancel else "",
        cancel_note=_("取消后什么都不会导入") if job.kind == "import" else "",
    )


def _note(job: Job, percent: float, now: datetime) -> str:
    if is_over(job):
        return str(JobState(job.state).label)
    if job.cancel_requested:
        return _("正在停下")
    if job.state == JobState.QUEUED:
        return _("排队")
    parts = [f"{percent:.0f}%", job.note]
    spent = (now - job.started_at).total_seconds() if job.started_at else 0.0
    if percent >= 5 and spent >= 1:
        parts.append(_("还要 %(time)s") % {"time": figures.duration(spent * (100 - percent) / percent)})
    return " · ".join(part for part in parts if part)


def failure_text(job: Job) -> str:
    """Why a job could not be done: what was found, what was not lost, what to do."""
    code, params = str(job.error.get("code", "")), job.error.get("params", {})
    if code in REFUSALS:
        return refusal_message(code, params)
    if code in undoing.REASONS:
        return str(undoing.REASONS[code]) % params
    if code == UNAVAILABLE:
        return sentence(params["code"], params)
    if code == DISK_FULL:
        return _("磁盘满了，没做成，已有的数据没有变。腾出地方，再试一次。")
    return _("没做成，已有的数据没有变。再试一次；还不行就看启动老客的命令行窗口（%(code)s）。") % {
        "code": job.error.get("error") or code or job.pk
    }
