"""An import may only point down: the layers of docs/architecture.md, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import taskcli

PACKAGE = Path(taskcli.__file__).parent
LEAVES = frozenset(
    "captions cells chats checkpoints download encodings errors finding hub integrity items "
    "journal kinds lock options patterns places refusals results rows scripts settings sharing "
    "sources squad tables tags task vetting whole".split()
)
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
HEAVY = {"torch", "transformers", "accelerate", "numpy", "PIL", "soundfile", "soxr", "av"}

# What a layer may import at module level, and what more inside functions.
ALLOWED: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "leaf": (LEAVES, frozenset()),
    "tasks": (LEAVES | {"tasks"}, frozenset()),
    "runtime": (LEAVES | {"runtime"}, frozenset()),
    "engine": (frozenset({"engine", "errors", "sources"}), frozenset()),
    "output": (
        frozenset(
            {
                "output",
                "results",
                "errors",
                "captions",
                "items",
                "places",
                "scripts",
                "tags",
                "whole",
            }
        ),
        frozenset(),
    ),
    "api": (LEAVES | {"tasks", "engine", "output"}, frozenset({"runtime"})),
    "cli": (LEAVES | {"tasks", "engine", "output", "api", "cli"}, frozenset({"runtime"})),
    "": (LEAVES, frozenset({"api", "tasks", "cli"})),  # taskcli/__init__.py
    "__main__": (frozenset({"cli"}), frozenset()),
}


def layer(module: Path) -> str:
    name = module.with_suffix("").parts[0] if module.name != "__init__.py" else module.parts[0]
    if module.parts == ("__init__.py",):
        return ""
    return "leaf" if name in LEAVES else name


def imports(module: Path) -> Iterator[tuple[str, bool]]:
    """(dotted name, whether at module level) of every import that runs."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    yield from _imports(tree, at_module_level=True)


def _imports(node: ast.AST, at_module_level: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, at_module_level) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            for alias in child.names:
                yield f"{child.module}.{alias.name}", at_module_level
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, at_module_level and not inside)


def own(dotted: str) -> str | None:
    """The part of the package that an import reaches, or None for other packages."""
    parts = dotted.split(".")
    if parts[0] != "taskcli" or len(parts) < 2:
        return None
    known = (PACKAGE / f"{parts[1]}.py").exists() or (PACKAGE / parts[1]).is_dir()
    return parts[1] if known else ""


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_imports_point_down(module: Path) -> None:
    always, late = ALLOWED[layer(module)]
    for dotted, at_module_level in imports(module):
        part = own(dotted)
        if not part:
            continue  # another package, or a name of taskcli itself such as its version
        allowed = always if at_module_level else always | late
        where = "at module level" if at_module_level else "in a function"
        assert part in allowed, f"{module} imports {dotted} {where}"


@pytest.mark.parametrize("module", [m for m in MODULES if layer(m) != "runtime"], ids=str)
def test_heavy_libraries_load_at_module_level_under_runtime_only(module: Path) -> None:
    heavy = [name for name, early in imports(module) if early and name.split(".")[0] in HEAVY]
    assert not heavy


@pytest.mark.parametrize("module", [m for m in MODULES if layer(m) == "tasks"], ids=str)
def test_a_task_does_not_print_or_open_files(module: Path) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"print", "open", "input", "exec", "eval"}
