"""Mobile numbers and masks: which numbers exist, which belong to the demo shop, and how people are shown.

Numbers of the demo shop are eleven digits that begin with 100. Chinese mobile numbers begin with 13 to
19, so these are never assigned, and only loopback gateways take them.
"""

import re
import unicodedata

DEMO_PREFIX = "100"

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_DEMO = re.compile(DEMO_PREFIX + r"[0-9]{8}")
_COUNTRY = re.compile(r"(?:\+|00)?86(?=1[0-9]{10}$)")


def normal_mobile(raw: str) -> str | None:
    """Eleven digits of a domestic (or demo) mobile number; None for anything else, masked numbers included.

    Spaces, hyphens, full-width digits and the country code +86, 0086 or 86 are taken off.
    """
    text = unicodedata.normalize("NFKC", raw)
    text = _COUNTRY.sub("", re.sub(r"[\s\-]", "", text).lstrip("'"), count=1)
    return text if _MOBILE.fullmatch(text) or _DEMO.fullmatch(text) else None


def is_valid_mobile(number: str) -> bool:
    """Whether eleven digits may be a real domestic mobile number."""
    return _MOBILE.fullmatch(number) is not None


def is_demo_mobile(number: str) -> bool:
    """Whether the number belongs to the range of the demo shop."""
    return _DEMO.fullmatch(number) is not None


def demo_mobile(index: int) -> str:
    """The demo number of an index 0 … 99,999,999."""
    if not 0 <= index < 10**8:
        raise ValueError(f"there are 100,000,000 demo numbers, found index {index}")
    return f"{DEMO_PREFIX}{index:08d}"


def is_accepted(number: str, *, loopback: bool) -> bool:
    """Whether a gateway may be given the number: real numbers by all, demo numbers by loopbacks only."""
    return is_valid_mobile(number) or (loopback and is_demo_mobile(number))


def mask_mobile(number: str) -> str:
    """138 **** **21: the first three and the last two digits; anything that is not eleven digits is hidden whole."""
    if not re.fullmatch(r"[0-9]{11}", number):
        return "***"
    return f"{number[:3]} **** **{number[-2:]}"


def mask_nick(nick: str) -> str:
    """小**圆: the first and the last character, the first alone of two, nothing of one."""
    if len(nick) >= 3:
        return f"{nick[0]}**{nick[-1]}"
    return f"{nick[0]}**" if len(nick) == 2 else "**"


def mask_name(name: str) -> str:
    """张**: the first character of a name of two or more."""
    return f"{name[0]}**" if len(name) >= 2 else "**"


def mask_email(address: str) -> str:
    """a***@example.com: the first character and the domain; anything without both is hidden whole."""
    local, at, domain = address.partition("@")
    return f"{local[0]}***@{domain}" if local and at and domain else "***"
