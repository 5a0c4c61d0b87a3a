"""The parts of a model that data passes through, found in the tree of its modules."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from torch import nn

_PASSES_THROUGH = (nn.Dropout, nn.Identity)
_LISTS = (nn.ModuleList, nn.ModuleDict)  # which are never called themselves


@dataclass(frozen=True, eq=False)
class ModuleGroup:
    """A module, or neighbours of one kind and size in a list: layers, or branches side by side.

    Where a module of which the parts are groups holds weights of its own beside them, `modules` is
    empty.
    """

    path: str  # as named_modules() has it; of layers that of their list, with the numbers of some
    kind: str
    modules: tuple[nn.Module, ...]
    weights: tuple[nn.Parameter, ...]  # those that no group before it has

    @property
    def parameters(self) -> int:
        return sum(one.numel() for one in self.weights)


def groups_of(model: nn.Module) -> list[ModuleGroup]:
    """In the order of their definition, which is mostly that of the data.

    A module with layers somewhere inside is parted into what it has; one without stays whole, as
    does every layer. Each weight is in one group: where two share it, in the first.
    """
    known: set[nn.Parameter] = set()
    groups = []
    for path, kind, modules, weights in _parted(model, ""):
        own = tuple(one for one in dict.fromkeys(weights) if one not in known)
        known.update(own)
        if modules or own:
            groups.append(ModuleGroup(path, kind, modules, own))
    return groups


def last_paths(model: nn.Module) -> dict[str, str]:
    """By the path of each group, that of its last module, which gives what the group gives."""
    paths = {module: path for path, module in model.named_modules()}
    return {one.path: paths[one.modules[-1]] for one in groups_of(model) if one.modules}


def path_of(model: nn.Module, module: object) -> str:
    """Where in a model a module is; empty where it is none of its modules."""
    return next((path for path, one in model.named_modules() if one is module), "")


_Found = tuple[str, str, tuple[nn.Module, ...], list[nn.Parameter]]


def _parted(module: nn.Module, path: str) -> Iterator[_Found]:
    own = list(module.parameters(recurse=False))
    if own:
        yield path, type(module).__name__, (), own
    for name, child in module.named_children():
        inner = f"{path}.{name}" if path else name
        if isinstance(child, _PASSES_THROUGH):
            continue
        if isinstance(child, _LISTS) or _has_layers(child):
            yield from _within(child, inner)
        else:
            yield _group(inner, child)


def _within(module: nn.Module, path: str) -> Iterator[_Found]:
    if isinstance(module, nn.ModuleList):
        yield from _of_list(module, path)
    else:
        yield from _parted(module, path)


def _of_list(modules: nn.ModuleList, path: str) -> Iterator[_Found]:
    """Layers in a row are one group; stages of a pyramid, which differ in size, are one each."""
    entries = list(enumerate(modules))
    for _, run in groupby(entries, lambda entry: _shape(entry[1])):
        (first, entry), *more = alike = list(run)
        if isinstance(entry, _LISTS):
            for number, inner in alike:
                yield from _within(inner, f"{path}.{number}")
        elif not isinstance(entry, _PASSES_THROUGH):
            place = f".{first}-{more[-1][0]}" if more else f".{first}"
            whole = len(alike) == len(entries)
            yield _group(path if whole else path + place, *(one for _, one in alike))


def _group(path: str, *modules: nn.Module) -> _Found:
    weights = [weight for module in modules for weight in module.parameters()]
    return path, type(modules[0]).__name__, modules, weights


def _has_layers(module: nn.Module) -> bool:
    """Whether there is a list of modules with parts of their own somewhere inside.

    A weight that is computed from others, as weight norms are, keeps those in a list as well.
    """
    return any(
        isinstance(one, nn.ModuleList) and any(list(entry.children()) for entry in one)
        for path, one in module.named_modules()
        if ".parametrizations." not in f".{path}."
    )


def _shape(module: nn.Module) -> tuple[object, ...]:
    """What is the same in layers of one kind and size."""
    return type(module), tuple(tuple(one.shape) for one in module.parameters())
