"""--save-dir of `taskcli explain`: a picture or a drawing of each view."""

from taskcli.explain.drawing.saver import Saver

__all__ = ["Saver"]
