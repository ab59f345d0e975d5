"""Rounding of cents: half up, in whole numbers.

Half up (四舍五入) is what sellers' tools and buyers expect of a price tag; rounding habits are not price
fraud (明码标价和禁止价格欺诈规定, art. 21).
"""

FULL_BP = 10_000


def divide_half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number to numerator / denominator; a half goes away from zero.

    >>> divide_half_up(5, 10), divide_half_up(-5, 10), divide_half_up(4, 10)
    (1, -1, 0)
    """
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, found {denominator}")
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


def pay_cents(price_cents: int, pay_bp: int) -> int:
    """What one piece costs when the buyer pays `pay_bp` ten-thousandths of its price (8.5 折 = 8500), half up.

    >>> pay_cents(999, 8500)
    849
    """
    if price_cents < 0:
        return divide_half_up(price_cents * pay_bp, FULL_BP)
    return (2 * price_cents * pay_bp + FULL_BP) // (2 * FULL_BP)
