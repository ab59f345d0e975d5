"""Commands of campaigns: plan, look, change, shift, review."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, the_shop

if TYPE_CHECKING:
    from laoke.campaigns.models import Campaign, Round
    from laoke.shops.models import Shop, User

ShopName = Annotated[str | None, typer.Option("--shop", help="店名；只有一家店时可省")]
ByName = Annotated[str | None, typer.Option("--by", help="谁做的（账号）；默认店长")]
CampaignName = Annotated[str, typer.Argument(help="活动名或编号")]
RoundKey = Annotated[str | None, typer.Option("--round", help="轮次，如 1a；1 指第 1 轮的全部")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("plan")(plan)
    app.command("review")(review)
    group = typer.Typer(help="活动", no_args_is_help=True)
    group.command("list")(campaign_list)
    group.command("show")(campaign_show)
    group.command("shift")(campaign_shift)
    group.command("holdout")(campaign_holdout)
    app.add_typer(group, name="campaign")
    rounds = typer.Typer(help="轮次", no_args_is_help=True)
    rounds.command("set")(round_set)
    app.add_typer(rounds, name="round")
    tasks = typer.Typer(help="任务", no_args_is_help=True)
    tasks.command("list")(task_list)
    tasks.command("set")(task_set)
    app.add_typer(tasks, name="task")


@contextmanager
def refusals() -> Iterator[None]:
    """Whatever the domain refuses ends the command with its sentence."""
    from laoke.audiences.readings import NotReady
    from laoke.campaigns.refusals import CampaignRefused
    from laoke.campaigns.refusals import say as say_refusal
    from laoke.promotions.offers import OfferRefused
    from laoke.work.tasks import TaskRefused

    try:
        yield
    except (CampaignRefused, OfferRefused) as error:
        refuse(error.code, error.message, params=error.params)
    except TaskRefused as error:
        refuse(error.code, say_refusal(f"task_{error.code}", error.params), params=error.params)
    except NotReady as error:
        refuse(error.code, say_refusal("no_facts", {}))


def the_user(shop: Shop, name: str | None) -> User | None:
    """The named account of the shop, else its owner; None when the shop has no accounts yet."""
    from laoke.shops.models import Role, Staff

    staff = Staff.objects.filter(shop=shop).select_related("user").order_by("pk")
    if name is not None:
        found = staff.filter(user__username=name).first()
        if found is None:
            refuse("no_user", f"这家店没有账号 {name}")
        return found.user
    first = staff.filter(role=Role.OWNER).first()
    return first.user if first else None


def clock_of(shop: Shop) -> Any:
    """The clock of a shop."""
    from laoke.shops.clock import clock_from_env

    return clock_from_env(shop.timezone)


def the_moment(text: str) -> datetime:
    """A time as typed."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"看不懂时间 {text!r}，要像 '2026-11-10 18:00'") from None


def the_day(text: str) -> date:
    """A day as typed."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"看不懂日期 {text!r}，要像 2026-11-11") from None


def the_percent(text: str) -> Decimal:
    """A percentage as typed."""
    try:
        return Decimal(text.removesuffix("%"))
    except InvalidOperation:
        raise typer.BadParameter(f"看不懂百分比 {text!r}") from None


def found_campaign(shop: Shop, name: str) -> Campaign:
    """The campaign of that name."""
    from laoke.campaigns.finding import find_campaign

    with refusals():
        return find_campaign(shop, name)


def found_rounds(campaign: Campaign, key: str | None) -> list[Round]:
    """The rounds of that key or number, or all."""
    from laoke.campaigns.finding import find_rounds

    with refusals():
        return find_rounds(campaign, key)


def plan(
    playbook: Annotated[str, typer.Argument(help="玩法，如 double11，或一个 .toml 文件")],
    on: Annotated[str, typer.Option(help="活动日，如 2026-11-11")],
    name: Annotated[str | None, typer.Option(help="活动名；默认玩法名加年份")] = None,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """按玩法排出一个活动：阶段、轮次、任务、优惠建议、目标，都可以再改。"""
    ready()
    from laoke.campaigns import planning
    from laoke.campaigns.playbook import playbook as known_playbook
    from laoke.campaigns.playbook import read_playbook
    from laoke.campaigns.summary import campaign_summary, campaign_text

    target, day = the_shop(shop), the_day(on)
    with refusals():
        file = Path(playbook)
        book = read_playbook(file.read_bytes()) if file.suffix == ".toml" and file.is_file() else None
        campaign = planning.plan(
            book or known_playbook(playbook),
            day,
            target,
            name=name,
            by=the_user(target, by),
            clock=clock_of(target),
        )
    emit(campaign_summary(campaign), campaign_text(campaign))


def campaign_list(shop: ShopName = None) -> None:
    """列出这家店的活动。"""
    ready()
    from laoke.campaigns.finding import campaigns_of

    rows = [
        {"id": c.pk, "name": c.name, "day": str(c.day), "state": c.state}
        for c in campaigns_of(the_shop(shop))
    ]
    emit({"campaigns": rows}, "\n".join(f"{r['name']}  {r['day']}" for r in rows) or "还没有活动")


def campaign_show(campaign: CampaignName, shop: ShopName = None) -> None:
    """一个活动的阶段、轮次、任务、优惠和目标。"""
    ready()
    from laoke.campaigns.summary import campaign_summary, campaign_text

    row = found_campaign(the_shop(shop), campaign)
    emit(campaign_summary(row), campaign_text(row))


def campaign_shift(
    campaign: CampaignName,
    on: Annotated[str, typer.Option(help="新的活动日")],
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """把整个活动挪到另一天。"""
    ready()
    from laoke.campaigns.editing import shift_campaign
    from laoke.campaigns.summary import campaign_summary, campaign_text

    target = the_shop(shop)
    row = found_campaign(target, campaign)
    with refusals():
        outside = shift_campaign(row, the_day(on), by=the_user(target, by), now=clock_of(target).now())
    result = {**campaign_summary(row), "outside_hours": [one.key for one in outside]}
    emit(result, campaign_text(row))


def campaign_holdout(
    campaign: CampaignName,
    percent: Annotated[str, typer.Argument(help="对照的百分比，0 到 50")],
    reason: Annotated[str, typer.Option(help="不留对照的理由")] = "",
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """设定活动的对照。"""
    ready()
    from laoke.campaigns.editing import set_holdout

    target = the_shop(shop)
    row = found_campaign(target, campaign)
    with refusals():
        set_holdout(
            row, the_percent(percent), by=the_user(target, by), reason=reason, now=clock_of(target).now()
        )
    emit({"campaign": row.name, "holdout_percent": str(row.holdout_percent)}, f"对照 {row.holdout_percent}%")


def round_set(
    campaign: CampaignName,
    round_key: Annotated[str, typer.Option("--round", help="轮次，如 2")],
    channel: Annotated[str | None, typer.Option(help="sms 或 handover")] = None,
    segment: Annotated[str | None, typer.Option(help="人群名，或人群的写法")] = None,
    text: Annotated[str | None, typer.Option(help="短信正文")] = None,
    signature: Annotated[str | None, typer.Option(help="签名，不带【】")] = None,
    variable: Annotated[
        list[str] | None, typer.Option("--set", help="变量，如 coupon_value=20；可多次")
    ] = None,
    opens: Annotated[str | None, typer.Option(help="开始发的时间")] = None,
    closes: Annotated[str | None, typer.Option(help="结束的时间")] = None,
    reason: Annotated[str, typer.Option(help="晚发的理由（由 --by 签字）")] = "",
    offer: Annotated[str | None, typer.Option(help="优惠编号；0 为不带")] = None,
    holdout: Annotated[str | None, typer.Option(help="这一轮另留的对照百分比")] = None,
    template_code: Annotated[str | None, typer.Option(help="短信模板在网关的编号")] = None,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """改一轮：渠道、人群、文字、时间、优惠、对照。"""
    ready()
    from laoke.campaigns.changes import Changes, apply_changes

    target = the_shop(shop)
    rows = found_rounds(found_campaign(target, campaign), round_key)
    changes = Changes(
        channel=channel, segment=segment, text=text, signature=signature, variables=_pairs(variable),
        opens=the_moment(opens) if opens else None, closes=the_moment(closes) if closes else None,
        override_reason=reason, offer=offer, holdout=the_percent(holdout) if holdout else None,
        template_code=template_code,
    )  # fmt: skip
    from laoke.campaigns.summary import round_summary

    with refusals():
        notes = [
            line
            for row in rows
            for line in apply_changes(row, changes, by=the_user(target, by), now=clock_of(target).now())
        ]
    result = {"rounds": [round_summary(row) for row in rows], "notes": notes}
    emit(result, "\n".join(["已改：" + "、".join(row.key for row in rows), *notes]))


def _pairs(pairs: list[str] | None) -> dict[str, str] | None:
    if not pairs:
        return None
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise typer.BadParameter(f"--set 要写成 变量=值，不能是 {pair!r}")
        found[name.strip()] = value.strip()
    return found


def task_list(campaign: CampaignName, shop: ShopName = None) -> None:
    """活动的任务：谁、到几时、做没做完。"""
    ready()
    from laoke.campaigns.finding import campaign_tasks
    from laoke.campaigns.summary import task_summary

    row = found_campaign(the_shop(shop), campaign)
    rows = [task_summary(task) for task in campaign_tasks(row)]
    lines = [f"{t['number']:>3}  {t['due_at'][:16]}  {t['state_label']}  {t['title']}" for t in rows]
    emit({"tasks": rows}, "\n".join(lines))


def task_set(
    campaign: CampaignName,
    task: Annotated[str, typer.Argument(help="任务的编号或键")],
    state: Annotated[str | None, typer.Option(help="open、doing、done、dropped")] = None,
    evidence: Annotated[str, typer.Option(help="凭证")] = "",
    due: Annotated[str | None, typer.Option(help="新的到期时间")] = None,
    owner: Annotated[str | None, typer.Option(help="负责人的账号")] = None,
    anyway: Annotated[bool, typer.Option(help="前面的没做完也算完成")] = False,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """改一个任务。"""
    ready()
    from laoke.campaigns.finding import find_task
    from laoke.campaigns.summary import task_summary
    from laoke.shops.models import Staff
    from laoke.work import tasks as work

    target = the_shop(shop)
    user, now = the_user(target, by), clock_of(target).now()
    with refusals():
        row = find_task(found_campaign(target, campaign), task)
        if owner is not None:
            staff = Staff.objects.filter(shop=target, user__username=owner).first()
            if staff is None:
                refuse("no_user", f"这家店没有账号 {owner}")
            work.assign(row, staff, by=user, now=now)
        if due is not None:
            work.edit(row, by=user, now=now, due_at=the_moment(due))
        if state is not None:
            work.set_state(row, state, by=user, now=now, evidence=evidence, anyway=anyway)
    emit(task_summary(row), f"已改：{row.title}")


def review(campaign: CampaignName, shop: ShopName = None, by: ByName = None) -> None:
    """复盘：发送的和对照的比，多了多少订单、成交、利润；结果对目标。"""
    ready()
    from laoke.campaigns.review import review as work_out
    from laoke.campaigns.telling import review_text

    target = the_shop(shop)
    row = found_campaign(target, campaign)
    with refusals():
        found = work_out(row, by=the_user(target, by), clock=clock_of(target))
    result = {"campaign": row.name, "review": found.pk, "catalog": found.catalog_ref, "result": found.result}
    emit(result, review_text(found))
