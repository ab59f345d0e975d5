"""Chance that depends only on seed, purpose and number of the thing: the same in any order and any chunk size.

Each draw hashes (seed, stream name, index) with the finaliser of SplitMix64 (Steele, Lea, Flood 2014), so that
the millionth order can be made without the orders before it. Inverse distribution functions do the rest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


@dataclass(frozen=True)
class Draws:
    """Streams of chance of one seed; `index` numbers the things drawn for and decides the value alone."""

    seed: int

    def bits(self, stream: str, index: Ints) -> npt.NDArray[np.uint64]:
        """64 random bits for each index."""
        digest = hashlib.blake2b(f"{self.seed}:{stream}".encode(), digest_size=16).digest()
        start, twist = (np.uint64(int.from_bytes(part, "big")) for part in (digest[:8], digest[8:]))
        with np.errstate(over="ignore"):
            return _mixed(_mixed(index.astype(np.uint64) * _GOLDEN + start) ^ twist)

    def uniform(self, stream: str, index: Ints) -> Floats:
        """Uniform numbers strictly between 0 and 1."""
        return ((self.bits(stream, index) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def chance(self, stream: str, index: Ints, share: float | Floats) -> Bools:
        """True with probability `share`."""
        return self.uniform(stream, index) < share

    def integers(self, stream: str, index: Ints, below: int | Ints) -> Ints:
        """Whole numbers 0 … below − 1."""
        return (self.uniform(stream, index) * below).astype(np.int64)

    def weighted(self, stream: str, index: Ints, weights: npt.ArrayLike) -> Ints:
        """Positions in `weights`, each as likely as its weight."""
        upto = np.cumsum(np.asarray(weights, dtype=np.float64))
        found = np.searchsorted(upto, self.uniform(stream, index) * upto[-1], side="right")
        return np.minimum(found, len(upto) - 1)

    def exponential(self, stream: str, index: Ints, mean: float | Floats = 1.0) -> Floats:
        """Waiting times with the given mean."""
        return -np.log(self.uniform(stream, index)) * mean

    def normal(self, stream: str, index: Ints) -> Floats:
        """Standard normal numbers."""
        from scipy.special import ndtri

        return ndtri(self.uniform(stream, index))

    def lognormal(self, stream: str, index: Ints, median: float | Floats, sigma: float) -> Floats:
        """Positive numbers with the given median whose logarithm spreads by `sigma`."""
        return median * np.exp(sigma * self.normal(stream, index))

    def gamma(self, stream: str, index: Ints, shape: float) -> Floats:
        """Gamma numbers of scale 1."""
        from scipy.special import gammaincinv

        return gammaincinv(shape, self.uniform(stream, index))

    def beta(self, stream: str, index: Ints, a: float, b: float) -> Floats:
        """Beta numbers."""
        from scipy.special import betaincinv

        return betaincinv(a, b, self.uniform(stream, index))


def shuffled(index: Ints, size: int, factor: int = 387_420_489, shift: int = 271_828_183) -> Ints:
    """A one-to-one scattering of 0 … size − 1, so that numbers are unique without a look at the others.

    `size` must be a power of ten; `factor` then needs only to share no divisor with 10.
    """
    return (index * (factor % size) + shift) % size
