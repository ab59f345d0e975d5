"""The export files that imports are measured with: 54 columns as Tmall gave them in 2018, and the same orders in 12."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent

if TYPE_CHECKING:
    from laoke.intake.models import ImportRun

ROWS = {"small": 3_000, "full": 1_000_000}
PEOPLE = {"small": 1_000, "full": 400_000}
SEED = 7
WIDE, NARROW = "orders_54.csv", "orders_12.csv"
NARROW_ROLES = {
    "order_id": "订单编号", "nick": "买家会员名", "receiver_name": "收货人姓名", "phone": "联系手机",
    "address": "收货地址", "titles": "宝贝标题", "status": "订单状态", "total": "总金额", "refunded": "退款金额",
    "item_count": "宝贝总数量", "created_at": "订单创建时间", "channel": "是否手机订单",
}  # fmt: skip


def write_exports(size: Size, folder: Path) -> None:
    """Write the wide file and the narrow one, unless they are there."""
    if (folder / NARROW).exists():
        return
    from laoke.intake.demo import write_gbk_bench_export

    write_gbk_bench_export(folder / WIDE, ROWS[size], PEOPLE[size], SEED)
    wanted = list(NARROW_ROLES.values())
    with (
        (folder / WIDE).open(encoding="gb18030", newline="") as wide,
        (folder / NARROW).open("w", encoding="gb18030", newline="") as narrow,
    ):
        rows = csv.reader(wide)
        header = [name.strip() for name in next(rows)]
        places = [header.index(name) for name in wanted]
        out = csv.writer(narrow)
        out.writerow(wanted)
        out.writerows([row[place] for place in places] for row in rows)


def import_measured(path: Path, *, mapping: dict[str, str] | None) -> tuple[ImportRun, Measured]:
    """Import a file as `laoke import` does up to the visible catalog entry; the whole of it as one measure."""
    from django.conf import settings

    from laoke.config.bench.house import NOW, new_shop, open_house

    open_house()
    from laoke.intake.loading.run import Options, Surroundings, begin, run_import

    shop = new_shop()
    options = Options(file_name=path.name, mapping=mapping)
    with spent() as time:
        run = begin(shop, path, options, by=None, now=NOW)
        done = run_import(run, path, options, Surroundings(place=settings.PLACE, now=lambda: NOW))
    return done, Measured("import_whole", time.wall, done.counts["read"], time.wall, time.cpu)


def facts_bench(name: str) -> Bench:
    """Import of one of the files, beside tools that only read it."""

    def ours(size: Size, folder: Path) -> Iterator[Measured]:
        yield from _facts_and_people(folder / name, narrow=name == NARROW)

    kind = "12" if name == NARROW else "54"
    peers = {"pandas": _pandas, "pandas_typed": _pandas_typed, "polars": _polars, "pyarrow": _pyarrow}
    return Bench(
        figures={f"import_facts_{kind}": Figure("s"), f"import_people_{kind}": Figure("s")},
        sides={"laoke": ours, **{peer: _reads_only(read, name, kind) for peer, read in peers.items()}},
        prepare=write_exports,
        needs={peer: peer.removesuffix("_typed") for peer in peers},
    )


def _facts_and_people(path: Path, *, narrow: bool) -> Iterator[Measured]:
    """Seconds of facts (everything but people: digest of the file, reading, writing, publishing) and of people."""
    run, whole = import_measured(path, mapping=NARROW_ROLES if narrow else None)
    people = run.detail["seconds"]["people"]
    kind = "12" if narrow else "54"
    size = f"{path.stat().st_size / 1e6:,.0f} MB, {run.detail['people']['new']:,} new people"
    facts = whole.wall - people
    yield Measured(
        f"import_facts_{kind}", facts, whole.n, facts, whole.cpu, note=f"{size}; cpu of the whole import"
    )
    yield Measured(f"import_people_{kind}", people, run.detail["people"]["new"], people, whole.cpu, note=size)


def _reads_only(
    read: Callable[[Path], int], name: str, kind: str
) -> Callable[[Size, Path], Iterator[Measured]]:
    note = _NOTES.get(read, "reads into memory, no more")

    def side(size: Size, folder: Path) -> Iterator[Measured]:
        with spent() as time:
            rows = read(folder / name)
        yield Measured(f"import_facts_{kind}", time.wall, rows, time.wall, time.cpu, note=note)

    return side


def _pandas(path: Path) -> int:
    import pandas

    return len(pandas.read_csv(path, encoding="gb18030", low_memory=False))


def _pandas_typed(path: Path) -> int:
    """What a reader still has to do before anything can be counted: order numbers as text without `="…"`, times as
    times, money in cents."""
    import pandas

    header = [name.strip() for name in pandas.read_csv(path, encoding="gb18030", nrows=0).columns]
    texts = [name for name in _TEXTS if name in header]
    times = [name for name in _TIMES if name in header]
    frame = pandas.read_csv(
        path, encoding="gb18030", header=0, names=header, dtype=dict.fromkeys(texts, str), parse_dates=times,
        low_memory=False,
    )  # fmt: skip
    for name in texts:
        frame[name] = frame[name].str.removeprefix('="').str.removesuffix('"').str.removeprefix("'")
    for name in (name for name in _MONEY if name in header):
        frame[name] = (frame[name] * 100).round().astype("int64")
    return len(frame)


def _polars(path: Path) -> int:
    polars = import_module("polars")
    return int(
        polars.read_csv(path, encoding="gb18030", infer_schema_length=10_000, ignore_errors=True).height
    )


def _pyarrow(path: Path) -> int:
    from pyarrow import csv

    return int(csv.read_csv(path, read_options=csv.ReadOptions(encoding="gb18030")).num_rows)


_TEXTS = ("订单编号", "联系手机")
_TIMES = ("订单创建时间", "订单付款时间", "确认收货时间")
_MONEY = ("买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额", "退款金额")
_NOTES: dict[Callable[[Path], int], str] = {
    _pandas_typed: "reads and tells numbers, times and money",
}
