"""How large a filter may be that is meant: deeper or wider ones are refused."""

from __future__ import annotations

from laoke.audiences.tree import MAX_CONDITIONS, MAX_DEPTH, Node, TreeError, children, conditions


def check_size(node: Node) -> None:
    """Refuse a tree too deep or too wide to be meant.

    Raises
    ------
    TreeError
        `too_deep` or `too_many`.
    """
    if _depth(node, 0) > MAX_DEPTH:
        raise TreeError("too_deep", most=MAX_DEPTH)
    if sum(1 for _ in conditions(node)) > MAX_CONDITIONS:
        raise TreeError("too_many", most=MAX_CONDITIONS)


def _depth(node: Node, above: int) -> int:
    if above > MAX_DEPTH:
        return above
    return max((_depth(child, above + 1) for child in children(node)), default=above + 1)
