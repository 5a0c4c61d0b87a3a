"""Programs beside Python that some tests need."""

import importlib
import os
import shutil
from types import ModuleType

import pytest

# Set where everything must be tried, as in .ci/run; elsewhere tests without their tool skip.
# (No TASKCLI_ name: those are options of the program.)
_REQUIRED = bool(os.environ.get("TESTS_REQUIRE_TOOLS"))


def program(*names: str) -> str:
    """The path of the first of these that is installed, for a module whose tests all need it."""
    for found in filter(None, map(shutil.which, names)):
        return found
    raise _missing(names[0])


def module(name: str) -> ModuleType:
    """A module that is no dependency of taskcli, for a module whose tests all need it."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise _missing(name) from None


def _missing(name: str) -> Exception:
    if _REQUIRED:
        return RuntimeError(f"{name} is not installed, and TESTS_REQUIRE_TOOLS is set")
    return pytest.skip.Exception(f"{name} is not installed", allow_module_level=True)
