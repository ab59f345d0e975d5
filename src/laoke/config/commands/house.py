"""Commands of the house: init, shops, users, keys, doctor."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, refuse_home, the_shop


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("init")(init)
    shops = typer.Typer(help="店铺", no_args_is_help=True)
    shops.command("add")(shop_add)
    shops.command("list")(shop_list)
    app.add_typer(shops, name="shop")
    users = typer.Typer(help="账号", no_args_is_help=True)
    users.command("add")(user_add)
    users.command("unlock")(user_unlock)
    app.add_typer(users, name="user")
    app.command("doctor")(doctor)
    app.command("upkeep")(upkeep)
    app.command("migrate")(migrate)


def make_installation() -> None:
    """Folders, keys, migrated ledger: safe to call on an installation that is there already."""
    from laoke.shops.keys import make_key_file
    from laoke.shops.place import place_from_env

    refuse_home()
    place = place_from_env()
    place.make()
    new_keys = not place.keys.exists()
    if new_keys and any(place.local_tables.iterdir()):
        refuse("keys", f"{place.home} 里有数据，但钥匙文件不在：{place.keys}。从备份拿回它")
    make_key_file(place.keys)
    ready(migrated=False)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    ready()
    migrate_facts()


def migrate_facts() -> list[dict[str, Any]]:
    """Bring the tables of facts to this version's columns; what was done."""
    from django.conf import settings

    from laoke.config.migrating import migrate_tables
    from laoke.shops.clock import clock_from_env
    from laoke.shops.locks import WriterBusy

    try:
        steps = migrate_tables(settings.PLACE, now=clock_from_env().now())
    except WriterBusy as busy:
        refuse("busy", str(busy))
    return [{"number": one.number, "table": one.table, "what": one.what} for one in steps]


def init() -> None:
    """建好数据文件夹、钥匙和数据库；已有的不动。"""
    make_installation()
    from django.conf import settings

    emit({"home": str(settings.PLACE.home)}, f"已备好：{settings.PLACE.home}")


def migrate() -> None:
    """升级以后把数据库和事实表换成新版本的样子；up 和 worker 开始时会自己做。"""
    ready(migrated=False)
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    ready()
    done = migrate_facts()
    told = "\n".join(f"{one['number']}  {one['table']}：{one['what']}" for one in done)
    emit({"tables": done}, told or "都是新的样子了，没有要换的")


def shop_add(
    name: str,
    platform: Annotated[str, typer.Option(help="tmall、taobao 或 other")] = "tmall",
    category: Annotated[str, typer.Option(help="类目，如 家纺")] = "",
    currency: Annotated[str, typer.Option(help="币种")] = "CNY",
) -> None:
    """建一家店。还没有人能登录时，店长账号也一起建好。"""
    ready()
    from laoke.config.demo import owner_password
    from laoke.shops.clock import clock_from_env
    from laoke.shops.models import Platform, Shop
    from laoke.shops.setup import add_shop

    if platform not in Platform.values:
        refuse("platform", f"没有平台 {platform}，可选：{'、'.join(Platform.values)}")
    if Shop.objects.filter(name=name).exists():
        refuse("shop_exists", f"已有叫「{name}」的店")
    now = clock_from_env().now()
    shop = add_shop(name, now=now, platform=platform, category=category, currency=currency)
    result: dict[str, Any] = {"shop": shop.name, "id": shop.pk}
    if password := owner_password(now):
        result |= {"username": "owner", "one_time_password": password}
    emit(result, f"建好了：{shop.name}")


def shop_list() -> None:
    """列出所有店。"""
    ready()
    from laoke.shops.models import Shop

    shops: list[dict[str, Any]] = [
        {"id": s.pk, "name": s.name, "platform": s.platform, "demo": s.is_demo}
        for s in Shop.objects.order_by("pk")
    ]
    emit({"shops": shops}, "\n".join(s["name"] for s in shops) or "还没有店")


def user_add(
    username: str,
    role: Annotated[
        str, typer.Option(help="owner、operator、service、designer、warehouse、analyst、auditor")
    ] = "operator",
    name: Annotated[str, typer.Option(help="姓名")] = "",
    shop: Annotated[str | None, typer.Option(help="店名；不给则为所有店")] = None,
) -> None:
    """加一个账号，打印一次性密码。"""
    ready()
    from laoke.shops.clock import clock_from_env
    from laoke.shops.models import Role, Shop, User
    from laoke.shops.setup import add_user

    if role not in Role.values:
        refuse("role", f"没有角色 {role}，可选：{'、'.join(Role.values)}")
    if User.objects.filter(username=username).exists():
        refuse("user_exists", f"已有账号 {username}")
    shops = [the_shop(shop)] if shop else list(Shop.objects.all())
    if not shops:
        refuse("no_shop", "还没有店，先用 laoke shop add 建一个")
    _, password = add_user(username, shops=shops, role=role, now=clock_from_env().now(), full_name=name)
    emit({"username": username, "one_time_password": password}, f"账号 {username}，一次性密码 {password}")


def user_unlock(username: str, reset: Annotated[bool, typer.Option(help="换一个一次性密码")] = False) -> None:
    """解开因输错密码而锁住的账号；加 --reset 也打开恢复备份后停用的账号。"""
    ready()
    from axes.utils import reset as reset_attempts

    from laoke.shops import audit
    from laoke.shops.clock import clock_from_env
    from laoke.shops.models import User
    from laoke.shops.staff import give_password

    user = User.objects.filter(username=username).first()
    if user is None:
        refuse("no_user", f"没有账号 {username}")
    reset_attempts(username=username)
    result: dict[str, object] = {"username": username}
    text = f"账号 {username} 已解锁"
    if reset:
        password = give_password(user)
        result["one_time_password"], text = password, f"{text}，一次性密码 {password}"
    audit.record(
        "user.unlock", shop=None, actor=None, at=clock_from_env().now(), subject=username, reset=reset
    )
    emit(result, text)


def doctor(
    repair: Annotated[
        bool, typer.Option("--repair", help="修好日志，事实回到最近一份完好的；什么都不删")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="不把每个文件读到底，大店快得多")] = False,
) -> None:
    """看这套数据是否完好：钥匙、审计链、计算引擎、事实表、磁盘、后台、该清的明文文件、通道；坏了哪里、怎么办。"""
    ready()
    import time

    from django.conf import settings

    from laoke.shops import catalog
    from laoke.shops.clock import clock_from_env
    from laoke.web import health

    if repair:
        _repair()
        return
    found = health.look(settings.PLACE, now=clock_from_env().now(), wall=time.time(), quick=quick)
    marks = {health.GOOD: "好", health.LOOK: "看", health.BAD: "坏"}
    lines = [f"[{marks[one.state]}] {one.label}：{one.text}" for one in found]
    told = [
        {
            "name": one.name,
            "state": one.state,
            "text": str(one.text),
            **({"detail": one.detail} if one.detail else {}),
        }
        for one in found
    ]
    problems = [f"{one.label}：{one.text}" for one in found if one.state == health.BAD]
    if problems:
        refuse("damage", "\n".join(lines), problems=problems, checks=told)
    entry = catalog.current()
    emit({"ok": True, "catalog": entry.pk if entry else None, "checks": told}, "\n".join(lines))


def _repair() -> None:
    from django.conf import settings

    from laoke.config.repairing import RepairRefused, repair
    from laoke.shops.clock import clock_from_env
    from laoke.shops.locks import WriterBusy
    from laoke.warehouse.delta import WarehouseError

    try:
        told = repair(settings.PLACE, by=None, now=clock_from_env().now())
    except RepairRefused as refusal:
        refuse(refusal.code, refusal.text)
    except WriterBusy as busy:
        refuse("busy", str(busy))
    except WarehouseError as error:
        refuse("nothing_whole", f"{error}。用备份：laoke restore")
    lines = [f"修好了：事实回到第 {told['facts_of']} 号目录的样子，现在是第 {told['entry']} 号"]
    if told["mended"]:
        lines.append(
            f"  日志修好的表：{'、'.join(told['mended'])}；断掉的放在数据文件夹的 warehouse/_set_aside"
        )
    if told["imports"]:
        undone = "、".join(str(one) for one in told["imports"])
        lines.append(f"  撤回的导入：{undone}。把那几个文件再导一次")
    emit(told, "\n".join(lines))


def upkeep() -> None:
    """保养事实表：合并小文件、清掉没人用的旧文件。平时后台每夜做一次。"""
    ready()
    import time

    from django.conf import settings

    from laoke.config import upkeep as keeping
    from laoke.shops.clock import clock_from_env
    from laoke.shops.locks import WriterBusy

    try:
        row = keeping.run(settings.PLACE, now=clock_from_env().now(), wall=time.time(), lock_seconds=10.0)
    except WriterBusy as busy:
        refuse("busy", str(busy))
    emit(row.result, keeping.summary(row))
