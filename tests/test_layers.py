"""An import may only point down: the layers of docs/architecture.md, read from the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import taskcli

PACKAGE = Path(taskcli.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))
HEAVY = {"torch", "transformers", "accelerate", "numpy", "PIL", "soundfile", "soxr", "av", "ray"}

# From above; a room may import those of lower layers. Rooms of one layer do not know each other.
LAYERS = (
    ("__main__",),
    ("cli",),
    ("cluster", "explain"),
    ("api",),
    ("output", "engine", "runtime"),
    ("tasks",),
    ("task",),
    ("config", "inputs"),
    ("media", "checkpoints", "formats"),
    ("results", "files", "remote"),
    ("errors", "environment"),
)
DEPTH = {room: depth for depth, rooms in enumerate(LAYERS) for room in rooms}
# These know less than their layer would allow.
NARROW = {
    "engine": {"media", "errors"},
    "output": {"checkpoints", "errors", "files", "formats", "media", "results"},
    "runtime": {"checkpoints", "errors", "media", "task"},
}
# The homes of heavy libraries: those above import them inside functions.
HEAVY_ROOMS = ("runtime", "media/decode")
LIGHT_MODULES = {"runtime/batching.py"}  # what is read there is a table


def room(module: Path) -> str:
    return module.with_suffix("").parts[0]


def is_heavy(module: Path) -> bool:
    name = module.as_posix()
    return name.startswith(tuple(f"{heavy}/" for heavy in HEAVY_ROOMS)) and (
        name not in LIGHT_MODULES and module.name != "__init__.py"
    )


def imports(module: Path, for_types: bool = False) -> Iterator[tuple[str, bool]]:
    """(dotted name, whether at module level) of every import that runs, or is for types alone."""
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    yield from _imports(tree, True, for_types)


def _imports(node: ast.AST, at_module_level: bool, for_types: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"
        if is_for_types and not for_types:
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name, at_module_level) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are absolute"
            for alias in child.names:
                yield f"{child.module}.{alias.name}", at_module_level
        inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, at_module_level and not inside, for_types)


def own(dotted: str) -> Path | None:
    """The module of the package that an import reaches, or None for other packages."""
    parts = dotted.split(".")
    if parts[0] != "taskcli":
        return None
    for length in range(len(parts), 1, -1):
        path = Path(*parts[1:length])
        if (PACKAGE / path.with_suffix(".py")).exists():
            return path.with_suffix(".py")
        if (PACKAGE / path / "__init__.py").exists():
            return path / "__init__.py"
    return None  # a name of taskcli itself, such as its version


def reached(module: Path, for_types: bool = False) -> Iterator[tuple[Path, bool]]:
    for dotted, at_module_level in imports(module, for_types):
        target = own(dotted)
        if target is not None:
            yield target, at_module_level


INNER = [module for module in MODULES if module != Path("__init__.py")]


@pytest.mark.parametrize("module", INNER, ids=str)
def test_imports_point_down(module: Path) -> None:
    here = room(module)
    for target, _ in reached(module):
        there = room(target)
        if there != here:
            assert DEPTH[there] > DEPTH[here], f"{module} imports {target}"
            assert there in NARROW.get(here, DEPTH), f"{module} imports {target}"


def test_the_package_loads_its_parts_on_first_use() -> None:
    early = {
        room(target) for target, at_module_level in reached(Path("__init__.py")) if at_module_level
    }
    assert early <= {"errors", "results"}


@pytest.mark.parametrize("module", [m for m in INNER if not is_heavy(m)], ids=str)
def test_what_computes_is_loaded_inside_functions(module: Path) -> None:
    early = {target for target, at_module_level in reached(module) if at_module_level}
    assert not [str(target) for target in early if is_heavy(target)]


@pytest.mark.parametrize("module", [m for m in MODULES if not is_heavy(m)], ids=str)
def test_heavy_libraries_load_at_module_level_in_their_rooms_only(module: Path) -> None:
    heavy = [name for name, early in imports(module) if early and name.split(".")[0] in HEAVY]
    assert not heavy


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) == "media"], ids=str)
def test_media_are_decoded_without_torch(module: Path) -> None:
    assert not {name.split(".")[0] for name, _ in imports(module)} & {"torch", "transformers"}


@pytest.mark.long
def test_no_module_imports_itself_over_others() -> None:
    """Nor for types alone."""
    arrows = {module: {target for target, _ in reached(module, True)} for module in INNER}
    arrows = {module: {t for t in targets if t != module} for module, targets in arrows.items()}
    while free := [module for module, targets in arrows.items() if not targets]:
        for module in free:
            del arrows[module]
        arrows = {module: targets - set(free) for module, targets in arrows.items()}
    assert not arrows, "modules in a circle, and those that import them"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_knows_few_others(module: Path) -> None:
    """What needs more of them is several modules in one. Imports for types count, too."""
    others = {target for target, _ in reached(module, True) if target != module}
    assert len(others) <= 12, sorted(map(str, others))


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) == "tasks"], ids=str)
def test_a_task_does_not_print_or_open_files(module: Path) -> None:
    tree = ast.parse((PACKAGE / module).read_text(encoding="utf-8"))
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not called & {"print", "open", "input", "exec", "eval"}
