"""Who fits a filter and is not on a list yet, and who is on it and fits no longer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from laoke.audiences.compiling import members_query
from laoke.audiences.readings import Reading
from laoke.audiences.tree import Node

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def fits_and_differs(
    reading: Reading, node: Node, listed: Iterable[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The persons who fit, of these those to be put on, and those to be taken off; numbers in ascending order."""
    import numpy as np

    found = reading.table(members_query(node, reading.shop_id, reading.as_of_day))
    fits: NDArray[Any] = np.unique(found.column("person_id").to_numpy())
    has = np.fromiter(listed, np.int64)
    return fits, np.setdiff1d(fits, has), np.setdiff1d(has, fits)
