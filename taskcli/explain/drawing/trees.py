"""What was tried step by step, as a drawing: a column for each step."""

from collections.abc import Sequence

from taskcli.explain.drawing.numbers import amount
from taskcli.explain.drawing.svg import Figure
from taskcli.explain.views.kinds import Node, Tree

_WIDE, _HIGH = 150.0, 26.0  # pixels of a node
_STEP, _ROW = 178.0, 34.0  # from step to step, from node to node
_LONGEST = 11  # letters


def draw_tree(view: Tree) -> bytes:
    figure = Figure(view.title, view.about)
    places = places_of(view.nodes)
    corners = [(12 + depth * _STEP, 62 + slot * _ROW) for depth, slot in places]
    for depth in sorted({depth for depth, _ in places}):
        figure.text(12 + depth * _STEP, 52, f"step {depth}" if depth else "start", "soft")
    for node, corner in zip(view.nodes, corners, strict=True):
        if node.parent is not None:
            _edge(figure, node, corners[node.parent], corner)
    for node, corner in zip(view.nodes, corners, strict=True):
        _box(figure, node, corner)
    return figure.done()


def places_of(nodes: Sequence[Node]) -> list[tuple[int, int]]:
    """The step of each node, and its row there: kept ones first, in the order of their parents."""
    depths: list[int] = []
    for node in nodes:
        depths.append(0 if node.parent is None else depths[node.parent] + 1)
    rows = [0] * len(nodes)
    for depth in sorted(set(depths)):
        step = [at for at, one in enumerate(depths) if one == depth]

        def order(at: int) -> tuple[bool, int, float]:
            node = nodes[at]
            return not node.is_kept, 0 if node.parent is None else rows[node.parent], -node.score

        for row, at in enumerate(sorted(step, key=order)):
            rows[at] = row
    return list(zip(depths, rows, strict=True))


def _edge(
    figure: Figure, node: Node, before: tuple[float, float], after: tuple[float, float]
) -> None:
    x, y, end, down = before[0] + _WIDE, before[1] + _HIGH / 2, after[0], after[1] + _HIGH / 2
    line = f"M{x:g} {y:g}C{x + 14:g} {y:g} {end - 14:g} {down:g} {end:g} {down:g}"
    kind = "none ink" if node.is_kept else "none line"
    figure.path([line], kind, stroke_width=3 if node.is_answer else 1)


def _box(figure: Figure, node: Node, corner: tuple[float, float]) -> None:
    kind = "answer" if node.is_answer else "kept" if node.is_kept else "dropped"
    text = node.text if len(node.text) <= _LONGEST else f"{node.text[: _LONGEST - 1]}…"
    score, line = amount(node.score), corner[1] + 17
    figure.rect(corner, (_WIDE, _HIGH), kind, f"{node.text} {score}, {kind}", rx=5)
    figure.text(corner[0] + 7, line, text, "" if node.is_kept else "soft")
    figure.text(corner[0] + _WIDE - 6, line, score, "soft end")
