"""Writing the Parquet files of a table: one file per partition, large ones streamed, nothing committed here.

Compressed with LZ4: against zstd at its lowest level orders take 25 % more room and half the time to write, and whoever
looks for one order or counts ten million spends a quarter to a half less. Files from before stay as they are.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from laoke.warehouse.delta import NewFile
from laoke.warehouse.storage import Folder, RemotePath

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from laoke.warehouse.columns import Contract

ROW_GROUP_ROWS = 122_880  # DuckDB's own unit of parallel scanning
# Dictionaries pay for what repeats. Numbers of orders and people, moments, and sums of what somebody paid do not:
# trying costs a third of the write and makes the files larger.
UNIQUE_COLUMNS = frozenset({"order_id", "customer_id", "person_id", "refund_id", "waybill_digest"})
UNIQUE_TYPES = frozenset({"timestamp", "sum_cents", "signed_sum_cents"})
# By these one order or person is asked for, and they lie in no order: a Bloom filter says which row groups cannot hold
# them. It takes a byte a row, so small files go without.
ASKED_FOR = frozenset({"order_id", "customer_id", "person_id"})
LEAST_FILTERED_ROWS, FALSE_HITS = 10_000, 0.01
# So many rows wait for their month's file at most; months then get smaller row groups.
WAITING_ROWS = 4 * ROW_GROUP_ROWS


def write_table(folder: Folder, contract: Contract, rows: pa.Table, threads: int = 2) -> list[NewFile]:
    """Write `rows` (contract columns, any order of months) as one file per partition.

    A table without partitions becomes one file for each thread, of whole row groups each, or files of as many rows as
    its contract says.
    """
    if rows.num_rows == 0:
        return []
    slices: list[tuple[dict[str, str], pa.Table]] = []
    if contract.partition is None:
        share = contract.file_rows or -(-rows.num_rows // (threads * ROW_GROUP_ROWS)) * ROW_GROUP_ROWS
        slices += [({}, rows.slice(start, share)) for start in range(0, rows.num_rows, share)]
    else:
        slices += [
            ({contract.partition: month}, part) for month, part in split_by_month(rows, contract.partition)
        ]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        tasks = [pool.submit(_write_whole, folder, contract, names, part) for names, part in slices]
        return [task.result() for task in tasks]


def _write_whole(folder: Folder, contract: Contract, partition: dict[str, str], rows: pa.Table) -> NewFile:
    file = _File(folder, contract, partition)
    try:
        file.add(rows)
    finally:
        new = file.close()
    return new


def split_by_month(rows: pa.Table, partition: str) -> Iterator[tuple[str, pa.Table]]:
    """(month, rows of that month) in order of month; rows already in order are sliced without a copy."""
    import pyarrow as pa
    import pyarrow.compute as pc

    months = rows.column(partition).combine_chunks()
    codes = pc.rank(pc.dictionary_encode(months).dictionary, tiebreaker="dense")
    encoded = pc.take(codes, pc.dictionary_encode(months).indices)
    if rows.num_rows > 1 and not pc.all(pc.less_equal(encoded[:-1], encoded[1:])).as_py():
        order = pc.sort_indices(pa.table({"code": encoded}), sort_keys=[("code", "ascending")])
        rows = rows.take(order)
        months = rows.column(partition).combine_chunks()
    runs = pc.run_end_encode(months)
    start = 0
    for end, month in zip(runs.run_ends.to_pylist(), runs.values.to_pylist(), strict=True):
        yield month, rows.slice(start, end - start)
        start = end


class _File:
    """One file of one partition while it is written; the partition column is not inside.

    Columns named `coded` are given as numbers into lists of words, as staged parts and `Positions.others` have them,
    which spares looking up each word; a reader finds the same file.
    """

    def __init__(
        self, folder: Folder, contract: Contract, partition: dict[str, str], coded: Sequence[str] = ()
    ) -> None:
        import pyarrow as pa

        words = pa.dictionary(pa.int32(), pa.string())
        self._schema = pa.schema(
            [
                field.with_type(words) if field.name in coded else field
                for field in contract.arrow_schema()
                if field.name not in partition
            ]
        )
        self._repeating = [name for name in _repeating(contract) if name not in partition]
        self._coded = bool(coded)
        self.partition, self.rows = partition, 0
        self.relative = "/".join(
            [*(f"{name}={value}" for name, value in partition.items()), f"{uuid.uuid4().hex}.parquet"]
        )
        self.path = folder / self.relative
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._sink = self.path.open_output() if isinstance(self.path, RemotePath) else None
        self._writer: pq.ParquetWriter | None = None

    def _opened(self, rows: int) -> pq.ParquetWriter:
        """The writer; the rows that come first tell how large row groups are."""
        import pyarrow.parquet as pq

        if self._writer is None:
            each = min(rows, ROW_GROUP_ROWS)
            asked = [name for name in self._schema.names if name in ASKED_FOR]
            filtered = {name: {"ndv": each, "fpp": FALSE_HITS} for name in asked}
            self._writer = pq.ParquetWriter(
                self._sink or self.path, self._schema, compression="lz4",
                use_dictionary=self._repeating, version="2.6", write_page_checksum=True, store_schema=not self._coded,
                bloom_filter_options=filtered if each >= LEAST_FILTERED_ROWS else None,
            )  # fmt: skip
        return self._writer

    def fitted(self, rows: pa.Table) -> pa.Table:
        """The rows in the columns and types of the file."""
        return rows.select(self._schema.names).cast(self._schema)

    def add(self, rows: pa.Table) -> None:
        rows = self.fitted(rows)
        if self._coded:
            rows = rows.unify_dictionaries()
        self._opened(rows.num_rows).write_table(rows, row_group_size=ROW_GROUP_ROWS)
        self.rows += rows.num_rows

    def close(self) -> NewFile:
        self._opened(0).close()
        if self._sink is not None:
            self._sink.close()
        return NewFile(self.relative, self.path.stat().st_size, self.rows, self.partition)


def _coded(schema: pa.Schema) -> list[str]:
    import pyarrow as pa

    return [field.name for field in schema if pa.types.is_dictionary(field.type)]


def _repeating(contract: Contract) -> list[str]:
    return [
        column.name
        for column in contract.columns
        if column.name not in UNIQUE_COLUMNS and column.type not in UNIQUE_TYPES
    ]


def numbered_texts(contract: Contract) -> list[str]:
    """The columns of text that repeats: in files these are numbers of a dictionary."""
    repeating = _repeating(contract)
    return [
        column.name
        for column in contract.columns
        if column.name in repeating and column.kind.arrow == "string" and column.name != contract.partition
    ]


def write_stream(
    folder: Folder, contract: Contract, partition: dict[str, str], batches: Iterable[pa.RecordBatch]
) -> NewFile:
    """Write one file of one partition from a stream of batches; the partition column is not inside the file.

    While one batch is encoded the next is asked for."""
    import pyarrow as pa

    return _while_encoding(
        _File(folder, contract, partition), (pa.Table.from_batches([batch]) for batch in batches)
    )


def write_numbered(
    folder: Folder, contract: Contract, partition: dict[str, str], parts: Iterable[pa.Table]
) -> NewFile:
    """Write one file of one partition from tables whose repeating texts are dictionaries or plain.

    Tables go into one row group as long as they fit, and are never cut: a dictionary is written whole, so a cut one
    would be written twice, and grow with each time that the file is written anew."""
    file = _File(folder, contract, partition, numbered_texts(contract))
    return _while_encoding(file, _row_groups(file.fitted(part) for part in parts))


def _while_encoding(file: _File, parts: Iterable[pa.Table]) -> NewFile:
    """Write the parts; while one is encoded the next is asked for."""
    try:
        with ThreadPoolExecutor(max_workers=1) as encoder:
            encoding = encoder.submit(lambda: None)
            for part in parts:
                encoding.result()
                encoding = encoder.submit(file.add, part)
            encoding.result()
    finally:
        new = file.close()
    return new


def _row_groups(parts: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Neighbours together, up to the rows of a row group."""
    import pyarrow as pa

    held: list[pa.Table] = []
    rows = 0
    for part in parts:
        if held and rows + part.num_rows > ROW_GROUP_ROWS:
            yield pa.concat_tables(held)
            held, rows = [], 0
        held.append(part)
        rows += part.num_rows
    if held:
        yield pa.concat_tables(held)


def write_files(
    folder: Folder, contract: Contract, batches: Iterable[pa.RecordBatch], threads: int = 2
) -> list[NewFile]:
    """Write each batch as one file of a table without partitions, in their order. While some are encoded the next are
    asked for, so that few wait in memory."""
    import pyarrow as pa

    written: list[Future[NewFile]] = []
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for batch in batches:
            if len(written) > threads:
                written[-threads - 1].result()
            written.append(pool.submit(_write_whole, folder, contract, {}, pa.Table.from_batches([batch])))
        return [task.result() for task in written]


def write_parts(
    folder: Folder, contract: Contract, parts: Iterable[pa.Table], threads: int = 2
) -> list[NewFile]:
    """Write tables that come one after the other, each with any months: one file per partition, read once.

    While some months are encoded, each by one of `threads`, the next part is read. Rows wait until their month has a
    whole row group.
    """
    return _Months(folder, contract, threads).write(parts)


class _Months:
    def __init__(self, folder: Folder, contract: Contract, threads: int) -> None:
        self.folder, self.contract, self.threads = folder, contract, threads
        self.files: dict[str, _File] = {}
        self.waiting: dict[str, list[pa.Table]] = {}

    def write(self, parts: Iterable[pa.Table]) -> list[NewFile]:
        with ThreadPoolExecutor(max_workers=self.threads) as encoders:
            encoding: list[Future[None]] = []
            try:
                for part in parts:
                    for month, rows in self._split(part):
                        self.waiting.setdefault(month, []).append(rows)
                    due = self._due()
                    _ended(encoding)
                    encoding = self._encode(encoders, due)
                _ended(encoding)
                _ended(self._encode(encoders, self.waiting))
            finally:
                encoders.shutdown()
                written = [file.close() for _, file in sorted(self.files.items())]
        return written

    def _split(self, part: pa.Table) -> Iterable[tuple[str, pa.Table]]:
        return split_by_month(part, self.contract.partition) if self.contract.partition else [("", part)]

    def _due(self) -> dict[str, list[pa.Table]]:
        """Months with a row group of rows; when too many rows wait in all, every month."""
        counts = {month: sum(rows.num_rows for rows in held) for month, held in self.waiting.items()}
        crowded = sum(counts.values()) > WAITING_ROWS
        return {
            month: self.waiting.pop(month)
            for month, count in counts.items()
            if crowded or count >= ROW_GROUP_ROWS
        }

    def _encode(self, encoders: ThreadPoolExecutor, due: dict[str, list[pa.Table]]) -> list[Future[None]]:
        """Begin to encode the rows of months, the largest first: what is left at the end is short then. A month is one
        file, so nobody else adds to it until all of these have ended."""
        ordered = sorted(due.items(), key=lambda one: -sum(rows.num_rows for rows in one[1]))
        return [encoders.submit(self._add, self._file(month, rows[0]), rows) for month, rows in ordered]

    def _file(self, month: str, rows: pa.Table) -> _File:
        if month not in self.files:
            partition = {self.contract.partition: month} if self.contract.partition else {}
            self.files[month] = _File(self.folder, self.contract, partition, _coded(rows.schema))
        return self.files[month]

    @staticmethod
    def _add(file: _File, rows: list[pa.Table]) -> None:
        import pyarrow as pa

        file.add(pa.concat_tables(rows))


def _ended(tasks: Iterable[Future[None]]) -> None:
    """Wait for all of them; what one raised is raised here."""
    for task in tasks:
        task.result()


def partition_of(path: str, contract: Contract) -> dict[str, str]:
    """{'month': '2018-10'} from the folder a file lies in; empty for a table without partitions."""
    if contract.partition is None:
        return {}
    return {contract.partition: path.rsplit(f"{contract.partition}=", 1)[1].split("/", 1)[0]}
