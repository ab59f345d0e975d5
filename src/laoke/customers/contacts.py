"""What a contact looks like: valid, masked, invalid, and how it is masked on screen. Pure text rules, no rows."""

from __future__ import annotations

import re
import unicodedata

# Numbers of mainland mobiles: 11 digits beginning with 13 to 19. The range 100… is assigned to nobody: the demo shop
# uses it, and only loopback gateways take it.
_MOBILE = re.compile(r"1[3-9]\d{9}")
_DEMO_MOBILE = re.compile(r"100\d{8}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}")
_PHONE_NOISE = re.compile(r"[\s\-'()]")


def clean_phone(text: str | None) -> str:
    """Digits of a phone as exported: blanks, apostrophes, `+86` and full-width digits removed."""
    digits = _PHONE_NOISE.sub("", unicodedata.normalize("NFKC", text or ""))
    for prefix in ("+86", "0086"):
        digits = digits.removeprefix(prefix)
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits


def mobile_state(phone: str, *, demo: bool) -> str:
    """'none', 'masked', 'valid' or 'invalid' of a cleaned number; the demo range is valid in a demo shop only."""
    if not phone:
        return "none"
    if "*" in phone:
        return "masked"
    if _MOBILE.fullmatch(phone) or (demo and _DEMO_MOBILE.fullmatch(phone)):
        return "valid"
    return "invalid"


def is_demo_mobile(phone: str) -> bool:
    """Whether a number is of the range that is never assigned."""
    return _DEMO_MOBILE.fullmatch(phone) is not None


def email_state(email: str) -> str:
    """'none', 'masked', 'valid' or 'invalid' of an address."""
    if not email:
        return "none"
    if "*" in email:
        return "masked"
    return "valid" if _EMAIL.fullmatch(email) else "invalid"


def is_masked(text: str) -> bool:
    """A masked nick or name (`t**8`, `张**`) is evidence at most, never a key."""
    return "*" in text or "＊" in text


def mask_phone(phone: str) -> str:
    """`138****21`-style mask: the first three and the last two digits stay."""
    return f"{phone[:3]} **** **{phone[-2:]}" if len(phone) >= 7 and "*" not in phone else phone


def mask_nick(nick: str) -> str:
    """First and last character stay, as on the platform: 小**圆."""
    if len(nick) <= 1 or is_masked(nick):
        return nick
    return f"{nick[0]}**{nick[-1]}" if len(nick) > 2 else f"{nick[0]}**"


def mask_name(name: str) -> str:
    """The family name stays."""
    return name if not name or is_masked(name) else f"{name[0]}{'*' * min(2, max(1, len(name) - 1))}"


def mask_email(email: str) -> str:
    """Two characters and the domain stay."""
    name, at, domain = email.partition("@")
    return f"{name[:2]}***@{domain}" if at and "*" not in email else email


PHONE_WITHIN = re.compile(r"(?<!\d)1\d{10}(?!\d)")
# Only from where a run of letters begins: tried from each letter, a cell of 100 kB without any @ took half a minute.
EMAIL_WITHIN = re.compile(r"(?<![^@\s])[^@\s]+@[^@\s]+\.[^@\s]+")


def mask_within(text: str) -> str:
    """A text with the numbers and addresses that stand in it masked."""
    masked = PHONE_WITHIN.sub(lambda found: mask_phone(found.group()), text)
    return EMAIL_WITHIN.sub(lambda found: mask_email(found.group()), masked)
