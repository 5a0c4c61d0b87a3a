"""taskcli: one command per task for what transformer models can do with local files."""

from typing import TYPE_CHECKING, Any

from taskcli.errors import TaskcliError
from taskcli.results import Record

if TYPE_CHECKING:
    from taskcli.api import load
    from taskcli.tasks import TASKS

__version__ = "0.1.0"
__all__ = ["TASKS", "Record", "TaskcliError", "__version__", "load"]


def __getattr__(name: str) -> Any:
    """`load` and `TASKS` on first use: importing the package stays free of charge."""
    if name == "load":
        from taskcli.api import load

        return load
    if name == "TASKS":
        from taskcli.tasks import TASKS

        return TASKS
    raise AttributeError(f"module 'taskcli' has no attribute {name!r}")
