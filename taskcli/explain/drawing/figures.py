"""Views that are drawn as lines and words: grids, strips, tables, trees and waves."""

from functools import singledispatch

from taskcli.explain.drawing.trees import draw_tree
from taskcli.explain.drawing.waves import draw_wave
from taskcli.explain.drawing.words import draw_grid, draw_rows, draw_strip
from taskcli.explain.views.kinds import Grid, Rows, Strip, Tree, View, Wave


@singledispatch
def drawn(view: View) -> bytes:
    """An SVG; nothing for a kind that has no drawing."""
    return b""


drawn.register(Grid, draw_grid)
drawn.register(Strip, draw_strip)
drawn.register(Rows, draw_rows)
drawn.register(Tree, draw_tree)
drawn.register(Wave, draw_wave)
