"""The Chinese sentence for every code of a refused file and of a row put aside: found, expected, what to do.

The only module of the reader that knows Django; the reader itself gives codes and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from laoke.intake.reading.profiles import Profile
from laoke.shops.joins import listed

REFUSALS: dict[str, Promise] = {
    "empty_file": _("文件是空的。换一个有数据的文件。"),
    "no_data_rows": _("第 %(line)s 行是表头，下面没有数据。检查导出时选的日期范围。"),
    "wrong_file_type": _("这是%(kind)s，不是表格。选 CSV 或 Excel（xlsx、xls）文件。"),
    "binary_file": _("文件内容不是文字。重新从后台导出 CSV 或 Excel 文件。"),
    "encoding_unknown": _(
        "文字编码认不出来（不是 UTF-8、GBK 或 UTF-16）。从后台重新导出；别的软件出的表，导出成 UTF-8 的 CSV 再导入。"
    ),
    "file_truncated": _("文件不完整，只下载了一部分。重新下载后再导入。"),
    "file_encrypted": _("这个 Excel 文件有密码。在 Excel 里打开，去掉密码另存，再导入。"),
    "formula_without_result": _(
        "%(cell)s 格是公式，文件里没有算好的结果，会被当成空的。用 Excel 打开保存一次，再导入。"
    ),
    "xlsx_too_large": _(
        "这个 Excel 文件解开后大得不正常，没有读。从后台重新导出；自己攒的大表，在 Excel 里另存为 CSV 再导入。"
    ),
    "sheet_too_slow": _("读这个 Excel 文件超过 %(seconds)s 秒。在 Excel 里另存为 CSV 再导入。"),
    "sheet_unreadable": _("这个 Excel 文件读不了，可能已损坏。在 Excel 里打开，另存为 CSV 再导入。"),
    "gzip_too_large": _("压缩文件解开后大得不正常（超过 %(ratio)s 倍）。解压后检查内容，再导入 CSV。"),
    "header_not_found": _(
        "没有找到表头。表头要有“订单编号”这样的列名，可以不在第一行；列之间用逗号或制表符隔开。"
    ),
    "header_not_recognised": _(
        "认不出这份报表。缺：%(missing)s。文件里有：%(found)s。指定每列是什么，再导入。"
    ),
    "part_alone": _(
        "这是“%(whole)s”的一部分：%(part)s。只有这一部分还算不出订单，把几部分（%(parts)s）的文件一起选进来。"
    ),
    "part_unreadable": _("“%(part)s”的文件读不了：%(found)s。换成从网站下载的原文件（UTF-8 的 CSV）再导入。"),
    "parts_not_keyed": _(
        "几部分的文件里，同一个“%(column)s”都有许多行，合起来没有意义。看看是不是选错了文件，或编号列被改过。"
    ),
    "roles_missing": _("还没指定：%(roles)s。文件里有：%(found)s。"),
    "column_missing": _("文件里没有“%(column)s”这一列。有：%(found)s。"),
    "unknown_role": _("没有“%(role)s”这个字段。"),
    "duplicate_column": _("“%(column)s”出现两次：第 %(first)s 列和第 %(second)s 列。删掉或改名一列再导入。"),
    "ids_in_scientific_notation": _(
        "第 %(line)s 行的“%(column)s”是 %(found)s，后面的数字已经被 Excel 丢掉，整份文件不能用。"
        "从后台重新导出，不要用 Excel 打开保存，直接导入。"
    ),
    "reading_stopped": _("已取消，没有导入任何订单。"),
}

ROW_REASONS: dict[str, Promise] = {
    "row_cut_off": _("这一行没有写完（%(found)s 格，应有 %(expected)s 格）。文件可能没下载完，重新下载。"),
    "quote_not_closed": _("这一行的引号没有配对。补上或删掉多出的引号。"),
    "cell_too_long": _("这一行有一格超过 64 KB。删掉多余的内容。"),
    "too_few_cells": _("这一行只有 %(found)s 格，应有 %(expected)s 格。补齐缺的格。"),
    "too_many_cells": _("这一行有 %(found)s 格，应有 %(expected)s 格。内容里的逗号要放在引号里。"),
    "order_id_missing": _("没有订单编号。补上后再导入。"),
    "id_missing": _("“%(column)s”是空的。补上后再导入。"),
    "id_unreadable": _("“%(column)s”是“%(found)s”，不像编号。编号只含数字、字母和连字符，最多 64 个。"),
    "id_too_long": _("“%(column)s”太长（“%(found)s”），不像编号。检查这一列是不是选错了。"),
    "time_missing": _("“%(column)s”是空的。补上时间，如 2018-12-31 15:21:11。"),
    "time_unreadable": _("“%(column)s”是“%(found)s”，看不懂。写成 2018-12-31 15:21:11。"),
    "time_impossible": _("“%(column)s”是“%(found)s”，没有这个时间。改成真实的时间。"),
    "time_ahead": _(
        "“%(column)s”是“%(found)s”，还没到这个时间。改成真实的时间；时间没错就检查这台电脑的钟。"
    ),
    "money_missing": _("“%(column)s”是空的。填上金额。"),
    "money_unreadable": _("“%(column)s”是“%(found)s”，不是金额。写成 268.00 这样，最多两位小数。"),
    "money_too_large": _("“%(column)s”是“%(found)s”，大得不可能。检查金额。"),
    "negative_amount": _("“%(column)s”是“%(found)s”，金额不能是负数。退款写在退款金额里。"),
    "count_unreadable": _("“%(column)s”是“%(found)s”，不是件数。写成整数。"),
    "negative_count": _("“%(column)s”是“%(found)s”，件数不能是负数。"),
    "cancellation_positive": _("退货行的“%(column)s”是“%(found)s”，应为负数。"),
    "bookkeeping_row": _("“%(found)s”是调账，不是买卖，不计入订单。"),
    "rate_unreadable": _("“%(column)s”是“%(found)s”，看不懂。写成 45.12%% 或 45.12 这样的数。"),
    "word_unknown": _("“%(column)s”是“%(found)s”，不认识。改成后台的写法再导入。"),
    "order_row_bad": _("同一单的第 %(line)s 行用不了，整单先放在一边。改好那一行，和这一行一起再导入。"),
    "order_contradicts": _(
        "同一单的“%(column)s”有的行是“%(first)s”，有的行是“%(second)s”，不知道该信哪个。改成一样再导入。"
    ),
    "nobody_named": _(
        "没有能认出是谁的昵称或会员号（打了星号的不算）。手机和姓名认不准人；补上昵称或会员号再导入。"
    ),
    "status_unknown": _("“%(column)s”是“%(found)s”，不认识这个状态。改成后台的写法，如 交易成功。"),
    "platform_refused": _("平台没有给这一单的内容：%(found)s。到千牛后台看这一单。"),
}

FILE_KINDS: dict[str, Promise] = {
    "pdf": _(" PDF 文件"),
    "image": _("图片"),
    "document": _("文档"),
    "database": _("数据库文件"),
    "program": _("程序文件"),
    "parquet": _(" Parquet 文件"),
}

# What to do with a file of that kind, where it is more than choosing another one.
_KIND_ADVICE: dict[str, Promise] = {
    "archive": _("这是压缩包。先解开，再导入里面的 CSV 或 Excel 文件。"),
    "locked_archive": _("这是有密码的压缩包。先用导出时后台给的密码解开，再导入里面的 CSV 或 Excel 文件。"),
    "numbers": _("这是 Numbers 表格。在 Numbers 里导出为 Excel（xlsx），再导入。"),
    "lock_file": _(
        "这是 Excel 打开文件时留下的临时文件（名字以 ~$ 开头），里面没有订单。选名字里没有 ~$ 的那个文件。"
    ),
    "web_page": _(
        "这是网页，不是 Excel 文件（有的后台这样存 .xls）。从后台改选 CSV 或 xlsx 导出；"
        "没得选，就用 Excel 打开，另存为 xlsx 再导入。"
    ),
    "xlsb": _("这是 xlsb 文件。在 Excel 里另存为 xlsx，再导入。"),
}

# A row of which more is known than its reason alone tells.
_LONG_CELL_OF = _("“%(column)s”超过 64 KB。删掉多余的内容。")
_ROW_CUT_IN_ITS_LAST_CELL = _("这一行的最后一格没有写完。文件可能没下载完，重新下载。")

_LISTED = 20
_NAME_SHOWN = 20


def refusal_message(code: str, params: Mapping[str, Any]) -> str:
    """The sentence for a refused file. Raises KeyError for a code that does not exist."""
    if code == "wrong_file_type" and params["found"] in _KIND_ADVICE:
        return str(_KIND_ADVICE[params["found"]])
    if "profile" in params and "part" in params:
        params = {**params, **_words_of_part(params)}
    return _filled(REFUSALS[code], params)


def _words_of_part(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a file is a part of, which part it is, and all parts there are."""
    from laoke.intake.reading.profiles import profiles

    profile = profiles()[params["profile"]]
    names = [part.zh if _chinese() else part.en for part in profile.parts]
    return {"whole": profile_title(profile), "part": names[params["part"]], "parts": names}


def row_message(code: str, params: Mapping[str, Any]) -> str:
    """The sentence for a row that was put aside."""
    if code == "row_cut_off" and params["found"] == params["expected"]:
        return str(_ROW_CUT_IN_ITS_LAST_CELL)
    if code == "cell_too_long" and params.get("column"):
        return _filled(_LONG_CELL_OF, params)
    return _filled(ROW_REASONS[code], params)


def role_name(role: str) -> str:
    """A role in the user's language."""
    from laoke.intake.reading.roles import ROLES

    return ROLES[role].zh if _chinese() else capfirst(ROLES[role].en)


_ROW_IS: dict[str, Promise] = {"order": _("一单"), "line": _("一件商品")}


def row_is(grain: str) -> str:
    """What one row of a file of this grain is, in the user's language."""
    if grain in _ROW_IS:
        return str(_ROW_IS[grain])
    from laoke.intake.reading.kinds import FACT_KINDS

    kind = FACT_KINDS[grain]
    return kind.zh if _chinese() else capfirst(kind.en)


def profile_title(profile: Profile) -> str:
    """What kind of export a profile is, in the user's language."""
    return profile.title_zh if _chinese() else profile.title_en


def _chinese() -> bool:
    return (get_language() or "zh-hans").startswith("zh")


def _filled(sentence: Promise, params: Mapping[str, Any]) -> str:
    shown = {name: _shown(name, value) for name, value in params.items()}
    if "kind" not in shown and "found" in shown and shown["found"] in FILE_KINDS:
        shown["kind"] = str(FILE_KINDS[shown["found"]])
    return str(sentence) % shown


def _shown(name: str, value: Any) -> str:
    if name in ("roles", "missing"):
        return listed(role_name(role) for role in value)
    if isinstance(value, list | tuple):
        first = listed(_short(str(name)) for name in value[:_LISTED])
        return f"{first}…" if len(value) > _LISTED else first
    return f"{value:g}" if isinstance(value, float) else str(value)


def _short(name: str) -> str:
    """A column's name so that twenty of them fit a message."""
    return name if len(name) <= _NAME_SHOWN else f"{name[:_NAME_SHOWN]}…"
