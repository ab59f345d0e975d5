"""What a page must keep in the browser: nothing refused or failed behind it, one headline, names, width, focus."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Request, Response

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}

# A refused content reports itself to the console, where the watcher sees it; hostile markup calls `__hit`.
REPORTS = """
window.addEventListener('securitypolicyviolation', e => console.error('CSP refused ' + e.violatedDirective +
  ' ' + e.blockedURI + ' ' + e.sourceFile + ':' + e.lineNumber));
window.__hit = what => console.error('hostile markup ran: ' + what);
"""

CHECKS = Path(__file__).with_name("checks.js").read_text(encoding="utf-8")

WIDTH = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"

WIDER = """
() => { const most = document.documentElement.clientWidth;
  return [...document.querySelectorAll('body *')].filter(el => el.getBoundingClientRect().right > most + 1)
    .slice(0, 3).map(el => el.outerHTML.replace(/\\s+/g, ' ').slice(0, 120)); }
"""

FOCUS = """
() => { const el = document.activeElement;
  if (!el || el === document.body || el.id === 'main') return null;
  if (!el.matches(':focus')) return null;  // a part inside it, such as the calendar of a date, shows its own ring
  const look = getComputedStyle(el), around = getComputedStyle(el.parentElement);
  const seen = s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
  return [seen(look) || seen(around), el.outerHTML.replace(/\\s+/g, ' ').slice(0, 120)]; }
"""

TABS = 6


@dataclass
class Watcher:
    """Collects what a page complains of; `taken` hands it over and forgets it."""

    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(f"error in a script: {error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, kind: str, text: str) -> None:
        # A refused answer is told by `_answered`, with its address.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(f"console {kind}: {text}")

    def _failed(self, request: Request) -> None:
        # What a page asked for when it was left, and a download that left the page, are no failures.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.complaints.append(f"failed: {request.method} {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.request.method} {response.url}")

    def taken(self) -> list[str]:
        found, self.complaints = self.complaints, []
        return found


def settled(page: Page) -> None:
    """Wait until what loads behind the page has come; a page that asks every second never rests for long."""
    page.wait_for_load_state("load")
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")


def complaints_of(page: Page) -> list[str]:
    """Everything wrong with the page as it stands, on a desk and on a phone."""
    found: list[str] = list(page.evaluate(CHECKS))
    found += _focus(page)
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.wait_for_timeout(60)
    needed, given = page.evaluate(WIDTH)
    if needed > given:
        found.append(f"{needed - given} px too wide at 390: {page.evaluate(WIDER)}")
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    return found


def _focus(page: Page) -> list[str]:
    """Whether one sees where the keyboard stands."""
    found = []
    for _ in range(TABS):
        page.keyboard.press("Tab")
        seen: Any = page.evaluate(FOCUS)
        if seen is not None and not seen[0]:
            page.wait_for_timeout(250)  # it may fade in
            seen = page.evaluate(FOCUS)
        if seen is not None and not seen[0]:
            found.append(f"focus cannot be seen: {seen[1]}")
    return found
