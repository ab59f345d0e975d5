"""The shape of a hand-over list and of the results that come back: columns, rows, words for a state. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

NUMBER, NICK, OUID, PHONE = "编号", "旺旺昵称", "买家加密标识", "手机号"
HEADER = (NUMBER, NICK, OUID, PHONE)

# How platforms and people name these columns in what they give back.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "number": (NUMBER, "序号编号", "名单编号"),
    "nick": (NICK, "昵称", "买家昵称", "买家会员名", "会员名", "旺旺", "旺旺号", "nick"),
    "ouid": (OUID, "ouid", "OUID", "open_uid"),
    "phone": (PHONE, "手机", "手机号码", "联系手机", "phone", "mobile"),
    "status": ("状态", "发送状态", "发送结果", "结果", "触达状态", "触达结果", "回执", "status", "result"),
}
_DELIVERED = ("成功", "送达", "已发", "已触达", "触达", "已收", "delivered", "success", "ok", "sent")
_UNDELIVERED = (
    "失败",
    "未送达",
    "未发",
    "未触达",
    "拒收",
    "不成功",
    "无法",
    "failed",
    "undelivered",
    "error",
    "rejected",
)


@dataclass(frozen=True)
class ListedPerson:
    """One row of a list. `number` tells it from all others; `phone` is in clear or masked."""

    number: str
    nick: str
    ouid: str
    phone: str

    def cells(self) -> tuple[str, str, str, str]:
        return (self.number, self.nick, self.ouid, self.phone)


@dataclass(frozen=True)
class ResultRow:
    """One row of a result: what identifies the person (empty = not given), and the verdict or ''."""

    number: str
    nick: str
    ouid: str
    phone: str
    verdict: str


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """The position of each column that is known by name."""
    names = {name.strip().lower(): place for place, name in reversed(list(enumerate(header)))}
    found = {}
    for column, known in COLUMN_NAMES.items():
        for name in known:
            if name.lower() in names:
                found[column] = names[name.lower()]
                break
    return found


def verdict_of(word: str) -> str:
    """'delivered', 'undelivered' or '' for the word of a status column; failure wins, because 未送达 holds 送达."""
    text = word.strip().lower()
    if any(bad in text for bad in _UNDELIVERED):
        return "undelivered"
    return "delivered" if any(good in text for good in _DELIVERED) else ""


def result_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[ResultRow]:
    """The rows of a result file by its header. Raises KeyError('status') or KeyError('person') when one is missing."""
    places = columns_of(header)
    if "status" not in places:
        raise KeyError("status")
    if not {"number", "nick", "ouid", "phone"} & set(places):
        raise KeyError("person")

    def cell(row: Sequence[str], column: str) -> str:
        place = places.get(column, -1)
        return row[place].strip().removeprefix("'") if 0 <= place < len(row) else ""

    for row in rows:
        yield ResultRow(
            cell(row, "number"), cell(row, "nick"), cell(row, "ouid"), cell(row, "phone"),
            verdict_of(cell(row, "status")),
        )  # fmt: skip
