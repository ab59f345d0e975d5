"""How sure a fit is of its parameters, as a few sets of parameters that might as well be true.

The sets stand for a normal distribution of the logarithms, with the covariance of the fit: what is averaged over them
is exact up to the second order in the standard errors. They are no draws: the same fit gives the same sets.
"""

from __future__ import annotations

import numpy as np

from laoke.lifetime.customers import Floats
from laoke.lifetime.fitting import Fit

# Signs of three and of all their products: any two columns are uncorrelated over the eight rows, and of the four that
# the purchases take (each sign alone, and all three together) no three are either.
_A, _B, _C = (np.array(signs) for signs in np.meshgrid(*[[1.0, -1.0]] * 3, indexing="ij"))
ORDERS = np.stack((_A, _B, _C, _A * _B * _C), axis=-1).reshape(8, 4)
AMOUNTS = np.stack((_A * _B, _A * _C, _B * _C), axis=-1).reshape(8, 3)


def possible(fit: Fit, signs: Floats) -> Floats:
    """Parameters that might be true, one set a row, by the columns of `signs` one standard error off each way.

    The fits of purchases and of amounts are independent, and so are the sets of `ORDERS` and `AMOUNTS` row by row.
    """
    values, vectors = np.linalg.eigh(np.array(fit.covariance))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    answer: Floats = fit.values * np.exp(signs @ root.T)
    return answer
