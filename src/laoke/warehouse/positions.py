"""Rows of stored files that go, by their positions, and what stays of the files.

Where a row lies DuckDB finds by its key alone. Texts that repeat stand in a file as numbers of a dictionary; here they
are read, filtered and written again as such. Nobody looks at the text of a row that stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from laoke.warehouse.parquet import numbered_texts, partition_of
from laoke.warehouse.storage import Folder, readable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from laoke.warehouse.columns import Contract


@dataclass(frozen=True)
class Positions:
    """Rows of one stored file, counted from 0 as they lie in it; in any order, one may be named twice."""

    file: Folder
    contract: Contract
    rows: NDArray[np.int64]

    def others(self) -> Iterator[pa.Table]:
        """All rows but these without the partition's column, a row group at a time, repeating texts as dictionaries."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = [name for name in self.contract.names if name not in self.partition]
        places = np.unique(self.rows)
        first = 0
        with pq.ParquetFile(readable(self.file), read_dictionary=numbered_texts(self.contract)) as file:
            for group in range(file.num_row_groups):
                stays = np.ones(file.metadata.row_group(group).num_rows, dtype=bool)
                low, high = np.searchsorted(places, (first, first + len(stays)))
                stays[places[low:high] - first] = False
                first += len(stays)
                if stays.any():
                    rows = file.read_row_group(group, columns=columns, use_threads=False)
                    yield rows if stays.all() else rows.filter(pa.array(stays))

    def count_others(self) -> int:
        """How many rows the file has but these."""
        import numpy as np
        import pyarrow.parquet as pq

        return int(pq.read_metadata(readable(self.file)).num_rows) - len(np.unique(self.rows))

    @property
    def partition(self) -> dict[str, str]:
        """{'month': '2018-10'} of the folder that the file lies in; empty for a table without partitions."""
        return partition_of(self.file.as_posix(), self.contract)
