"""Links and numbers of activities as people copy them from the back office, kept only when they are what they claim.

SetupRefused   link_https, link_long, link_broken, link_host (no name of a site in plain letters), link_user (a name or
               a password before the site), activity_id, activity_id_missing, report_empty, report_future,
               report_number, state
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

LONGEST_LINK = 500
LONGEST_ID = 40
_ID = re.compile(r"[0-9A-Za-z_-]{1,40}")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")


class SetupRefused(Exception):
    """What cannot be kept; `code` as above, `params` fill its sentence."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code, self.params = code, params


def check_link(text: str) -> str:
    """The link without blanks around, "" for none. Only https to a named site, no user, nothing that is not printed.

    Raises
    ------
    SetupRefused
    """
    link = text.strip()
    if not link:
        return ""
    if len(link) > LONGEST_LINK:
        raise SetupRefused("link_long", found=len(link), most=LONGEST_LINK)
    if not link.isascii() or not link.isprintable() or any(mark in link for mark in " \\<>\"'`"):
        raise SetupRefused("link_broken", found=shown(link))
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        raise SetupRefused("link_broken", found=shown(link)) from None
    if parts.scheme != "https":
        raise SetupRefused("link_https", found=shown(link))
    if "@" in parts.netloc:
        raise SetupRefused("link_user", found=shown(parts.hostname or ""))
    if not _HOST.fullmatch(parts.hostname or "") or port not in (None, 443):
        raise SetupRefused("link_host", found=shown(parts.netloc))
    return link


def check_activity_id(text: str) -> str:
    """The number under which the platform runs the offer, "" for none yet.

    Raises
    ------
    SetupRefused
    """
    number = text.strip()
    if number and not _ID.fullmatch(number):
        raise SetupRefused("activity_id", found=shown(number), most=LONGEST_ID)
    return number


def shown(text: str) -> str:
    """What was found, short enough for a sentence."""
    return text if len(text) <= 60 else f"{text[:60]}…"
