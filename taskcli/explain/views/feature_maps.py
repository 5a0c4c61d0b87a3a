"""What stages of a picture's model give at each place of it, as maps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from taskcli.explain.seen import Seen
from taskcli.explain.views.kinds import EVERY_STAGE, Frame, Maps, View
from taskcli.explain.views.picture import Plane, bounded

if TYPE_CHECKING:
    from taskcli.explain.views.kinds import Array
    from taskcli.runtime.capture import Call

WANTED = (EVERY_STAGE,)
_CHANNELS = 5  # that are shown of each stage
_MOST_STAGES = 6  # of one list
_FEWEST = 4  # channels of what is a map of features; fewer are an answer
# In the names of kinds; what predicts masks gives answers.
_NO_FEATURES = ("norm", "position", "identity", "upsample", "predictor")
_NO_PLACES = ("decoder", "quer", "text")  # in paths of rows that are no places of the picture


def draw(seen: Seen) -> Iterator[View]:
    from taskcli.runtime.structure import groups_of, last_paths

    plane = seen.plane
    if plane is None:
        return
    last = last_paths(seen.task.model)
    found: dict[str, Array] = {}
    for group in groups_of(seen.task.model):
        calls = seen.calls.get(last.get(group.path, ""), ())
        features = None if _has_none(group.kind) else features_of(calls, group.path, plane)
        if features is not None:
            found[group.path] = features
    for path in _of_each_scale(found):
        yield of_features(found[path], path, plane)


def _of_each_scale(found: "Mapping[str, Array]") -> Iterator[str]:
    """All stages of a list, where these are few; else of those that are as fine the last."""
    lists: dict[str, list[str]] = {}
    for path in found:
        lists.setdefault(path.rpartition(".")[0], []).append(path)
    for paths in lists.values():
        last = {found[path].shape[1:]: path for path in paths}
        yield from paths if len(paths) <= _MOST_STAGES else last.values()


def of_features(features: "Array", stage: str, plane: Plane) -> Maps:
    """Of a map [channels, h, w]."""
    import numpy as np

    channels, *grid = features.shape
    most = np.argsort(-features.std((1, 2)), kind="stable")[:_CHANNELS]
    frames = [Frame(bounded(np.abs(features).mean(0)), ("mean size",))]
    frames += [Frame(bounded(features[one]), (f"channel {one + 1}",)) for one in most]
    return Maps(
        stage,
        f"Features at {plane.scale((grid[0], grid[1]))}: {channels} channels, "
        f"{grid[0]} x {grid[1]} places",
        "How large the numbers of all channels are on the mean, then the channels that differ most "
        "from place to place. What a channel stands for was learned, and has no name.",
        frames,
        ("channel",),
        extent=plane.extent,
    )


def features_of(calls: "Sequence[Call]", path: str, plane: Plane) -> "Array | None":
    """[channels, h, w] of what a module gave at its last call, if that is a map.

    Of two the finer one: Swin's stages also give what they had before it was made coarser.
    """
    outputs = calls[-1].outputs[:2] if calls and _is_work(calls[-1]) else ()
    found = [_map_of(one, path, plane) for one in outputs]
    maps = [one for one in found if one is not None and len(one) >= _FEWEST]
    return max(maps, key=lambda one: one[0].size, default=None)


def _map_of(given: "Array", path: str, plane: Plane) -> "Array | None":
    found: Array
    if given.shape[0] != 1:
        return None
    if given.ndim == 4 and plane.fits(given.shape[2:]):
        found = given[0]
        return found
    if given.ndim == 4 and plane.fits(given.shape[1:3]):
        found = given[0].transpose(2, 0, 1)
        return found
    grid = plane.grid_of(given.shape[1]) if given.ndim == 3 else None
    if grid is None or any(word in path for word in _NO_PLACES) or not plane.fits(grid):
        return None
    found = given[0].T.reshape(-1, *grid)
    return found


def _is_work(call: "Call") -> bool:
    """Whether a module gives anything but what it is given."""
    import numpy as np

    return not any(np.array_equal(one, call.outputs[0]) for one in call.inputs.values())


def _has_none(kind: str) -> bool:
    return any(word in kind.lower() for word in _NO_FEATURES)
