"""What every component is: a small value with its own partial, rendered wherever a template prints it."""

from __future__ import annotations

from typing import ClassVar

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString

# Text that people read: a plain string or one that is translated when it is printed.
Words = str | Promise


class Component:
    """A value that renders itself with the partial named by `template`, which sees it as `c`.

    `{{ thing }}` prints it; `{% ui thing %}` does the same with the page's context, which a form's CSRF token needs.
    """

    template: ClassVar[str]

    def render(self, context: dict[str, object] | None = None) -> SafeString:
        return render_to_string(self.template, {**(context or {}), "c": self})

    def __str__(self) -> SafeString:
        return self.render()

    def __html__(self) -> SafeString:
        return self.render()


# What a cell or a body may hold.
Content = Words | Component | int


def percent_class(prefix: str, share: float) -> str:
    """A width or offset class in whole percent, so that bars stand without script: `w51`, `at47`."""
    return f"{prefix}{max(0, min(100, round(share)))}"
