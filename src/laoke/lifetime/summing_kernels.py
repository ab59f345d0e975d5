"""The two loops of `summing.py`, compiled; imported where they are called, because numba costs a second to import."""

# mypy: disable-error-code="no-untyped-def"

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def number(persons, at, codes, known, count, slots):
    """Give numbers to persons from place `at` on until all have one or `known` is full; the place, how many there are.

    `slots` is empty: those known are put in first. Its length is a power of two.
    """
    last = slots.shape[0] - 1
    for code in range(count):
        place = _home(known[code], last)
        while slots[place] >= 0:
            place = (place + 1) & last
        slots[place] = code
    while at < persons.shape[0]:
        person = persons[at]
        place = _home(person, last)
        while slots[place] >= 0 and known[slots[place]] != person:
            place = (place + 1) & last
        if slots[place] < 0:
            if count == known.shape[0]:
                return at, count
            known[count] = person
            slots[place] = count
            count += 1
        codes[at] = slots[place]
        at += 1
    return at, count


@njit(cache=True, nogil=True, inline="always")
def _home(person, last):
    mixed = person ^ (person >> 31)
    return ((mixed * 0x1E3779B97F4A7C15) >> 29) & last


@njit(cache=True, nogil=True)
def add_up(codes, days, amounts, first, sums):
    """Add each purchase to its person's row: first day (at first one after every day), last day, days, amount in all,
    amount of the first day, then the bits of days from `first` on. One row: what lies together is fetched at once."""
    for row in range(codes.shape[0]):
        code, day, amount = codes[row], np.int64(days[row]), amounts[row]
        place = day - first
        mask = np.int64(1) << (place & 63)
        word = sums[code, 5 + (place >> 6)]
        if not word & mask:
            sums[code, 5 + (place >> 6)] = word | mask
            sums[code, 2] += 1
        if day > sums[code, 1]:
            sums[code, 1] = day
        sums[code, 3] += amount
        if day < sums[code, 0]:
            sums[code, 0] = day
            sums[code, 4] = amount
        elif day == sums[code, 0]:
            sums[code, 4] += amount
