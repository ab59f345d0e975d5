"""Orders that a platform spreads over several files, as one file with a row per product.

Which files belong together is said by `[join]` of a layout. Rows without their order come along and are put aside when
the file is read, so that nothing is lost; rows that are alike in every cell are one.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from laoke.intake.reading.opening import Source, open_source
from laoke.intake.reading.profiles import Part, Profile, normal_name, part_of, recognise
from laoke.intake.reading.refusals import IntakeRefused
from laoke.warehouse.columns import literals, quoted
from laoke.warehouse.engine import connect

_MEMORY = "512MB"
# An order stands once in the first part, or in each of a few exports. So many rows more than were read mean that a key
# names no order; they would fill the disk.
_MOST_TIMES = 20


def wholes(headers: Sequence[Sequence[str]]) -> list[tuple[Profile, list[list[int]]]]:
    """The layouts of which every part is there, with the places of the headers of each part."""
    found: dict[str, tuple[Profile, list[list[int]]]] = {}
    for place, header in enumerate(headers):
        known = part_alone(header)
        if known is None:
            continue
        profile, part = known
        _profile, places = found.setdefault(profile.id, (profile, [[] for _part in profile.parts]))
        places[profile.parts.index(part)].append(place)
    return [(profile, places) for profile, places in found.values() if all(places)]


def part_alone(header: Sequence[str]) -> tuple[Profile, Part] | None:
    """What a file with this header is a part of, unless it can be read by itself."""
    return None if any(one.complete for one in recognise(header)) else part_of(header)


def join_files(profile: Profile, files: Sequence[Sequence[Path]], out: Path) -> None:
    """Write the files of each part, joined by the layout's key, to `out` (UTF-8 CSV, rows in an order of their own).

    Raises
    ------
    IntakeRefused
        `part_unreadable` when one of the files is no table, is packed or not in UTF-8, `parts_not_keyed` when the same
        key stands in so many rows of several parts that it cannot name an order.
    """
    import duckdb

    with ExitStack() as opened, closing(connect(_MEMORY, 2)) as connection:
        for number, (part, paths) in enumerate(zip(profile.parts, files, strict=True)):
            sources = [opened.enter_context(open_source(path)) for path in paths]
            try:
                connection.execute(f"CREATE TABLE part{number} AS {_part_sql(profile.key, part, sources)}")
            except (duckdb.Error, _NotPlain) as error:
                found = str(error).splitlines()[0][:200]
                raise IntakeRefused(
                    "part_unreadable", profile=profile.id, part=number, found=found
                ) from error
        joined_rows, read_rows = connection.execute(_rows_sql(profile.key, len(files))).fetchone() or (0, 0)
        if joined_rows > _MOST_TIMES * read_rows:
            raise IntakeRefused("parts_not_keyed", profile=profile.id, part=0, column=profile.key)
        columns = [
            [name for name, *_rest in connection.execute(f"DESCRIBE part{number}").fetchall()]
            for number in range(len(files))
        ]
        joined = _joined_sql(profile.key, columns)
        connection.execute(f"COPY ({joined}) TO {literals(out)} (FORMAT csv, HEADER true)")


class _NotPlain(Exception):
    """A packed file, whose size nobody knows before it is read, or one in another encoding."""


def _rows_sql(key: str, parts: int) -> str:
    """How many rows the join has, and how many the parts have."""
    name = quoted(key)
    counted = [f"(SELECT {name}, count(*) AS n FROM part{number} GROUP BY {name})" for number in range(parts)]
    keys = " UNION ".join(f"SELECT {name} FROM part{number}" for number in range(parts))
    joins = "".join(
        f" LEFT JOIN {rows} AS c{at} ON c{at}.{name} = k.{name}" for at, rows in enumerate(counted)
    )
    product = " * ".join(f"coalesce(c{at}.n, 1)::HUGEINT" for at in range(parts))
    total = " + ".join(f"coalesce(c{at}.n, 0)" for at in range(parts))
    return f"SELECT coalesce(sum({product}), 0), coalesce(sum({total}), 0) FROM ({keys}) AS k{joins}"


def _part_sql(key: str, part: Part, sources: Sequence[Source]) -> str:
    scans = " UNION ALL BY NAME ".join(f"SELECT * FROM {_scan(source)}" for source in sources)
    own = "".join(f", {literals(value)} AS {quoted(name)}" for name, value in part.fixed.items())
    rows = f"SELECT DISTINCT * FROM ({scans})"
    if part.sums:
        summed = "".join(f", {_sum(column)} AS {quoted(column)}" for column in part.sums)
        return f"SELECT {quoted(key)}{summed}{own} FROM ({rows}) GROUP BY {quoted(key)}"
    totals = "".join(
        f", {_sum(column, f' OVER (PARTITION BY {quoted(key)})')} AS {quoted(name)}"
        for name, column in part.totals.items()
    )
    return f"SELECT *{totals}{own} FROM ({rows})"


def _scan(source: Source) -> str:
    if source.kind == "gzip" or source.text_encoding != "utf-8":
        raise _NotPlain(source.kind if source.kind == "gzip" else source.encoding)
    names = literals(*map(normal_name, source.header))
    return (
        f"read_csv({literals(source.text_path)}, all_varchar=true, header=true, names=[{names}],"
        f" delim={literals(source.delimiter)}, quote='\"', escape='\"', skip={source.header_line - 1})"
    )


def _sum(column: str, over: str = "") -> str:
    """The sum to the cent as text; where a cell is no such amount that cell, so that reading it says what is wrong."""
    name = quoted(column)
    cents, exact = f"TRY_CAST({name} AS DECIMAL(18,2))", f"TRY_CAST({name} AS DECIMAL(38,8))"
    strange = f"min({name}) FILTER ({cents} IS DISTINCT FROM {exact} OR {cents} IS NULL){over}"
    return f"coalesce({strange}, CAST(sum({cents}){over} AS VARCHAR))"


def _joined_sql(key: str, columns: Sequence[Sequence[str]]) -> str:
    """The first part beside what the others tell of the same key; a name that two parts have is told by the earlier."""
    name = quoted(key)
    text, told = "SELECT * FROM part0", set(columns[0])
    for number, own in enumerate(columns[1:], start=1):
        more = "".join(f", p.{quoted(column)}" for column in own if column not in told)
        text = (
            f"SELECT coalesce(b.{name}, p.{name}) AS {name}, b.* EXCLUDE ({name}){more}"
            f" FROM ({text}) AS b FULL JOIN part{number} AS p ON b.{name} = p.{name}"
        )
        told.update(own)
    return f"SELECT * FROM ({text}) ORDER BY ALL"
