"""Offers with several prices (会员价, 早鸟价, 秒杀) over columns: one plain offer per price, and together again.

Where nobody says which price is open to which basket, the lowest is open to all: the dearest case (rule R17).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from laoke.promotions.columnar.columns import Ints
from laoke.promotions.engine import VARIED, EngineError, Offer, at_lowest, with_variant

Flags = npt.NDArray[np.bool_]
Kind = TypeVar("Kind", np.int64, np.bool_)


@dataclass(frozen=True, slots=True)
class Spread:
    """Plain offers, who they are open to, and the id of the offer that each stands for."""

    offers: tuple[Offer, ...]
    eligible: dict[str, Flags]
    stands_for: dict[str, str]


def spread(
    offers: Sequence[Offer], eligible: Mapping[str, Flags], variant: Mapping[str, Ints], count: int
) -> Spread:
    """Replace offers with several prices. `variant[offer_id]` numbers the price open to each basket, −1 for none."""
    plain: list[Offer] = []
    open_to, stands_for = dict(eligible), {}
    for offer in offers:
        numbers = variant.get(offer.offer_id)
        if numbers is None or not isinstance(offer.mechanic, VARIED):
            plain.append(at_lowest(offer))
            continue
        if len(numbers) != count:
            raise EngineError("unequal_length", "variant", offer_id=offer.offer_id, expected=count)
        allowed = open_to.pop(offer.offer_id, np.ones(count, np.bool_))
        for number in range(len(offer.mechanic.variants)):
            # Sorts where the offer itself would: nothing comes before NUL.
            name = f"{offer.offer_id}\0{number}"
            plain.append(replace(with_variant(offer, number), offer_id=name))
            open_to[name] = allowed & (np.asarray(numbers) == number)
            stands_for[name] = offer.offer_id
    return Spread(tuple(plain), open_to, stands_for)


def gather(rows: Ints, matrix: npt.NDArray[Kind], count: int) -> npt.NDArray[Kind]:
    """Rows of plain offers added up (or joined, for flags) to rows of the offers that they stand for."""
    gathered = np.zeros((count, matrix.shape[1]), dtype=matrix.dtype)
    for row, target in enumerate(rows):
        gathered[target] += matrix[row]
    return gathered
