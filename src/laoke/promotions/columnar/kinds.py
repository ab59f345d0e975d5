"""The numbers by which the kernel tells mechanics apart."""

PERCENT, STEPS, REPEATING = 0, 1, 2
"""The three that the kernel works out itself; everything from PERCENT_STEPS on is worked out before."""

PERCENT_STEPS, COUNT_PERCENT, COUNT_STEPS, COUNT_REPEATING = 3, 4, 5, 6
CHEAPEST, ANY_BUNDLE, SET_BUNDLE, ADDON = 7, 8, 9, 10
AMOUNT, FIXED, DEPOSIT = 11, 12, 13
NOTHING = -1
"""No cap, no limit; in the figures of products: counts only towards the threshold."""

OUTSIDE = -2
"""In the figures of products: neither chosen nor counted."""
