"""Headers that keep the browser on our side: nothing inline, nothing from elsewhere, nobody frames us.

And the page that says why the facts cannot be reached: a cluster or a storage that is away is no fault of the program.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from laoke.shops.unavailable_words import told
from laoke.warehouse.unavailable import Unavailable

# No inline script or style and no eval anywhere: pages bring data, `app.js` brings behaviour.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    ]
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Pages and files hold people: none stays on the disk of a browser. Static files carry an age of their own.
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """Put the headers on every answer; a view that set one itself keeps its own. Addresses with NUL are refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = HttpResponse(status=400) if _holds_nul(request) else self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class PlainForms:
    """Refuse a form that holds NUL, as an address with it is: PostgreSQL takes it in no text, and nobody types it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: object, kwargs: object
    ) -> HttpResponse | None:
        # What other systems send is read by its view, from the body that a look at the form would use up.
        if request.method != "POST" or getattr(view, "csrf_exempt", False):
            return None
        found = any("\x00" in name + value for name, values in request.POST.lists() for value in values)
        return HttpResponse(status=400) if found else None


class FactsAway:
    """Answer 503 with the reason when a view could not reach the facts."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, Unavailable):
            return None
        return render(request, "503.html", {"why": told(exception)}, status=503)


def _holds_nul(request: HttpRequest) -> bool:
    """Whether an address holds the one character that no text of a database may: nobody types it."""
    return "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
