"""A file of a page's own (prices, reports) that is read while the request waits: taken in, or told why not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext

from laoke.campaigns.table_files import FileRefused
from laoke.intake.reading.messages import refusal_message
from laoke.intake.reading.refusals import IntakeRefused
from laoke.shops.models import Upload
from laoke.shops.uploads import UploadDamaged, UploadRefused, forget, refused_text, store_upload
from laoke.web.access import clock_of, shop_of


class Unreadable(Exception):
    """A file that is not what the page wants, with the sentence that says why."""


@contextmanager
def readable(told: Callable[[FileRefused], str]) -> Iterator[None]:
    """Whatever speaks against a file becomes `Unreadable`; `told` knows the sentences of the page's own refusals."""
    try:
        yield
    except FileRefused as refused:
        raise Unreadable(told(refused)) from refused
    except IntakeRefused as refused:
        raise Unreadable(refusal_message(refused.code, refused.params)) from refused
    except UploadDamaged as damaged:
        raise Unreadable(gettext("这个文件打不开了，再传一次")) from damaged


def taken_in(request: HttpRequest, missing: str, read: Callable[[Upload], object]) -> Upload | None:
    """The sent file, once `read` could make sense of it; None where not, and the page says why. `missing` is said when
    no file was sent."""
    file = request.FILES.get("file")
    if file is None:
        messages.error(request, missing)
        return None
    try:
        upload = store_upload(shop_of(request), file, by=request.user, now=clock_of(request).now())  # type: ignore[arg-type]
    except UploadRefused as refused:
        messages.error(request, refused_text(refused))
        return None
    try:
        read(upload)
    except Unreadable as why:
        forget(upload)
        messages.error(request, str(why))
        return None
    return upload
