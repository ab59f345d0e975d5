"""Commands of people: on what the owner rests consent, and its withdrawal."""

from __future__ import annotations

from typing import Annotated

import typer

from laoke.config.commands.campaign import ByName, ShopName, clock_of, the_day
from laoke.config.commands.reach import signing_user
from laoke.config.console import emit, ready, refuse, the_shop

REASONS = {
    "channel": "没有这个渠道，可选：sms、email、call、handover",
    "purpose": "没有这个目的，可选：marketing、care、profiling",
    "wording": "写明当时给客户看的原话，至少 6 个字",
    "proof": "写明凭证在哪，如入会页面截图的编号",
    "period": "收集的起止日期不对：结束不能早于开始，也不能在今天以后",
    "expired": "到期日要在今天以后",
}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    consent = typer.Typer(help="同意", no_args_is_help=True)
    consent.command("declare")(declare)
    consent.command("list")(list_bases)
    consent.command("withdraw")(withdraw)
    app.add_typer(consent, name="consent")


def declare(
    channel: Annotated[str, typer.Option(help="sms、email、call 或 handover")],
    wording: Annotated[str, typer.Option(help="当时给客户看的原话")],
    proof: Annotated[str, typer.Option(help="凭证在哪")],
    since: Annotated[str, typer.Option("--from", help="从哪天开始收集的")],
    until: Annotated[str, typer.Option("--to", help="收集到哪天")],
    version: Annotated[str, typer.Option("--wording-version", help="原话的版本")] = "1",
    role: Annotated[str, typer.Option(help="以什么身份收集：controller 或 processor")] = "controller",
    expires: Annotated[str | None, typer.Option(help="到期日")] = None,
    purpose: Annotated[
        str, typer.Option(help="目的：marketing 营销、care 服务和关怀、profiling 画像分析")
    ] = "marketing",
    only_count: Annotated[bool, typer.Option(help="只看会覆盖多少人，不记录")] = False,
    shop: ShopName = None,
    by: ByName = None,
) -> None:
    """记下客户同意接收的依据：原话、渠道、期间、凭证。拒收的人不会被它盖过。"""
    ready()
    from laoke.customers import consent

    target = the_shop(shop)
    now = clock_of(target).now()
    declared = consent.Declaration(
        channel, role, wording, version, the_day(since), the_day(until), proof,
        the_day(expires) if expires else None, purpose,
    )  # fmt: skip
    try:
        consent.check_declaration(declared, now.date())
    except consent.DeclarationRefused as error:
        refuse(error.code, REASONS[error.code])
    if only_count:
        people = consent.would_cover(target, declared)
        emit({"people": people}, f"会覆盖 {people:,} 人")
        return
    basis = consent.declare(target, declared, by=signing_user(target, by), now=now)
    told = {"basis": basis.pk, "channel": channel, "purpose": purpose, "people": basis.people}
    emit(told, f"已记下，覆盖 {basis.people:,} 人")


def list_bases(shop: ShopName = None) -> None:
    """列出已记下的依据。"""
    ready()
    from laoke.customers.models import ConsentBasis

    rows = [
        {
            "id": basis.pk, "channel": basis.channel, "purpose": basis.purpose,
            "people": basis.people, "proof": basis.proof, "from": str(basis.collected_from),
            "to": str(basis.collected_to),
            "withdrawn": basis.withdrawn_at is not None,
        }
        for basis in ConsentBasis.objects.filter(shop=the_shop(shop), person_id=None).order_by("pk")
    ]  # fmt: skip
    emit(
        {"bases": rows},
        "\n".join(
            f"{r['id']}  {r['channel']}  {r['purpose']}  {r['people']:,} 人  {r['proof']}" for r in rows
        )
        or "还没有依据",
    )


def withdraw(
    basis: Annotated[int, typer.Argument(help="依据的编号")], shop: ShopName = None, by: ByName = None
) -> None:
    """收回一个依据，靠它的同意都结束。"""
    ready()
    from laoke.customers import consent
    from laoke.customers.models import ConsentBasis

    target = the_shop(shop)
    row = ConsentBasis.objects.filter(shop=target, pk=basis, withdrawn_at=None).first()
    if row is None:
        refuse("no_basis", f"没有编号 {basis} 的依据，或已收回")
    people = consent.withdraw_basis(row, by=signing_user(target, by), now=clock_of(target).now())
    emit({"basis": basis, "people": people}, f"已收回，{people:,} 人的同意结束")
