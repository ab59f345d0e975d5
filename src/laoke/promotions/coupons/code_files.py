"""Codes of an issue as a workbook. Codes are money: each file that leaves is in the audit, with count and hash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.promotions.coupons import states
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.models import Coupon, CouponBatch, CouponIssue
from laoke.shops import audit
from laoke.shops.models import User
from laoke.shops.sheets import WrittenSheet, write_xlsx

STATE_WORDS: dict[str, Promise] = {
    states.ISSUED: _("没人领"),
    states.CLAIMED: _("已领"),
    states.RESERVED: _("占用中"),
    states.REDEEMED: _("已用"),
    states.EXPIRED: _("已过期"),
    states.BLOCKED: _("已停用"),
}


def write_codes(
    path: Path, issue: CouponIssue, *, batch: CouponBatch | None, by: User | None, now: datetime
) -> WrittenSheet:
    """The codes of a batch, or of the whole issue (None), with state and end, in the order in which they were made."""
    codes = Coupon.objects.filter(issue=issue) if batch is None else Coupon.objects.filter(batch=batch)
    header = [gettext("券码"), gettext("状态"), gettext("有效到")]
    found = codes.order_by("pk").values_list("code", "state", "valid_to").iterator()
    written = write_xlsx(path, header, _lines(found), sheet=gettext("券码"))
    audit.record(
        "coupon.export", shop=issue.shop, actor=by, at=now, subject=str(issue.pk), count=written.rows,
        batch=batch.pk if batch else None, sha256=written.sha256,
    )  # fmt: skip
    return written


def _lines(found: Iterator[tuple[str, str, datetime | None]]) -> Iterator[list[str]]:
    for code, state, ends in found:
        until = ends.isoformat(sep=" ", timespec="minutes") if ends else ""
        yield [shown_code(code), str(STATE_WORDS[state]), until]
