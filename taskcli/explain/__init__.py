"""What happens inside a model to one input: its stages in the order of the data, with numbers."""

from taskcli.explain.explaining import Architecture, Explanation, draw, explain, outline
from taskcli.explain.stages import ANSWER, INPUT, Stage, TensorShape

__all__ = [
    "ANSWER",
    "INPUT",
    "Architecture",
    "Explanation",
    "Stage",
    "TensorShape",
    "draw",
    "explain",
    "outline",
]
