"""All checks of a message text in the order people mend them: signature, words, variables, opt-out, length."""

from collections.abc import Collection

from laoke.dispatch.text.gateways import GatewayRules
from laoke.dispatch.text.hours import Kind
from laoke.dispatch.text.issues import Issue
from laoke.dispatch.text.length import check_characters
from laoke.dispatch.text.opt_out import check_opt_out, without_opt_out
from laoke.dispatch.text.preview import preview
from laoke.dispatch.text.signature import check_body_brackets, check_signature
from laoke.dispatch.text.template import check_template, parse
from laoke.dispatch.text.variables import VARIABLES
from laoke.dispatch.text.wording import DEFAULT_WORDING, Wording, check_wording


def check_message(
    sign: str,
    body: str,
    kind: Kind,
    rules: GatewayRules,
    *,
    known: Collection[str] = VARIABLES.keys(),
    wording: Wording = DEFAULT_WORDING,
) -> list[Issue]:
    """Everything found in a text as it will be filed, opt-out words included (`opt_out.with_opt_out` puts them)."""
    template = parse(body)
    core = parse(without_opt_out(body, rules))
    found = check_signature(sign, rules) + check_body_brackets(body) + check_characters(body)
    found += check_template(core, known, rules, marketing=kind == "marketing")
    found += check_wording(body, wording)
    found += check_opt_out(body, kind, rules)
    found += preview(sign, template, rules, price_millis=0).issues
    return found
