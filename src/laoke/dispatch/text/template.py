"""Message templates: one pass of `${name}`, nothing more.

A value is never read again for variables, so a nick such as `${phone}` stays the text it is (RULES 1.3).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from laoke.dispatch.text.gateways import GatewayRules
from laoke.dispatch.text.issues import Issue, error

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z0-9_]+)\}")
_WORD = re.compile(r"[0-9A-Za-z\u3400-\u9fff]")


@dataclass(frozen=True)
class Template:
    """A parsed body: `texts` has one part more than `names`, and they alternate, text first."""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """The body with each variable replaced once; KeyError names a variable without a value."""
        pieces = [self.texts[0]]
        for name, text in zip(self.names, self.texts[1:], strict=True):
            pieces.append(values[name])
            pieces.append(text)
        return "".join(pieces)

    @property
    def source(self) -> str:
        """The body as it was written."""
        return self.render({name: f"${{{name}}}" for name in self.names})


def parse(body: str) -> Template:
    """Split a body at its variables; text that only resembles a variable stays text (`check_template` refuses it)."""
    parts = _PLACEHOLDER.split(body)
    return Template(tuple(parts[::2]), tuple(parts[1::2]))


def check_template(
    template: Template, known: Collection[str], rules: GatewayRules, *, marketing: bool
) -> list[Issue]:
    """Variables are known, each used once, never side by side, and not all there is."""
    found = [
        error("unknown_variable", name=name, known=sorted(known))
        for name in dict.fromkeys(template.names)
        if name not in known
    ]
    found += [
        error("repeated_variable", name=name)
        for name in dict.fromkeys(template.names)
        if template.names.count(name) > 1
    ]
    found += [
        error("adjacent_variables", first=first, second=second)
        for first, second, between in zip(
            template.names, template.names[1:], template.texts[1:-1], strict=False
        )
        if not between.strip()
    ]
    if any("${" in text for text in template.texts):
        found.append(error("broken_placeholder"))
    if not any(_WORD.search(text) for text in template.texts):
        found.append(error("only_variables" if template.names else "empty_body"))
    if marketing and template.names and not rules.promotion_variables:
        found.append(error("variables_in_promotion", gateway=rules.name))
    return found


def check_values(template: Template, values: Mapping[str, str], rules: GatewayRules) -> list[Issue]:
    """Each variable has a value of 1 … `value_max` characters."""
    found = []
    for name in template.names:
        value = values.get(name, "")
        if not value:
            found.append(error("missing_value", name=name))
        elif rules.value_max is not None and len(value) > rules.value_max:
            found.append(error("long_value", name=name, length=len(value), limit=rules.value_max))
    return found
