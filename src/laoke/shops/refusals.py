"""Something that was not done, with a reason that stands in a list: a code for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise

from laoke.money import format_cents


class ReasonedRefusal(Exception):
    """A refusal of a kind. `reasons` maps its codes to sentences with `%(name)s` where a parameter goes."""

    reasons: ClassVar[Mapping[str, str | Promise]] = {}

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params

    @property
    def text(self) -> str:
        """The reason in a sentence for people, in the reader's language; amounts (`…_cents`) in yuan."""
        shown = {
            name: format_cents(value) if name.endswith("_cents") else value
            for name, value in self.params.items()
        }
        return str(self.reasons[self.code]) % shown
