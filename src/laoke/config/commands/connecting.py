"""Commands of the platform: connect, sign in anew, pause, resume, forget, pull."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, say, the_shop

if TYPE_CHECKING:
    from datetime import datetime

    from laoke.intake.models import Connection

ShopName = Annotated[str | None, typer.Option("--shop", help="店名；只有一家店时可省")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(help="接平台", no_args_is_help=True)
    group.command("top")(top)
    group.command("status")(status)
    group.command("sign-in")(sign_in)
    group.command("pause")(pause)
    group.command("resume")(resume)
    group.command("forget")(forget)
    app.add_typer(group, name="connect")
    app.command("pull")(pull)


def _secret(file: Path | None, label: str) -> str:
    """A secret from a file or typed unseen; never from the command line, where others can read it."""
    if file is not None:
        if not file.is_file():
            refuse("no_file", f"没有这个文件：{file}")
        return file.read_text(encoding="utf-8").strip()
    if not sys.stdin.isatty():
        refuse("needs_file", f"{label} 要从文件读：终端之外不会问")
    return str(typer.prompt(label, hide_input=True)).strip()


def top(
    app_key: Annotated[str, typer.Argument(help="开放平台应用的 App Key")],
    secret_file: Annotated[Path | None, typer.Option(help="存着 App Secret 的文件；不给就问")] = None,
    session_file: Annotated[Path | None, typer.Option(help="存着 session 的文件；不给就问")] = None,
    gateway: Annotated[str, typer.Option(help="演练时写 laoke gateway top 打印的地址")] = "",
    shop: ShopName = None,
) -> None:
    """接上淘宝开放平台：后台每几分钟拉一次订单和退款。"""
    ready()
    from laoke.intake.top import connections
    from laoke.intake.top.call import GATEWAY
    from laoke.intake.top.words import refusal_text
    from laoke.shops.clock import live_now

    target = the_shop(shop)
    try:
        connection = connections.connect(
            target, app_key=app_key, secret=_secret(secret_file, "App Secret"),
            session=_secret(session_file, "session"), by=None, now=live_now(target.timezone),
            gateway=gateway or GATEWAY,
        )  # fmt: skip
    except connections.ConnectionRefused as refused:
        refuse(refused.code, refusal_text(refused.code, refused.params))
    _emit(connection, "接上了，后台会开始拉；也可以现在就 laoke pull")


def status(shop: ShopName = None) -> None:
    """看连接：状态、拉到哪、出了什么事。"""
    ready()
    _emit(_connection(shop), "")


def sign_in(
    session_file: Annotated[Path | None, typer.Option(help="存着新 session 的文件；不给就问")] = None,
    shop: ShopName = None,
) -> None:
    """授权过期后，填进新的 session，从停下的地方接着拉。"""
    ready()
    from laoke.intake.top import connections
    from laoke.intake.top.words import refusal_text
    from laoke.shops.clock import live_now

    connection = _connection(shop)
    try:
        connections.sign_in(connection, _secret(session_file, "session"), by=None, now=live_now())
    except connections.ConnectionRefused as refused:
        refuse(refused.code, refusal_text(refused.code, refused.params))
    _emit(connection, "换上了新的授权")


def pause(shop: ShopName = None) -> None:
    """先不拉。"""
    _act("pause", shop, "已暂停")


def resume(shop: ShopName = None) -> None:
    """接着拉。"""
    _act("resume", shop, "接着拉")


def forget(shop: ShopName = None) -> None:
    """忘掉 App Secret、session 和拉到哪；拉来的订单留着。"""
    _act("forget", shop, "已忘掉，拉来的订单还在")


def _act(name: str, shop: str | None, text: str) -> None:
    ready()
    from laoke.intake.top import connections
    from laoke.shops.clock import live_now

    connection = _connection(shop)
    getattr(connections, name)(connection, by=None, now=live_now())
    if name == "forget":
        emit({"shop": connection.shop.name, "forgotten": True}, text)
    else:
        _emit(connection, text)


def pull(shop: ShopName = None) -> None:
    """现在就拉，直到没有落下的。"""
    ready()
    from laoke.config.pulling import pull_all
    from laoke.intake.models import PullStream
    from laoke.intake.top.connections import Forgotten, LeaseLost
    from laoke.intake.top.words import trouble_detail, trouble_text
    from laoke.shops.clock import live_now

    connection = _connection(shop)
    if connection.state == "paused":
        refuse("paused", "已暂停。先 laoke connect resume")

    def told(stream: str, reached: datetime) -> None:
        say(f"  {PullStream(stream).label} 到 {reached:%Y-%m-%d %H:%M}")

    try:
        turn = pull_all(connection, live_now, told)
    except Forgotten:
        refuse("forgotten", "拉到一半连接被忘掉了：手上的一批没有存，之前拉来的都在")
    except LeaseLost:
        refuse("paused", "拉到一半被暂停，手上的一批没有存")
    if turn is None:
        refuse("busy", "后台正在拉")
    if turn.trouble is not None:
        trouble = turn.trouble.as_dict()
        detail = trouble_detail(trouble)
        text = trouble_text(trouble) + (f"（{detail}）" if detail else "")
        refuse(turn.trouble.kind, text, trades=turn.trades)
    result = {
        "trades": turn.trades, "refunds": turn.refunds, "others": turn.others, "put_aside": turn.aside,
        "calls": turn.calls,
    }  # fmt: skip
    text = f"拉到 {turn.trades} 单、{turn.refunds} 笔退款，评价、物流、会员共 {turn.others} 条，隔离 {turn.aside}"
    emit(result, text)


def _connection(shop: str | None) -> Connection:
    from laoke.intake.models import Connection

    target = the_shop(shop)
    connection = Connection.objects.filter(shop=target).select_related("shop").first()
    if connection is None:
        refuse("not_connected", f"「{target.name}」没有接平台。用 laoke connect top 接上")
    return connection


def _emit(connection: Connection, text: str) -> None:
    from laoke.config.pulling import status_of
    from laoke.intake.models import PullStream

    told: dict[str, Any] = status_of(connection)
    lines = [text] if text else []
    lines.append(f"{told['shop']}：{connection.get_state_display()} {told['message']}".rstrip())
    for name, one in told["streams"].items():
        lines.append(
            f"  {PullStream(name).label} 到 {one['reached']}，{one['rows']:,} 条 {one['message']}".rstrip()
        )
    heard = told["messages"]
    lines.append(
        f"  平台消息 {'在听' if heard['since'] else '没在听'}，{heard['heard']:,} 条，等着读 {heard['to_be_read']:,}"
    )
    emit(told, "\n".join(lines))
