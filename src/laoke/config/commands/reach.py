"""Commands of reach: check, test, launch, pause, resume, cancel, status, hand-over lists."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from laoke.config.commands.campaign import (
    ByName,
    CampaignName,
    RoundKey,
    ShopName,
    clock_of,
    found_campaign,
    found_rounds,
    refusals,
    the_user,
)
from laoke.config.console import emit, ready, refuse, the_shop

if TYPE_CHECKING:
    from laoke.campaigns.models import Round
    from laoke.shops.models import Shop, User

OneRound = Annotated[str, typer.Option("--round", help="轮次，如 2")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("check")(check)
    app.command("sign-check")(sign_check)
    app.command("test-message")(test_message)
    app.command("launch")(launch)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)
    app.command("status")(status)
    lists = typer.Typer(help="名单导出", no_args_is_help=True)
    lists.command("export")(handover_export)
    lists.command("import")(handover_import)
    app.add_typer(lists, name="handover")


def signing_user(shop: Shop, name: str | None) -> User:
    """The account that signs for what it does."""
    user = the_user(shop, name)
    if user is None:
        refuse("needs_user", "这一步要有人签名：先用 laoke user add 建一个账号")
    return user


def _one(campaign: str, key: str, shop: Shop) -> Round:
    from laoke.campaigns.finding import one_round

    with refusals():
        return one_round(found_campaign(shop, campaign), key)


def check(campaign: CampaignName, round_key: RoundKey = None, shop: ShopName = None) -> None:
    """看活动能不能上，一轮还缺什么：优惠、价格、用词，人群、文字、时段、额度、试发、回放、对照。"""
    ready()
    from laoke.campaigns.checks import check_round
    from laoke.campaigns.launching import check_launch
    from laoke.campaigns.telling import checks_of, launch_of

    target = the_shop(shop)
    wanted = found_campaign(target, campaign)
    rows = found_rounds(wanted, round_key)
    now = clock_of(target).now()
    with refusals():
        launch = launch_of(check_launch(wanted, now))
        found = [(row, checks_of(check_round(row, now))) for row in rows]
    marks = {"ok": "✓", "warning": "!", "missing": "✗"}
    lines = _launch_lines(launch)
    for row, told in found:
        lines.append(f"轮 {row.key} {row.name}")
        lines += [f"  {marks[one['state']]} {one['title']}：{one['text']}" for one in told["checks"]]
        lines += _funnel_lines(told["funnel"])
    told_rounds = [{"key": row.key, **told} for row, told in found]
    emit({"launch": launch, "rounds": told_rounds}, "\n".join(lines))


# So much of a state's digest is shown and asked for: enough to name one of a page of findings.
STATE_SHOWN = 12


def _launch_lines(launch: dict[str, Any]) -> list[str]:
    """Each finding behind its rule; a block that nobody signed for with the mark that `sign-check` takes."""
    lines = ["上线检查"]
    for one in launch["findings"]:
        blocks = one["severity"] == "block" and not one["signed"]
        mark = f" [{one['state'][:STATE_SHOWN]}]" if blocks else ""
        lines.append(f"  {'✗' if blocks else '!'} {one['rule']}{mark} {one['text']}")
        if one["signed"]:
            lines.append(f"      {one['signed']}")
    return lines if launch["findings"] else ["上线检查", "  ✓ 没有问题"]


def sign_check(
    campaign: CampaignName,
    state: Annotated[str, typer.Argument(help="laoke check 在方括号里显示的标记")],
    reason: Annotated[str, typer.Option(help="为什么可以放行")],
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """店长签字放行一项不能上的检查；查的内容一变就不算数。"""
    ready()
    from laoke.campaigns.launching import check_launch, sign

    target = the_shop(shop)
    wanted, user = found_campaign(target, campaign), signing_user(target, by)
    now = clock_of(target).now()
    with refusals():
        blocks = [one.state for one in check_launch(wanted, now).weighed.blocks]
        full = next((one for one in blocks if len(state) >= STATE_SHOWN and one.startswith(state)), state)
        row = sign(wanted, full, reason, by=user, now=now)
    emit({"code": row.code, "subject": row.subject, "state": row.state}, "已签字放行")


def _funnel_lines(funnel: dict[str, Any] | None) -> list[str]:
    if funnel is None:
        return []
    lines = [f"    人群 {funnel['segment']:,}"]
    lines += [f"    − {one['label']} {one['count']:,}" for one in funnel["left_out"]]
    lines.append(f"    发 {funnel['treated']:,}，对照 {funnel['held_out']:,}")
    return lines


def test_message(
    campaign: CampaignName,
    round_key: OneRound,
    to: Annotated[str, typer.Option(help="自己的手机号")],
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """把一轮的文字试发给自己。"""
    ready()
    from laoke.campaigns.rounds import send_round_test

    target = the_shop(shop)
    row = _one(campaign, round_key, target)
    with refusals():
        occasion = send_round_test(row, to, by=signing_user(target, by), clock=clock_of(target))
    emit({"round": row.key, "occasion": occasion.pk}, "已排进发送，后台一秒内发出；用 laoke check 看结果")


def launch(
    campaign: CampaignName, round_key: RoundKey = None, shop: ShopName = None, by: ByName = None
) -> None:
    """发出一轮：检查、冻结人群、分出对照，到时间由后台发送。"""
    ready()
    from laoke.campaigns.rounds import launch_round
    from laoke.campaigns.telling import funnel_of

    target = the_shop(shop)
    rows = found_rounds(found_campaign(target, campaign), round_key)
    user, clock = the_user(target, by), clock_of(target)
    told: list[dict[str, Any]] = []
    for row in rows:
        with refusals():
            funnel = launch_round(row, by=user, clock=clock)
        opens = f"{max(row.opens_at, clock.now()):%Y-%m-%d %H:%M}"
        told.append({"key": row.key, "state": row.state, "opens_at": opens, "funnel": funnel_of(funnel)})
    lines = [
        line
        for one in told
        for line in (f"轮 {one['key']} 已备好，{one['opens_at']} 起发", *_funnel_lines(one["funnel"]))
    ]
    emit({"rounds": told}, "\n".join(lines))


def pause(
    campaign: CampaignName,
    round_key: RoundKey = None,
    reason: Annotated[str, typer.Option(help="为什么")] = "",
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """暂停发送；已交给网关的收不回。"""
    ready()
    from laoke.campaigns.models import RoundState
    from laoke.campaigns.rounds import pause_round

    target = the_shop(shop)
    rows = _in_state(found_rounds(found_campaign(target, campaign), round_key), round_key, RoundState.RUNNING)
    user, now = the_user(target, by), clock_of(target).now()
    with refusals():
        for row in rows:
            pause_round(row, by=user, now=now, reason=reason)
    emit(_states(rows), f"已暂停：{'、'.join(row.key for row in rows)}")


def resume(
    campaign: CampaignName, round_key: RoundKey = None, shop: ShopName = None, by: ByName = None
) -> None:
    """接着发送。"""
    ready()
    from laoke.campaigns.models import RoundState
    from laoke.campaigns.rounds import resume_round

    target = the_shop(shop)
    rows = _in_state(found_rounds(found_campaign(target, campaign), round_key), round_key, RoundState.PAUSED)
    user, now = the_user(target, by), clock_of(target).now()
    with refusals():
        for row in rows:
            resume_round(row, by=user, now=now)
    emit(_states(rows), f"接着发：{'、'.join(row.key for row in rows)}")


def cancel(
    campaign: CampaignName,
    round_key: OneRound,
    reason: Annotated[str, typer.Option(help="为什么")] = "",
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """取消一轮，没发的不再发。"""
    ready()
    from laoke.campaigns.rounds import cancel_round

    target = the_shop(shop)
    rows = found_rounds(found_campaign(target, campaign), round_key)
    user, now = the_user(target, by), clock_of(target).now()
    with refusals():
        left = sum(cancel_round(row, by=user, now=now, reason=reason) for row in rows)
    emit({**_states(rows), "not_sent": left}, f"已取消，{left:,} 人没有发")


def _in_state(rows: list[Round], key: str | None, state: str) -> list[Round]:
    """Without a key all rounds in that state; with one the named, whatever their state (the domain refuses)."""
    found = rows if key is not None else [row for row in rows if row.state == state]
    if not found:
        refuse("round_state", "没有可以这样做的轮次")
    return found


def _states(rows: list[Round]) -> dict[str, Any]:
    return {"rounds": [{"key": row.key, "state": row.state} for row in rows]}


def status(campaign: CampaignName, round_key: RoundKey = None, shop: ShopName = None) -> None:
    """一轮发到哪了：漏斗、各状态人数、费用、速度。"""
    ready()
    from laoke.campaigns.rounds import round_status
    from laoke.campaigns.telling import status_of

    target = the_shop(shop)
    now = clock_of(target).now()
    told = [
        status_of(round_status(row, now)) for row in found_rounds(found_campaign(target, campaign), round_key)
    ]
    lines = []
    for one in told:
        lines.append(f"轮 {one['key']} {one['name']}：{one['state_label']}")
        lines += _funnel_lines(one["funnel"])
        lines += [f"    {label} {count:,}" for label, count in one["state_labels"].items()]
    emit({"rounds": told}, "\n".join(lines))


def handover_export(
    campaign: CampaignName,
    round_key: OneRound,
    out: Annotated[Path, typer.Option(help="名单放到哪个文件夹")],
    with_phone: Annotated[bool, typer.Option(help="带上完整号码（会记入审计）")] = False,
    split: Annotated[int, typer.Option(help="每份最多几人")] = 50_000,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """导出一轮的名单，交给平台自己的工具去发。"""
    ready()
    from laoke.campaigns.lists import export_lists

    target = the_shop(shop)
    row = _one(campaign, round_key, target)
    user, now = signing_user(target, by), clock_of(target).now()
    with refusals():
        lists = export_lists(row, out, by=user, now=now, with_phone=with_phone, max_rows=split)
    told = [
        {
            "number": one.number,
            "people": one.people,
            "sha256": one.sha256,
            "files": [str(f) for f in one.files],
        }
        for one in lists
    ]
    emit(
        {"round": row.key, "lists": told},
        "\n".join(f"第 {t['number']} 份 {t['people']:,} 人 → {out}" for t in told),
    )


def handover_import(
    file: Annotated[Path, typer.Argument(help="平台工具给的结果文件")],
    campaign: Annotated[str | None, typer.Option(help="活动名；能从文件名看出时可省")] = None,
    round_key: RoundKey = None,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """读回名单的发送结果。"""
    ready()
    from laoke.campaigns.lists import import_list_results
    from laoke.intake.reading.messages import refusal_message
    from laoke.intake.reading.refusals import IntakeRefused

    target = the_shop(shop)
    if not file.is_file():
        refuse("no_file", f"没有这个文件：{file}")
    row = _one(campaign, round_key, target) if campaign is not None and round_key is not None else None
    user, now = signing_user(target, by), clock_of(target).now()
    try:
        with refusals():
            counts = import_list_results(target, file, by=user, now=now, row=row)
    except IntakeRefused as error:
        refuse(error.code, refusal_message(error.code, error.params), params=error.params)
    emit(counts, f"读了 {counts['rows']} 行：送达 {counts['delivered']}，未送达 {counts['undelivered']}")
