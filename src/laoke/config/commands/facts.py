"""Commands of facts: import, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from laoke.config.console import at_work, emit, progress, ready, refuse, settings, the_shop


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("import")(import_files)
    app.command("demo")(demo)


def import_files(
    files: Annotated[list[Path], typer.Argument(help="CSV、Excel 或 gz 文件，可多个")],
    shop: Annotated[str | None, typer.Option(help="店名；只有一家店时可省")] = None,
    profile: Annotated[str, typer.Option(help="指定版式，如 tb_orderlist_46_2017")] = "",
    column: Annotated[
        list[str] | None, typer.Option("--map", help="列对应，如 order_id=单号；可多次")
    ] = None,
    grain: Annotated[
        str,
        typer.Option(
            help="一行是什么：order 一单、line 一件商品、item 商品明细、refund 退款、product 商品…（配合 --map）"
        ),
    ] = "order",
    until: Annotated[str | None, typer.Option(help="只导入这一刻以前下的单，如 2018-10-31")] = None,
    as_of: Annotated[str | None, typer.Option(help="文件导出的时间；默认看文件名或文件里最晚的时间")] = None,
) -> None:
    """导入订单、退款、商品、流量等文件。同一文件再导一次什么都不变；几个重叠的文件先后随意。"""
    ready()
    from laoke.intake.loading.run import Options
    from laoke.intake.reading.roles import GRAINS

    target = the_shop(shop)
    if grain not in GRAINS:
        refuse("grain", f"--grain 只能是 {'、'.join(GRAINS)}，不能是 {grain}")
    from laoke.intake.joined import Chosen, joined_paths
    from laoke.shops.uploads import private_folder

    failed = False

    def ended(result: dict[str, Any]) -> None:
        nonlocal failed
        failed = failed or "error" in result
        if settings.as_json:
            emit(result)

    def not_joined(name: str, _sources: list[Path], refusal: Any) -> None:
        ended(_refused(name, refusal))

    with private_folder("joined") as folder:
        told = bool(profile or column)
        alone = [Chosen(file, file.name, [file]) for file in files]
        for one in alone if told else joined_paths(files, folder, not_joined):
            options = Options(
                file_name=one.name,
                profile=profile,
                mapping=_mapping(column),
                grain=grain,
                until=_moment(until, end_of_day=True),
                seen_at=_moment(as_of, end_of_day=True),
            )
            with at_work("import"):
                ended(_import_one(target, one.path, options))
    if failed:
        raise typer.Exit(1)


def _import_one(shop: Any, file: Path, options: Any) -> dict[str, Any]:
    from laoke.config.importing import import_file, summary_text
    from laoke.intake.reading.refusals import IntakeRefused

    if not file.is_file():
        return _not_imported(file.name, "no_file", f"没有这个文件：{file}")
    try:
        file.open("rb").close()
    except OSError:
        return _not_imported(
            file.name,
            "file_locked",
            "打不开。在别的程序（如 Excel）里关掉它，或看看有没有读它的权限，再导一次。",
        )
    try:
        with progress(options.file_name) as update:
            result = import_file(shop, file, options, progress=update)
    except IntakeRefused as refusal:
        return _refused(options.file_name, refusal)
    if not settings.as_json:
        typer.echo(summary_text(result))
    return result


def _refused(name: str, refusal: Any) -> dict[str, Any]:
    from laoke.intake.reading.messages import refusal_message

    text = refusal_message(refusal.code, refusal.params)
    if refusal.code == "header_not_recognised":
        text += "命令行用 --map order_id=列名 --map created_at=列名 --map total=列名 指定。"
    return _not_imported(name, refusal.code, text, params=refusal.params)


def _not_imported(name: str, code: str, text: str, **detail: Any) -> dict[str, Any]:
    """A file of which nothing was taken; the others of the command are taken all the same."""
    if not settings.as_json:
        typer.echo(f"{name}：{text}", err=True)
    return {"file": name, "error": code, "message": text, **detail}


def _mapping(pairs: list[str] | None) -> dict[str, str] | None:
    if not pairs:
        return None
    mapping = {}
    for pair in pairs:
        role, equals, header = pair.partition("=")
        if not equals or not role or not header:
            raise typer.BadParameter(f"--map 要写成 角色=列名，不能是 {pair!r}")
        mapping[role.strip()] = header.strip()
    return mapping


def _moment(text: str | None, *, end_of_day: bool) -> Any:
    from datetime import datetime, time

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"看不懂时间 {text!r}，要像 2018-10-31 或 '2018-10-31 18:00'") from None
    return datetime.combine(moment.date(), time.max) if end_of_day and len(text) <= 10 else moment


def demo(
    customers: Annotated[int, typer.Option(help="客户数")] = 20_000,
    orders: Annotated[int, typer.Option(help="订单数，连同还没到的 45 天")] = 60_000,
    seed: Annotated[int, typer.Option(help="种子；同一种子给出同一家店")] = 11,
    to: Annotated[str | None, typer.Option(help="把示例店的时钟往后拨到这一刻，订单跟着来")] = None,
    own_clock: Annotated[
        bool, typer.Option("--own-clock", help="让示例店从双11前夜开始，用自己的时钟")
    ] = False,
    start: Annotated[
        str | None, typer.Option(help="让示例店从这一刻开始，用自己的时钟，如 '2026-10-31 10:00'")
    ] = None,
) -> None:
    """建一家示例店：两年的订单、商品、物流、评价，没有一个真人；或把它的时钟往后拨。"""
    from laoke.config.commands.house import make_installation

    make_installation()
    from laoke.config.demo import DemoRefused, advance_demo, make_demo_shop, turn_clock
    from laoke.shops.clock import clock_from_env
    from laoke.shops.models import Shop

    if to is not None:
        try:
            turn_clock(_moment(to, end_of_day=False))
        except DemoRefused as refusal:
            refuse(refusal.code, {"no_demo": "还没有示例店", "not_forward": "时钟只能往后拨"}[refusal.code])
        result = advance_demo(clock_from_env().now())
        emit(
            result,
            f"示例店走到 {result['now']}，共 {result['orders_so_far']} 单；"
            f"发到 {result['reached']} 人，其中 {result['planted_orders']} 人多买了一单",
        )
        return
    if Shop.objects.filter(is_demo=True).exists():
        refuse("demo_exists", "示例店已经有了")
    if not 1 <= orders / max(1, customers) <= 8:
        refuse("demo_size", "每位客户 1 到 8 单：调整 --customers 或 --orders")
    result = make_demo_shop(
        customers=customers,
        orders=orders,
        seed=seed,
        on_its_clock=own_clock or start is not None,
        start=_moment(start, end_of_day=False),
    )
    emit(
        result,
        f"建好了：{result['shop']}，{result['now']} 时有 {result['customers_so_far']} 位客户、"
        f"{result['orders_so_far']} 单，用时 {result['seconds']} 秒",
    )
