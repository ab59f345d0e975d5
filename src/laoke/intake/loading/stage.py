"""The staging folder of one import: Parquet parts without any direct identifier, deleted when the import is over.

What tells who bought is never staged: identities are resolved while a batch is in memory, and only customer ids reach
the disk. The folder is named by the file's hash and the import, so a re-run starts from an empty one of its own.
"""

from __future__ import annotations

import shutil
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


# Staged parts are read once or twice and thrown away: speed counts, size does not. The month is what they are later
# read by, so it alone keeps its least and greatest value.
REPEATING = (
    "month",
    "status",
    "channel",
    "province",
    "city",
    "district",
    "close_reason",
    "line_status",
    "kind",
)
# Texts that stay numbers into a list of words until the table's files hold them; by the month rows are dealt out.
CODED = tuple(name for name in REPEATING if name != "month")
WAITING_PARTS = 8


class Stage:
    """Parts by table, in the order they were written.

    Parts may be written `later`, by a thread of the stage's own; `settle` waits until all are there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parts: dict[str, list[Path]] = defaultdict(list)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="laoke-staging")
        self._waiting: deque[Future[None]] = deque()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, table: str, rows: pa.Table) -> None:
        """Write one part; an empty one is left out."""
        if rows.num_rows == 0:
            return
        path = self.folder / f"{table}-{len(self.parts[table]):05d}.parquet"
        self._write(path, rows)
        self.parts[table].append(path)

    def beside(self, path: Path, rows: pa.Table) -> Path:
        """Write another form of a part to a file of its own; the part stays."""
        other = path.with_stem(f"{path.stem}-b")
        self._write(other, rows)
        return other

    def leave_out(self, table: str, which: Callable[[pa.Table], pa.Array]) -> tuple[int, int]:
        """Take rows out of the parts of a table, those for which `which` is true; their rows and `paid_cents`."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        count = cents = 0
        for part in self.parts.get(table, ()):
            rows = pq.read_table(part, partitioning=None)
            out = which(rows)
            gone = rows.filter(out)
            if gone.num_rows:
                count, cents = count + gone.num_rows, cents + (pc.sum(gone["paid_cents"]).as_py() or 0)
                self._write(part, rows.filter(pc.invert(out)))
        return count, cents

    def _write(self, path: Path, rows: pa.Table) -> None:
        import pyarrow.parquet as pq

        repeating = [name for name in REPEATING if name in rows.column_names]
        pq.write_table(rows, path, compression="lz4", use_dictionary=repeating, write_statistics=["month"])

    def later(self, table: str, rows: Callable[[], pa.Table]) -> None:
        """`add` what `rows` makes, while the caller goes on. What is raised there is raised here or by `settle`."""
        self._waiting.append(self._writer.submit(lambda: self.add(table, rows())))
        while len(self._waiting) > WAITING_PARTS:
            self._waiting.popleft().result()

    def settle(self) -> None:
        """Wait until every part is written."""
        while self._waiting:
            self._waiting.popleft().result()

    def clear(self) -> None:
        """Delete the folder; a file that is still open (Windows) goes with the next import's sweep."""
        self._writer.shutdown(wait=True, cancel_futures=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def sweep(root: Path, over: Callable[[list[int]], set[int]]) -> int:
    """Delete what killed imports left: folders of imports that are over, as `over` picks them; how many went.

    The folders are listed before anybody is asked, so one that appears meanwhile is not touched.
    """
    found = list(root.iterdir()) if root.is_dir() else []
    folders = {folder: folder.name.rpartition("-")[2] for folder in found if folder.is_dir()}
    numbers = {folder: int(number) for folder, number in folders.items() if number.isdigit()}
    gone = over(sorted(set(numbers.values())))
    for folder, number in numbers.items():
        if number in gone:
            shutil.rmtree(folder, ignore_errors=True)
    return len(gone)
