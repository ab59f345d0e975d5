"""Commands of the shop's own coupons and of price sheets: issues, their codes, what speaks against a price."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from laoke.config.commands.campaign import ByName, ShopName, clock_of, the_moment, the_user
from laoke.config.commands.pricing import stored_offer, typed_cents
from laoke.config.console import emit, ready, refuse, the_shop

if TYPE_CHECKING:
    from laoke.promotions.models import CouponIssue

IssueNumber = Annotated[int, typer.Argument(help="批次编号，见 laoke coupon list")]
OutFile = Annotated[Path, typer.Option("--out", help="写到哪个 .xlsx 文件；不能已经有")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    coupons = typer.Typer(help="自有券码", no_args_is_help=True)
    coupons.command("list")(coupon_list)
    coupons.command("issue")(coupon_issue)
    coupons.command("codes")(coupon_codes)
    coupons.command("export")(coupon_export)
    app.add_typer(coupons, name="coupon")
    prices = typer.Typer(help="价格表", no_args_is_help=True)
    prices.command("check")(prices_check)
    app.add_typer(prices, name="prices")


@contextmanager
def _refusals() -> Iterator[None]:
    from laoke.promotions.coupons.refusals import CouponRefused

    try:
        yield
    except CouponRefused as error:
        refuse(error.code, error.message)


def _issue(shop: Any, number: int) -> CouponIssue:
    from laoke.promotions.models import CouponIssue

    found = CouponIssue.objects.select_related("shop", "offer").filter(shop=shop, pk=number).first()
    if found is None:
        refuse("issue_unknown", f"没有编号 {number} 的批次")
    return found


def coupon_list(shop: ShopName = None) -> None:
    """列出各批券：哪个优惠、做了几张、用掉几张、预算还剩多少。"""
    ready()
    from laoke.money import format_cents
    from laoke.promotions.coupons import states
    from laoke.promotions.coupons.issues import counts_of
    from laoke.promotions.models import CouponIssue

    told, lines = [], []
    found = CouponIssue.objects.filter(shop=the_shop(shop)).select_related("offer").order_by("pk")
    for issue in found:
        counts = counts_of(issue)
        told.append(
            {
                "issue": issue.pk, "name": issue.name, "offer": issue.offer_id, "total_limit": issue.total_limit,
                "by_state": counts.by_state, "taken_cents": counts.taken_cents, "budget_cents": counts.budget_cents,
                "stopped": issue.stopped_at is not None,
            }
        )  # fmt: skip
        left = (
            "不限" if counts.budget_cents is None else format_cents(counts.budget_cents - counts.taken_cents)
        )
        used = counts[states.REDEEMED]
        stopped = "，已停" if issue.stopped_at else ""
        lines.append(
            f"{issue.pk}  {issue.name}（{issue.offer.name}）：做了 {counts.made:,} / {issue.total_limit:,} 张，"
            f"用掉 {used:,} 张，预算剩 {left}{stopped}"
        )
    emit({"issues": told}, "\n".join(lines) or "还没有批次")


def coupon_issue(
    offer: Annotated[int, typer.Argument(help="优惠编号，见 laoke offer list；要是领了才能用的券")],
    name: Annotated[str, typer.Option(help="这一批叫什么")],
    total: Annotated[int, typer.Option(help="最多几张")],
    per_person: Annotated[int | None, typer.Option(help="每人限领几张；默认不限")] = None,
    budget: Annotated[str | None, typer.Option(help="一共最多减多少元；默认不限")] = None,
    starts: Annotated[str | None, typer.Option("--from", help="几时起能用；默认现在")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="到几时为止")] = None,
    days: Annotated[int | None, typer.Option(help="领后几天有效；和 --to 至少写一个")] = None,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """给一个券建一批：张数、每人限领、预算、有效期。"""
    ready()
    from laoke.promotions.coupons.issues import Terms, add_issue

    target = the_shop(shop)
    now = clock_of(target).now()
    terms = Terms(
        name, total, the_moment(starts) if starts else now, the_moment(ends) if ends else None, days, per_person,
        typed_cents(budget, "--budget") if budget else None,
    )  # fmt: skip
    with _refusals():
        made = add_issue(stored_offer(target, offer), terms, by=the_user(target, by), now=now)
    emit({"issue": made.pk, "name": made.name, "offer": offer}, f"已建批次 {made.pk}：{made.name}")


def coupon_codes(
    number: IssueNumber,
    count: Annotated[int, typer.Option(help="做几个码")],
    out: OutFile,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """做一批券码并写成 Excel；记进审计。中断了没做完的，在页面上接着做。"""
    ready()
    from laoke.promotions.coupons.code_files import write_codes
    from laoke.promotions.coupons.issues import make_batch, order_codes

    target = the_shop(shop)
    now, user = clock_of(target).now(), the_user(target, by)
    issue, path = _issue(target, number), _new_file(out)
    with _refusals():
        batch = order_codes(issue, count, by=user, now=now)
    made = make_batch(batch, now=now)
    written = write_codes(path, issue, batch=batch, by=user, now=now)
    told = {"issue": number, "batch": batch.pk, "made": made, "file": str(path), "sha256": written.sha256}
    emit(told, f"做好 {made:,} 个码：{path}")


def coupon_export(number: IssueNumber, out: OutFile, shop: ShopName = None, by: ByName = None) -> None:
    """把一批的全部券码和它们的状态写成 Excel；记进审计。"""
    ready()
    from laoke.promotions.coupons.code_files import write_codes

    target = the_shop(shop)
    issue, path = _issue(target, number), _new_file(out)
    written = write_codes(path, issue, batch=None, by=the_user(target, by), now=clock_of(target).now())
    told = {"issue": number, "codes": written.rows, "file": str(path), "sha256": written.sha256}
    emit(told, f"{written.rows:,} 个码：{path}")


def _new_file(path: Path) -> Path:
    if path.suffix != ".xlsx":
        raise typer.BadParameter(f"--out 要是 .xlsx，不能是 {str(path)!r}")
    if path.exists():
        refuse("file_exists", f"{path} 已经有了，换个名字")
    if not path.parent.is_dir():
        refuse("no_folder", f"没有文件夹 {path.parent}")
    return path


def prices_check(
    name: Annotated[str, typer.Argument(help="价格表的名字")],
    shop: ShopName = None,
) -> None:
    """查一张价格表：每件的活动价有什么不对。有不能这样卖的，以 1 结束。"""
    ready()
    from laoke.campaigns.models import PriceSheet
    from laoke.campaigns.price_sheets import newest
    from laoke.web.pages.prices.reading import read_sheet
    from laoke.web.pages.prices.words import warning_text

    target = the_shop(shop)
    sheet = PriceSheet.objects.select_related("shop", "campaign").filter(shop=target, name=name).first()
    if sheet is None:
        refuse("no_sheet", f"没有叫「{name}」的价格表")
    reading = read_sheet(sheet, newest(sheet), True, clock_of(target).now().date())
    told, lines = [], []
    for one in reading.priced:
        for warned in reading.warned(one):
            told.append(
                {
                    "item": one.item.product_id, "title": one.item.title, "rule": warned.rule, "code": warned.code,
                    "severity": warned.severity,
                }
            )  # fmt: skip
            lines.append(f"{one.item.title}：{warning_text(warned)}")
    bad = sum(reading.is_bad(one) for one in reading.priced)
    head = f"{sheet.name} 第 {reading.version.number} 版：{len(reading.priced)} 件，"
    head += f"{len(told)} 条提醒，{bad} 件不能这样卖"
    emit(
        {"sheet": sheet.name, "version": reading.version.number, "bad_items": bad, "warnings": told},
        "\n".join([head, *lines]),
    )
    if bad:
        raise typer.Exit(1)
