"""Commands that keep running: up, web, worker, gateway."""

from __future__ import annotations

from typing import Annotated

import typer

from laoke.config.console import at_work, ready, refuse


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("up")(up)
    app.command("web")(web)
    app.command("worker")(worker)
    app.command("gateway")(gateway)


def up(
    port: Annotated[int, typer.Option(help="网页的端口")] = 8000,
    demo: Annotated[bool, typer.Option(help="没有店时建示例店")] = True,
    customers: Annotated[int, typer.Option(help="示例店的客户数")] = 20_000,
    orders: Annotated[int, typer.Option(help="示例店的订单数")] = 60_000,
) -> None:
    """备好一切并打开老客：网页、后台和示例网关一起启动，Ctrl-C 一起停。"""
    from laoke.config.up import run_up

    raise typer.Exit(run_up(port=port, with_demo=demo, customers=customers, orders=orders))


def web(
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    workers: Annotated[int, typer.Option(help="进程数")] = 1,
) -> None:
    """只启动网页。"""
    ready()
    from laoke.config.serve import serve

    with at_work("web"):
        serve(host, port, workers)


def worker(
    once: Annotated[bool, typer.Option(help="做完眼前的就停")] = False,
    name: Annotated[str, typer.Option(help="这个后台的名字")] = "",
) -> None:
    """只启动后台：导入、发送、回执、镜像。"""
    ready()
    from laoke.config.commands.house import migrate_facts
    from laoke.config.worker import Worker

    with at_work("worker"):
        migrate_facts()
        Worker(name or None).run(once=once)


def gateway(
    provider: Annotated[str, typer.Argument(help="aliyun 或 top")] = "aliyun",
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口；top 不写时是 8028")] = 8027,
    callback: Annotated[
        str, typer.Option(help="回执与回复推送到的网址；只写主机和端口时用老客收回执的地址")
    ] = "http://127.0.0.1:8000",
    lag: Annotated[float, typer.Option(help="几秒后查得到")] = 2.0,
    seed: Annotated[int, typer.Option(help="随机种子")] = 11,
    faults: Annotated[
        str,
        typer.Option(help="top 一直时不时出的故障，逗号分开，all 是会自己过去的全部；见 reference/taobao.md"),
    ] = "",
) -> None:
    """启动一个和真网关同协议的演练网关：aliyun 只收永不分配的号码，top 是一家编出来的店；什么都不会离开这台电脑。"""
    ready()
    from laoke.config.loopback import run_gateway, run_top

    if provider == "top":
        run_top(port=8028 if port == 8027 else port, seed=seed, faults=faults)
        return
    if provider != "aliyun":
        refuse("provider", f"没有演练网关 {provider}，可选：aliyun、top")
    run_gateway(host=host, port=port, callback=callback, lag=lag, seed=seed)
