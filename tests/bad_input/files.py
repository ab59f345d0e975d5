"""The files a shop should not have sent, one by one, with what the shop is told of each.

A file is refused as a whole with one sentence, or its good rows are taken and each bad one is put aside with its
line and its sentence. The command and the upload are held to the same table.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import xlsxwriter
from django.conf import settings

from laoke.customers.models import Customer, Identity, VaultRecord
from laoke.intake.models import QuarantinedRow
from laoke.shops import catalog
from laoke.shops.models import Shop
from laoke.warehouse.store import Warehouse

HEADER = [
    "订单编号", "买家会员名", "总金额", "买家实际支付金额", "订单状态", "订单创建时间", "订单付款时间", "收货人姓名",
    "收货地址", "联系手机",
]  # fmt: skip
NICKS = [
    '=HYPERLINK("http://evil.example","点我")',
    "<img src=x onerror=alert(1)>",
    "旺旺😀小二",
    "@SUM(1+1)",
    "+86-小花",
]
Table = list[list[str]]


@dataclass(frozen=True)
class BadFile:
    """One file. `seen` is where the upload's refusal is read: at the field, on the card of the chosen file, or where
    the import ran because only reading tells."""

    case: str
    name: str
    make: Callable[[], bytes]
    refused: str = ""
    hint: str = ""
    seen: Literal["field", "card", "run"] = "card"
    put_aside: tuple[tuple[int, str], ...] = ()
    ignored: int = 0

    def __str__(self) -> str:
        return self.case

    @property
    def accepted(self) -> int:
        return 5 - len(self.put_aside)


def good() -> Table:
    """A header and five orders that nothing is wrong with, newer than all of the demo shop's."""
    rows = [
        [
            f"21000000000000{n:04d}", f"旺旺{n}", f"{101 + n}.00", f"{101 + n}.00", "交易成功",
            f"2026-11-0{1 + n} 10:00:00", f"2026-11-0{1 + n} 10:05:00",
            f"王{n}", f"浙江省 杭州市 西湖区 某路 {n} 号", f"1380000{n:04d}",
        ]
        for n in range(5)
    ]  # fmt: skip
    return [HEADER, *rows]


def changed(*cells: tuple[int, str, str]) -> Table:
    """The good table with some cells changed: (line, column, value)."""
    table = good()
    for line, column, value in cells:
        table[line - 1][HEADER.index(column)] = value
    return table


def text(table: Table, delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(table)
    return out.getvalue()


def csv_file(table: Table, encoding: str = "gb18030") -> bytes:
    return text(table).encode(encoding)


def book(table: Sequence[Sequence[object]]) -> bytes:
    """A workbook; a cell given as (formula, result) is a formula with that result."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    sheet = workbook.add_worksheet()
    for at, row in enumerate(table):
        for place, cell in enumerate(row):
            if isinstance(cell, tuple):
                sheet.write_formula(at, place, cell[0], None, cell[1])
            else:
                sheet.write(at, place, cell)
    workbook.close()
    return out.getvalue()


def formula_book(result: object) -> bytes:
    rows: list[list[object]] = [list(row) for row in good()]
    rows[2][2] = ("=100+2", result)
    return book(rows)


def numeric_ids() -> bytes:
    return book([HEADER, *([int(row[0]), *row[1:]] for row in good()[1:])])


def archive(parts: dict[str, bytes], *, locked: bool = False) -> bytes:
    """A zip; with `locked` its parts say that they have a password."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    data = bytearray(out.getvalue())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)) if locked else ():
        data[data.index(mark) + flags] |= 1
    return bytes(data)


def bomb() -> bytes:
    return archive({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": bytes(32 * 1024 * 1024)})


def web_page() -> bytes:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in good())
    return f"<html><meta charset=gbk><table>{rows}</table></html>".encode("gb18030")


def note_of_open_book() -> bytes:
    name = "Xia Lin"
    wide = name.ljust(54).encode("utf-16-le")
    return bytes([len(name)]) + name.ljust(54).encode() + bytes([len(name), 0]) + wide


def book_with_password() -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(400)
    )


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


TRUNCATED = "文件不完整，只下载了一部分。重新下载后再导入。"
LAST_CELL = "这一行的最后一格没有写完。文件可能没下载完，重新下载。"
HINT = "命令行用 --map order_id=列名 --map created_at=列名 --map total=列名 指定。"

REFUSED = [
    BadFile(
        "a picture called csv", "订单.csv", lambda: b"\x89PNG\r\n\x1a\n" + bytes(60),
        "这是图片，不是表格。选 CSV 或 Excel（xlsx、xls）文件。",
    ),
    BadFile(
        "a PDF", "订单.pdf", lambda: b"%PDF-1.7 ...", "这是 PDF 文件，不是表格。选 CSV 或 Excel（xlsx、xls）文件。"
    ),
    BadFile("nothing at all", "订单.csv", lambda: b"", "文件是空的。换一个有数据的文件。", seen="field"),
    BadFile(
        "a header alone", "订单.csv", lambda: csv_file([HEADER]),
        "第 1 行是表头，下面没有数据。检查导出时选的日期范围。"
    ),
    BadFile("half a zip", "订单.xlsx", lambda: half(book(good())), TRUNCATED),
    BadFile("half a gz", "订单.csv.gz", lambda: gzip.compress(csv_file(good()))[:-20], TRUNCATED),
    BadFile(
        "an unknown encoding", "订单.csv", lambda: "Größe,Maß,Straße,Übung\nä,ö,ü,ß\n".encode("cp1252") * 20,
        "文字编码认不出来（不是 UTF-8、GBK 或 UTF-16）。从后台重新导出；别的软件出的表，导出成 UTF-8 的 CSV 再导入。",
    ),
    BadFile(
        "Big5 of another platform", "订单.csv",
        lambda: "訂單編號,買家會員名,總金額,下單時間\r\n1,小花,5.00,2026-11-01\r\n".encode("big5"),
        "文字编码认不出来（不是 UTF-8、GBK 或 UTF-16）。从后台重新导出；别的软件出的表，导出成 UTF-8 的 CSV 再导入。",
    ),
    BadFile(
        "a column twice", "订单.csv", lambda: csv_file([[*row, row[2]] for row in good()]),
        "“总金额”出现两次：第 3 列和第 11 列。删掉或改名一列再导入。",
    ),
    BadFile(
        "no column of order numbers", "订单.csv", lambda: csv_file([row[1:] for row in good()]),
        "认不出这份报表。缺：订单编号。文件里有：买家会员名、总金额、买家实际支付金额、订单状态、订单创建时间、订单付款时间、"
        "收货人姓名、收货地址、联系手机。指定每列是什么，再导入。", hint=HINT,
    ),
    BadFile(
        "order numbers as 1.23E+18", "订单.csv", lambda: csv_file(changed((4, "订单编号", "1.23E+18"))),
        "第 4 行的“订单编号”是 1.23E+18，后面的数字已经被 Excel 丢掉，整份文件不能用。"
        "从后台重新导出，不要用 Excel 打开保存，直接导入。", seen="run",
    ),
    BadFile(
        "order numbers as numbers of a book", "订单.xlsx", numeric_ids,
        "第 2 行的“订单编号”是 2.10000E+17，后面的数字已经被 Excel 丢掉，整份文件不能用。"
        "从后台重新导出，不要用 Excel 打开保存，直接导入。", seen="run",
    ),
    BadFile(
        "a bomb as xlsx", "订单.xlsx", bomb,
        "这个 Excel 文件解开后大得不正常，没有读。从后台重新导出；自己攒的大表，在 Excel 里另存为 CSV 再导入。",
    ),
    BadFile(
        "a formula without result", "订单.xlsx", lambda: formula_book(""),
        "C3 格是公式，文件里没有算好的结果，会被当成空的。用 Excel 打开保存一次，再导入。",
    ),
    BadFile(
        "a web page called xls", "订单.xls", web_page,
        "这是网页，不是 Excel 文件（有的后台这样存 .xls）。从后台改选 CSV 或 xlsx 导出；"
        "没得选，就用 Excel 打开，另存为 xlsx 再导入。",
    ),
    BadFile(
        "a zip around a csv", "订单.zip", lambda: archive({"订单.csv": csv_file(good())}),
        "这是压缩包。先解开，再导入里面的 CSV 或 Excel 文件。",
    ),
    BadFile(
        "a zip with a password", "订单.zip", lambda: archive({"订单.csv": csv_file(good())}, locked=True),
        "这是有密码的压缩包。先用导出时后台给的密码解开，再导入里面的 CSV 或 Excel 文件。",
    ),
    BadFile(
        "a Numbers file", "订单.numbers", lambda: archive({"Index/Document.iwa": b"x", "preview.jpg": b"y"}),
        "这是 Numbers 表格。在 Numbers 里导出为 Excel（xlsx），再导入。",
    ),
    BadFile(
        "the note of a book that is open", "~$订单.xlsx", note_of_open_book,
        "这是 Excel 打开文件时留下的临时文件（名字以 ~$ 开头），里面没有订单。选名字里没有 ~$ 的那个文件。",
    ),
    BadFile(
        "a book with a password", "订单.xlsx", book_with_password,
        "这个 Excel 文件有密码。在 Excel 里打开，去掉密码另存，再导入。",
    ),
    BadFile(
        "semicolons between cells", "订单.csv", lambda: text(good(), ";").encode(),
        "没有找到表头。表头要有“订单编号”这样的列名，可以不在第一行；列之间用逗号或制表符隔开。",
    ),
]  # fmt: skip

TAKEN = [
    BadFile(
        "cut in a row", "订单.csv", lambda: csv_file(good())[:-40],
        put_aside=((6, "这一行没有写完（9 格，应有 10 格）。文件可能没下载完，重新下载。"),),
    ),
    BadFile(
        "cut in a character of GBK", "订单.csv", lambda: csv_file(changed((6, "联系手机", "店里")))[:-3],
        put_aside=((6, LAST_CELL),)
    ),
    BadFile(
        "cut in a character of UTF-8", "订单.csv", lambda: csv_file(changed((6, "联系手机", "店里")), "utf-8")[:-3],
        put_aside=((6, LAST_CELL),),
    ),
    BadFile(
        "an order number missing", "订单.csv", lambda: csv_file(changed((4, "订单编号", ""))),
        put_aside=((4, "没有订单编号。补上后再导入。"),),
    ),
    BadFile(
        "a negative amount", "订单.csv", lambda: csv_file(changed((3, "总金额", "-102.00"))),
        put_aside=((3, "“总金额”是“-102.00”，金额不能是负数。退款写在退款金额里。"),),
    ),
    BadFile(
        "dates in three formats and one in none", "订单.csv",
        lambda: csv_file(changed(
            (2, "订单创建时间", "2026/11/1 10:00"), (3, "订单创建时间", "2026年11月2日 10时00分"),
            (4, "订单创建时间", "20261103100000"), (6, "订单创建时间", "05/11/2026 10:00"),
        )),
        put_aside=((6, "“订单创建时间”是“05/11/2026 10:00”，看不懂。写成 2018-12-31 15:21:11。"),),
    ),
    BadFile(
        "ten megabytes in a cell", "订单.csv", lambda: csv_file(changed((5, "收货地址", "长" * 5_242_880))),
        put_aside=((5, "“收货地址”超过 64 KB。删掉多余的内容。"),),
    ),
    BadFile(
        "a formula in a csv", "订单.csv", lambda: csv_file(changed((2, "总金额", "=SUM(A1)"))),
        put_aside=((2, "“总金额”是“=SUM(A1)”，不是金额。写成 268.00 这样，最多两位小数。"),),
    ),
    BadFile("a formula with its result", "订单.xlsx", lambda: formula_book(102)),
    BadFile("a book called csv", "订单.csv", lambda: book(good())),
    BadFile("a csv called xlsx", "订单.xlsx", lambda: csv_file(good())),
    BadFile("the Unicode text of Excel", "订单.txt", lambda: text(good(), "\t").encode("utf-16")),
    BadFile("a byte order mark", "订单.csv", lambda: csv_file(good(), "utf-8-sig")),
    BadFile(
        "a title above the header", "订单.csv",
        lambda: "店铺订单报表\r\n导出时间：2026-11-08\r\n".encode() + csv_file(good(), "utf-8"),
    ),
    BadFile(
        "totals below the rows", "订单.csv",
        lambda: csv_file(good()) + "合计,,515.00,515.00\r\n备注：共 5 单\r\n".encode("gb18030"),
        ignored=2,
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Stores:
    """What the stores of a shop hold."""

    catalog: int
    orders: int
    customers: int
    identities: int
    contacts: int
    put_aside: int
    staged: int


def stores_of(shop: Shop) -> Stores:
    entry = catalog.current()
    assert entry is not None
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    return Stores(
        entry.pk,
        int(reader.rows("SELECT count(*) AS n FROM orders")[0]["n"]),
        Customer.objects.filter(owner=shop.owner).count(),
        Identity.objects.count(),
        VaultRecord.objects.count(),
        QuarantinedRow.objects.count(),
        len(list(settings.PLACE.staging.iterdir())),
    )
