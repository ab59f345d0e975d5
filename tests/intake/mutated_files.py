"""Exports harmed in every way a shop's files are, one for each number: the same number always gives the same file.

A good export is made first (a known layout or a strange one with a mapping, as text or as an Excel book), then
its cells, its text or its bytes are harmed one to three times.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from laoke.intake.reading.kinds import FACT_KINDS
from laoke.intake.reading.profiles import Profile, profiles
from laoke.intake.reading.roles import ROLES
from tests.reading.old_books import Error, Formula, old_book

STATUSES = ("交易成功", "交易关闭", "等待买家付款", "卖家已发货，等待买家确认", "买家已付款，等待卖家发货")
HOSTILE_NICKS = (
    '=HYPERLINK("http://x","点我")', "<script>alert(1)</script>", "旺旺😀小二", "@SUM(1)", "+1", "-1", "\u202e反",
    "买家'; DROP TABLE orders--", "${jndi:ldap://x}", "{{7*7}}", "t**8", "\u200b", "a" * 300, "%s%n%(found)s", "null",
    "\x01\x02", "é", "\ufffd", "ﷺ" * 20,
)  # fmt: skip
ODD_IDS = (
    "1.23E+18", "2.1e+18", '="21000000000000001"', "'210000000000000019", "1" * 65, "１２３４５", "12 34", "订单一",
    "", "0", "-5", "=1+1", "21000000000000001.0", "\t77\t", "#N/A",
)  # fmt: skip
ODD_TIMES = (
    "2018/10/1 9:05", "2018年10月1日 9时5分", "20181001090500", "2018-02-30", "昨天", "1/10/2018",
    "2018-10-01T09:05:00Z", "43374.378",
    "0000-00-00 00:00:00", "2018-10-01 25:00", "", "9999-12-31", "1970-01-01", "２０１８－１０－０１", "-",
    "Mon Oct  1 09:05:00 CST 2018", "2018-10-01 09:05:00.123456",
)  # fmt: skip
ODD_MONEY = (
    "-5.00", "1,234.56", "￥88", "88元", "1e5", "0.005", "9" * 30, "99999999999.99", "-", "", "NaN", "Infinity",
    "88.8.8", "８８．００", "--5", "+5", "1 000", "0x10", "#REF!", "9223372036854775807", "-0.00", "100000000000.01",
    "=A1*2", ".5", "5.",
)  # fmt: skip
ODD_COUNTS = ("-1", "1.5", "2147483648", "", "两件", "1e3", "9" * 25)
TEXT_ENCODINGS = (
    "gb18030", "gbk", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "big5", "cp1252", "shift_jis",
)  # fmt: skip
ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)

Table = list[list[str]]


@dataclass(frozen=True)
class Export:
    """A file on its way: first its cells, then its bytes. `done` tells what happened to it."""

    kind: str
    table: Table
    mapping: dict[str, str] | None
    profile: str
    grain: str = "order"
    done: tuple[str, ...] = ()
    roles: dict[str, int] = field(default_factory=dict)
    data: bytes = b""
    encoding: str = "gb18030"

    @property
    def name(self) -> str:
        return f"订单.{'csv.gz' if self.kind == 'gzip' else self.kind}"

    def columns(self, *kinds: str) -> list[int]:
        return [place for role, place in self.roles.items() if ROLES[role].kind in kinds]


def mutated_file(number: int, header: Sequence[str] = ()) -> Export:
    """The file of a number; with `header` a text of these columns, whatever Laoke may know of them."""
    chance = random.Random(f"mutated-{number}")
    export = _foreign(chance, header) if header else _good(chance)
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        export = _told(export, chance.choice(CELL_HARMS), chance)
    export = _written(export, chance)
    for _ in range(chance.choice((0, 0, 1, 1, 2)) if export.done else 1):
        export = _told(export, chance.choice(BOOK_HARMS if export.kind == "xlsx" else BYTE_HARMS), chance)
    return export


def _told(export: Export, harm: Harm, chance: random.Random) -> Export:
    harmed = harm(export, chance)
    return replace(harmed, done=(*export.done, harm.__name__.strip("_")))


# --- Good exports


def _good(chance: random.Random) -> Export:
    # Books are read by a process of their own, which takes a tenth of a second: most files are text.
    kind = chance.choices(("csv", "gzip", "xlsx", "xls"), (88, 6, 4, 2))[0]
    profile = chance.choice(list(profiles().values()))
    rows = chance.randint(1, 14)
    if chance.random() < 0.15:
        return _strange(chance, kind, rows)
    names = {name: role for role, accepted in reversed(profile.names.items()) for name in accepted}
    header = list(profile.header)
    by_place = [names.get(name, "") for name in header]
    table = [header, *(_row(chance, by_place, profile) for _ in range(rows))]
    roles = {role: by_place.index(role) for role in by_place if role}
    return Export(kind, table, None, profile.id, grain=profile.grain, roles=roles)


def _strange(chance: random.Random, kind: str, rows: int) -> Export:
    """A layout nobody knows, explained by a mapping."""
    wanted = [
        "order_id",
        "created_at",
        "total",
        *chance.sample(["paid", "nick", "phone", "titles", "address"], 3),
    ]
    header = [f"列{place}" for place in range(len(wanted))]
    mapping = dict(zip(wanted, header, strict=True))
    table = [header, *(_row(chance, wanted, None) for _ in range(rows))]
    return Export(kind, table, mapping, "", roles={role: place for place, role in enumerate(wanted)})


def _foreign(chance: random.Random, header: Sequence[str]) -> Export:
    """A report of another kind; its cells are guessed from the names of its columns."""
    looks = {
        "编号": "order_id", "单号": "order_id", "ID": "order_id", "时间": "created_at", "日期": "created_at",
        "金额": "total", "价": "total", "状态": "status", "数": "item_count", "地址": "address",
    }  # fmt: skip
    roles = [next((role for part, role in looks.items() if part in name), "titles") for name in header]
    table = [list(header), *(_row(chance, roles, None) for _ in range(chance.randint(1, 9)))]
    return Export("csv", table, None, "", roles={role: roles.index(role) for role in roles})


def _row(chance: random.Random, roles: list[str], profile: Profile | None) -> list[str]:
    created = datetime(2018, 9, 20) + timedelta(seconds=chance.randrange(20 * 86400))
    cents = chance.randrange(1, 50_000)
    told = {
        "order_id": str(210_000_000_000_000_000 + chance.randrange(10**6)),
        "created_at": str(created),
        "paid_at": str(created + timedelta(minutes=3)),
        "total": _yuan(cents),
        "paid": _yuan(cents),
        "refunded": "0.00",
        "status": chance.choice(STATUSES),
        "nick": f"客{chance.randrange(40)}",
        "phone": f"'1380000{chance.randrange(10**4):04d}",
        "titles": "水洗棉四件套",
        "item_count": "1",
        "address": "浙江省 杭州市 西湖区 文三路***(310000)",
        "quantity": "2",
        "unit_price": "3.39",
        "product_id": f"8512{chance.randrange(9)}A",
        "title": "CREAM CUPID HEARTS",
        "member_id": "17850",
        "province": "United Kingdom",
        "channel": "手机订单",
        "close_reason": "订单未关闭",
        "receiver_name": "张**",
    }
    if profile is not None and profile.grain in FACT_KINDS:
        told |= _fact(chance, created, cents)
    if profile is not None and profile.grain == "line":
        told["order_id"] = str(536_000 + chance.randrange(50))
    return [told.get(role, "") for role in roles]


def _fact(chance: random.Random, created: datetime, cents: int) -> dict[str, str]:
    """Cells of a file that is none of orders; few orders, goods and days, so that keys come again."""
    return {
        "order_id": str(210_000_000_000_000_000 + chance.randrange(30)),
        "line_id": str(chance.randrange(3)),
        "date": str(created.date()),
        **dict.fromkeys(("asked_at", "booked_at", "event_at", "listed_at"), str(created)),
        "settled_at": chance.choice(("", str(created + timedelta(days=2)))),
        **dict.fromkeys(("refund_id", "flow_id"), str(chance.randrange(40))),
        **dict.fromkeys(("refund_amount", "income", "cost", "sales", "list_price"), _yuan(cents)),
        "amount": chance.choice(("", "-")) + _yuan(cents),
        "refund_state": chance.choice(("退款成功", "退款关闭", "等待卖家同意")),
        "refund_kind": chance.choice(("是", "否")),
        "event": chance.choice(("已揽收", "运输中", "已签收")),
        "waybill": f"73000000{chance.randrange(99):05d}",
        **{
            name: str(chance.randrange(3_000))
            for name in ("visitors", "impressions", "clicks", "units", "stock", "orders")
        },
        "bounce_rate": chance.choice(("45.12%", "0.45", "-")),
        "dwell_average": "12.5",
        "plan": "双11",
        "move_kind": "交易收款",
        "outer_code": "C-1",
    }


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


# --- What happens to cells


def _into(export: Export, chance: random.Random, column: int, value: str) -> Export:
    table = [list(row) for row in export.table]
    rows = [row for row in table[1:] if column < len(row)]
    if rows:
        chance.choice(rows)[column] = value
    return replace(export, table=table)


def _one_of(*kinds: str, values: tuple[str, ...], name: str) -> Harm:
    def harm(export: Export, chance: random.Random) -> Export:
        columns = export.columns(*kinds) or [0]
        return _into(export, chance, chance.choice(columns), chance.choice(values))

    harm.__name__ = name
    return harm


def _odd_id(export: Export, chance: random.Random) -> Export:
    return _into(export, chance, export.roles.get("order_id", 0), chance.choice(ODD_IDS))


def _huge_cell(export: Export, chance: random.Random) -> Export:
    column = chance.randrange(len(export.table[0]))
    return _into(export, chance, column, chance.choice("长x,\n") * chance.choice((5_000, 40_000, 70_000)))


def _nul_in_cell(export: Export, chance: random.Random) -> Export:
    return _into(export, chance, chance.randrange(len(export.table[0])), "a\x00b")


def _lines_in_cell(export: Export, chance: random.Random) -> Export:
    return _into(export, chance, chance.randrange(len(export.table[0])), '一\n二\r\n"三",\r')


def _columns_swapped(export: Export, chance: random.Random) -> Export:
    one, other = (chance.randrange(len(export.table[0])) for _ in "12")
    table = [list(row) for row in export.table]
    for row in table if chance.random() < 0.5 else table[1:]:
        if max(one, other) < len(row):
            row[one], row[other] = row[other], row[one]
    return replace(export, table=table)


def _column_dropped(export: Export, chance: random.Random) -> Export:
    if len(export.table[0]) < 2:
        return export
    place = chance.randrange(len(export.table[0]))
    return replace(export, table=[row[:place] + row[place + 1 :] for row in export.table])


def _column_twice(export: Export, chance: random.Random) -> Export:
    place = chance.randrange(len(export.table[0]))
    return replace(export, table=[row[: place + 1] + row[place:] for row in export.table])


def _header_renamed(export: Export, chance: random.Random) -> Export:
    table = [list(row) for row in export.table]
    names = ("", "新的一列", "=1+1", " 订单编号 ", "x" * 500, "总金额", '"', "\ufeff订单编号", "%(found)s")
    table[0][chance.randrange(len(table[0]))] = chance.choice(names)
    return replace(export, table=table)


def _header_gone(export: Export, chance: random.Random) -> Export:
    return replace(export, table=export.table[1:] or [[""]])


def _title_above(export: Export, chance: random.Random) -> Export:
    above = [["店铺订单报表"], [""], ["导出时间", "2018-12-31"]] * chance.choice((1, 1, 20))
    return replace(export, table=[*above, *export.table])


def _totals_below(export: Export, chance: random.Random) -> Export:
    return replace(export, table=[*export.table, ["合计", "", "1.00"], ["备注：数据截至昨日"]])


def _rows_twice(export: Export, chance: random.Random) -> Export:
    again = [list(row) for row in export.table[1:]]
    chance.shuffle(again)
    return replace(export, table=[*export.table, *again])


def _same_id_other_facts(export: Export, chance: random.Random) -> Export:
    """Two rows of one order that say different things."""
    place = export.roles.get("order_id", 0)
    rows = [list(row) for row in export.table[1:] if place < len(row)]
    for row in rows[1:]:
        row[place] = rows[0][place]
    return replace(export, table=[export.table[0], *rows])


def _ragged(export: Export, chance: random.Random) -> Export:
    table = [list(row) for row in export.table]
    row = chance.choice(table)
    row[chance.randrange(1, len(row) + 1) :] = chance.choice(([], ["多"], [""] * 9, ["x"] * 400))
    return replace(export, table=table)


Harm = Callable[[Export, random.Random], Export]
CELL_HARMS: tuple[Harm, ...] = (
    _one_of("time", values=ODD_TIMES, name="odd_time"),
    _one_of("money", values=ODD_MONEY, name="odd_money"),
    _one_of("count", values=ODD_COUNTS, name="odd_count"),
    _one_of("identity", values=HOSTILE_NICKS, name="hostile_text"),
    _one_of("choice", values=("", "不认识", "交易成功 ", "TRADE_FINISHED", "交易,成功"), name="odd_choice"),
    _odd_id, _huge_cell, _nul_in_cell, _lines_in_cell, _columns_swapped, _column_dropped, _column_twice,
    _header_renamed, _header_gone, _title_above, _totals_below, _rows_twice, _same_id_other_facts, _ragged,
)  # fmt: skip


# --- Cells become bytes


def _written(export: Export, chance: random.Random) -> Export:
    if export.kind == "xlsx":
        return replace(export, data=_xlsx(export, chance))
    if export.kind == "xls":
        return replace(export, data=old_book([_typed(export, row, chance) for row in export.table]))
    encoding = chance.choice(("gb18030", "gb18030", "utf-8-sig", *TEXT_ENCODINGS))
    data = _csv(export.table, chance).encode(encoding, "replace")
    if export.kind == "gzip":
        data = gzip.compress(data, mtime=0)
    return replace(export, data=data, encoding=encoding)


def _csv(table: Table, chance: random.Random) -> str:
    separator = chance.choices((",", ";", "\t"), (94, 3, 3))[0]
    end = chance.choices(("\r\n", "\n", "\r"), (80, 16, 4))[0]
    guarded = chance.random() < 0.5

    def cell(place: int, text: str) -> str:
        if guarded and place == 0 and text.isdigit():
            return f'="{text}"'
        return '"' + text.replace('"', '""') + '"' if guarded or set(text) & set('",\r\n') else text

    return end.join(separator.join(cell(*at) for at in enumerate(row)) for row in table) + end


def _typed(export: Export, row: list[str], chance: random.Random) -> list[Any]:
    """Cells as a book holds them: numbers and dates where they look so, now and then a formula or an error."""
    found: list[Any] = []
    money = set(export.columns("money", "count"))
    for place, text in enumerate(row):
        value: Any = text
        if place in money and text.replace(".", "", 1).isdigit() and len(text) < 15:
            value = float(text)
        elif place in export.columns("time") and len(text) == 19 and chance.random() < 0.7:
            try:
                value = datetime.fromisoformat(text)
            except ValueError:
                value = text
        if chance.random() < 0.005:
            value = chance.choice((Error(), Formula(3.5), True, 1e300, -1.0, 2.1e18, 0.1 + 0.2, 43374.4))
        found.append(value)
    return found


def _xlsx(export: Export, chance: random.Random) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "constant_memory": False, "strings_to_urls": False})
    book.set_properties({"created": datetime(2018, 1, 1)})
    sheet = book.add_worksheet()
    date_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for number, row in enumerate(export.table):
        for place, value in enumerate(_typed(export, row, chance)):
            match value:
                case bool():
                    sheet.write_boolean(number, place, value)
                case datetime():
                    sheet.write_datetime(number, place, value, date_format)
                case float():
                    sheet.write_number(number, place, value)
                case Formula():
                    sheet.write_formula(number, place, "=1+2.5", None, value.cached)
                case Error():
                    sheet.write_formula(number, place, "=NA()", None, "#N/A")
                case _:
                    sheet.write_string(number, place, str(value)[:32_000])
    book.close()
    return out.getvalue()


# --- What happens to bytes


def _bytes_flipped(export: Export, chance: random.Random) -> Export:
    data = bytearray(export.data)
    for _ in range(chance.choice((1, 3, 30)) if data else 0):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return replace(export, data=bytes(data))


def _bytes_inserted(export: Export, chance: random.Random) -> Export:
    at = chance.randrange(len(export.data) + 1)
    pieces = (
        b"\x00",
        b'"',
        b"\xff",
        b",",
        b"\r",
        b"\xef\xbb\xbf",
        b"\x00" * 600,
        b'""',
        b"\x81",
        chance.randbytes(9),
    )
    return replace(export, data=export.data[:at] + chance.choice(pieces) + export.data[at:])


def _bytes_deleted(export: Export, chance: random.Random) -> Export:
    at = chance.randrange(len(export.data) + 1)
    return replace(export, data=export.data[:at] + export.data[at + chance.choice((1, 2, 17, 400)) :])


def _cut(export: Export, chance: random.Random) -> Export:
    return replace(export, data=export.data[: chance.randrange(len(export.data) + 1)])


def _piece_twice(export: Export, chance: random.Random) -> Export:
    one, other = sorted(chance.randrange(len(export.data) + 1) for _ in "12")
    return replace(export, data=export.data[:other] + export.data[one:])


def _zeros_at_end(export: Export, chance: random.Random) -> Export:
    """What a download leaves that reserved its space and broke off."""
    at = chance.randrange(len(export.data) + 1)
    return replace(export, data=export.data[:at].ljust(len(export.data), b"\x00"))


def _quotes_wrecked(export: Export, chance: random.Random) -> Export:
    places = [at for at, byte in enumerate(export.data) if byte == 0x22] or [0]
    at = chance.choice(places)
    return replace(export, data=export.data[:at] + chance.choice((b"", b'"""', b"'")) + export.data[at + 1 :])


def _half_in_another_encoding(export: Export, chance: random.Random) -> Export:
    middle = len(export.data) // 2
    text = export.data[middle:].decode(export.encoding, "replace")
    return replace(export, data=export.data[:middle] + text.encode(chance.choice(TEXT_ENCODINGS), "replace"))


def _packed_again(export: Export, chance: random.Random) -> Export:
    return replace(export, data=gzip.compress(export.data, mtime=0))


def _other_beginning(export: Export, chance: random.Random) -> Export:
    heads = (
        b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n", b"<html><table>", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\x1f\x8b\x08", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf\xef\xbb\xbf", b"sep=,\r\n", b"\r\n\r\n",
    )  # fmt: skip
    return replace(export, data=chance.choice(heads) + export.data)


BYTE_HARMS: tuple[Harm, ...] = (
    _bytes_flipped, _bytes_inserted, _bytes_deleted, _cut, _piece_twice, _zeros_at_end, _quotes_wrecked,
    _half_in_another_encoding, _packed_again, _other_beginning,
)  # fmt: skip


# --- What happens to the parts of a book


def _repacked(export: Export, change: Callable[[str, bytes], bytes | None]) -> Export:
    """The book with its parts changed; None drops a part. A book that is none any more stays as it is."""
    out = io.BytesIO()
    try:
        with (
            zipfile.ZipFile(io.BytesIO(export.data)) as old,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
        ):
            for part in old.infolist():
                content = change(part.filename, old.read(part))
                if content is not None:
                    new.writestr(zipfile.ZipInfo(part.filename), content, zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, zlib.error):
        return export
    return replace(export, data=out.getvalue())


def _part_dropped(export: Export, chance: random.Random) -> Export:
    number = chance.randrange(12)
    names: list[str] = []

    def change(name: str, content: bytes) -> bytes | None:
        names.append(name)
        return None if len(names) == number else content

    return _repacked(export, change)


def _part_broken(export: Export, chance: random.Random) -> Export:
    wanted = chance.choice(
        ("sheet1.xml", "sharedStrings.xml", "workbook.xml", "styles.xml", "workbook.xml.rels")
    )

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(wanted):
            return content
        harmed = chance.choice((_bytes_flipped, _bytes_deleted, _cut, _bytes_inserted, _piece_twice))
        return harmed(replace(export, data=content), chance).data

    return _repacked(export, change)


def _entities(export: Export, chance: random.Random) -> Export:
    """An XML bomb in the texts or the cells."""
    wanted = chance.choice(("sheet1.xml", "sharedStrings.xml"))

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith(wanted):
            return content
        head, mark, rest = content.partition(b"?>")
        return (
            head + mark + ENTITIES.encode() + rest.replace(b"</t>", b"&i;</t>").replace(b"</v>", b"&i;</v>")
        )

    return _repacked(export, change)


def _far_cell(export: Export, chance: random.Random) -> Export:
    """A cell, or a claimed extent, far away from the others."""
    far = chance.choice(("XFD1", "A1048576", "ZZ2000"))

    def change(name: str, content: bytes) -> bytes:
        if not name.endswith("sheet1.xml"):
            return content
        row = "".join(letter for letter in far if letter.isdigit())
        cell = f'<row r="{row}"><c r="{far}"><v>1</v></c></row></sheetData>'
        return content.replace(b"</sheetData>", cell.encode())

    return _repacked(export, change)


def _shared_text_missing(export: Export, chance: random.Random) -> Export:
    return _repacked(
        export,
        lambda name, content: content.replace(b"<v>1</v>", b"<v>999999</v>") if "sheet1" in name else content,
    )


BOOK_HARMS: tuple[Harm, ...] = (
    *BYTE_HARMS[:6], _part_dropped, _part_broken, _part_broken, _part_broken, _entities, _far_cell,
    _shared_text_missing,
)  # fmt: skip
