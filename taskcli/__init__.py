"""taskcli: one command per task for what transformer models can do with local files."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskcli.api import load
    from taskcli.errors import TaskcliError
    from taskcli.results import Record
    from taskcli.tasks import TASKS

__version__ = "0.1.0"
__all__ = ["TASKS", "Record", "TaskcliError", "__version__", "load"]


_HOMES = {
    "TASKS": "taskcli.tasks",
    "Record": "taskcli.results",
    "TaskcliError": "taskcli.errors",
    "load": "taskcli.api",
}


def __getattr__(name: str) -> Any:
    """Its parts on first use: importing the package stays free of charge."""
    if name not in _HOMES:
        raise AttributeError(f"module 'taskcli' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
