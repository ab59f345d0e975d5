"""Heat maps and flows: how much falls into which cell, and how many go from where to where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from laoke.web.charts.base import Option, css, tip
from laoke.web.components.base import Words

LEVELS = ("heat-0", "heat-1", "heat-2", "heat-3", "heat-4")


def heat_map(
    rows: Sequence[Words],
    columns: Sequence[Words],
    cells: Sequence[Sequence[float | None]],
    *,
    value: str = "exact",
    most: float | None = None,
) -> Option:
    """Cells in shades of one hue, from nothing to `most` (the largest cell). None stays blank; the first row is on top.

    Raises
    ------
    ValueError
        when the cells are not as many as rows and columns.
    """
    if len(cells) != len(rows) or any(len(line) != len(columns) for line in cells):
        raise ValueError(f"cells are not {len(rows)} rows of {len(columns)}")
    data = [
        {"value": [x, y, cell], "title": f"{rows[y]} · {columns[x]}"}
        for y, line in enumerate(cells)
        for x, cell in enumerate(line)
        if cell is not None
    ]
    highest = max((cell for line in cells for cell in line if cell is not None), default=0)
    top = highest if most is None else most
    return {
        "tooltip": {"trigger": "item", "formatter": tip(value)},
        "xAxis": {"type": "category", "data": [str(one) for one in columns], "axisTick": {"show": False}},
        "yAxis": {
            "type": "category",
            "inverse": True,
            "axisTick": {"show": False},
            "data": [str(one) for one in rows],
        },
        "visualMap": {
            "show": False,
            "min": 0,
            "max": top or 1,
            "dimension": 2,
            "inRange": {"color": [css(level) for level in LEVELS]},
        },
        "series": [
            {
                "name": "",
                "type": "heatmap",
                "data": data,
                "itemStyle": {"borderColor": css("surface"), "borderWidth": 1},
            }
        ],
    }


@dataclass(frozen=True)
class Node:
    """A place that people leave or reach. `key` is unique in the chart, `depth` its column from the left."""

    key: str
    label: Words
    depth: int
    colour: str = "c1"


@dataclass(frozen=True)
class Flow:
    """So many from one node to another."""

    source: str
    target: str
    n: int


def sankey(nodes: Sequence[Node], flows: Sequence[Flow], *, value: str = "exact") -> Option:
    """Flows between columns of nodes, their width the number. Nodes that nobody passes are left out.

    Raises
    ------
    ValueError
        when a flow names a node that is not there, or does not lead to the right.
    """
    known = {node.key: node for node in nodes}
    for flow in flows:
        for key in (flow.source, flow.target):
            if key not in known:
                raise ValueError(f"no node {key!r}; there are {', '.join(sorted(known))}")
        if known[flow.source].depth >= known[flow.target].depth:
            raise ValueError(f"{flow.source} → {flow.target} does not lead to the right")
    drawn = [flow for flow in flows if flow.n > 0]
    used = {key for flow in drawn for key in (flow.source, flow.target)}
    return {
        "tooltip": {"trigger": "item", "formatter": tip(value)},
        "series": [
            {
                "name": "",
                "type": "sankey",
                "left": 4,
                "right": 112,
                "top": 8,
                "bottom": 8,
                "nodeGap": 10,
                "layoutIterations": 0,
                "draggable": False,
                "emphasis": {"focus": "adjacency"},
                "label": {"color": css("ink"), "fontSize": 12},
                "lineStyle": {"color": "source", "opacity": 0.28},
                "data": [_drawn(node) for node in nodes if node.key in used],
                "links": [
                    {
                        "source": flow.source,
                        "target": flow.target,
                        "value": flow.n,
                        "title": f"{known[flow.source].label} → {known[flow.target].label}",
                    }
                    for flow in drawn
                ],
            }
        ],
    }


def _drawn(node: Node) -> Option:
    # Braces would be read as a pattern of ECharts' own.
    label = str(node.label).replace("{", "(").replace("}", ")")
    return {
        "name": node.key,
        "title": str(node.label),
        "depth": node.depth,
        "itemStyle": {"color": css(node.colour)},
        "label": {"formatter": label},
    }
