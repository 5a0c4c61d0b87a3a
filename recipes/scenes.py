"""The seen world: balls, cubes, cylinders and cones on a checkered plane under a sky.

`draw_scene` ray-casts one scene and returns the image together with everything that is true of
it: boxes, masks, a panoptic map, metric depth and which object is the nearest.

World frame: x right, y up, z away from the camera, in metres; the plane is y = 0.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Hits = tuple[Floats, Floats]  # distance along each ray [M], inf where it misses; normals [M,3]

SKY, PLANE, FIRST_THING = 0, 1, 2  # ids of the panoptic map; object i is FIRST_THING + i
FAR = 20.0  # metres; depth saturates here, and the sky counts as this far
FOCAL = 0.96  # focal length in units of the longer image side: a view of about 55 degrees
MIN_PIXELS = 12  # shortest allowed box side of an object
MIN_SIDE = 64  # pixels; in smaller images hardly any object has MIN_PIXELS
MIN_VISIBLE = 0.5  # share of an object that others may not hide

# Hue, saturation and value, and how far each may stray: neighbours stay apart.
COLOURS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "red": ((0.985, 0.90, 0.80), (0.012, 0.08, 0.10)),
    "orange": ((0.075, 0.92, 0.95), (0.010, 0.06, 0.05)),
    "yellow": ((0.150, 0.88, 0.93), (0.012, 0.08, 0.06)),
    "green": ((0.360, 0.78, 0.60), (0.040, 0.12, 0.14)),
    "blue": ((0.610, 0.82, 0.78), (0.025, 0.12, 0.14)),
    "purple": ((0.775, 0.68, 0.62), (0.022, 0.12, 0.12)),
    "white": ((0.120, 0.03, 0.96), (0.100, 0.03, 0.04)),
    "black": ((0.600, 0.10, 0.09), (0.300, 0.10, 0.04)),
}
# Radius and height of each shape in units of the object's size, so that areas are alike.
SHAPES: dict[str, tuple[float, float]] = {
    "ball": (1.0, 2.0),
    "cube": (0.82, 1.64),  # here the radius is half a side
    "cylinder": (0.66, 2.05),
    "cone": (0.95, 2.15),
}


def _vector(*values: float) -> Floats:
    return np.array(values, np.float32)


UP = _vector(0, 1, 0)


@dataclass(frozen=True)
class Thing:
    """One object: what it is, where its foot stands on the plane (x, z), its size and turn."""

    shape: str
    colour: str
    x: float
    z: float
    size: float
    turn: float  # radians about the vertical; only a cube shows it
    rgb: Floats

    @property
    def label(self) -> str:
        return f"{self.colour} {self.shape}"

    @property
    def radius(self) -> float:
        return SHAPES[self.shape][0] * self.size

    @property
    def height(self) -> float:
        return SHAPES[self.shape][1] * self.size

    @property
    def reach(self) -> float:
        """Radius of the upright cylinder that encloses the object, in metres."""
        return self.radius * (2**0.5 if self.shape == "cube" else 1.0)


@dataclass(frozen=True)
class Camera:
    """A camera at (0, height, 0) that looks along z, tipped down by `pitch` radians."""

    width: int
    height_px: int
    height: float
    pitch: float

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return FOCAL * max(self.width, self.height_px)

    @property
    def position(self) -> Floats:
        return _vector(0, self.height, 0)

    @property
    def axes(self) -> Floats:
        """The camera's right, up and forward directions as rows [3,3]."""
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        return np.array([[1, 0, 0], [0, c, s], [0, -s, c]], np.float32)

    def rays(self) -> Floats:
        """Directions [H,W,3] through the pixel centres, scaled to a depth of one metre.

        A distance along such a ray is therefore the depth along the optical axis.
        """
        right = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal
        up = -(np.arange(self.height_px) + 0.5 - self.height_px / 2) / self.focal
        axis_right, axis_up, forward = self.axes
        columns: Floats = right.astype(np.float32)[None, :, None] * axis_right
        rows: Floats = up.astype(np.float32)[:, None, None] * axis_up + forward
        return columns + rows

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixel positions (x, y) [M,2] of world points [M,3] in front of the camera."""
        seen = (points - self.position) @ self.axes.T
        scale = self.focal / seen[:, 2:]
        centre = np.array([self.width, self.height_px]) / 2
        return np.asarray(seen[:, :2] * scale * (1, -1) + centre)


@dataclass(frozen=True)
class Surroundings:
    """What the scene has besides objects: light, plane, sky and sensor noise."""

    light: Floats  # unit vector towards the sun [3]
    ambient: float
    tiles: Floats  # the two colours of the plane [2,3]
    tile_size: float  # metres
    tile_shift: Floats  # where the tiles begin, in tiles along x and z [2]
    horizon: Floats  # sky colour at the horizon and, below, overhead [3]
    zenith: Floats
    noise: float  # standard deviation, in units of full scale


@dataclass(frozen=True)
class Layout:
    """Everything that defines a scene before it is rendered."""

    camera: Camera
    surroundings: Surroundings
    things: tuple[Thing, ...]

    @property
    def distances(self) -> Floats:
        """Distance in metres from the camera to each object's centre [N]."""
        centres = np.array([(t.x, t.height / 2, t.z) for t in self.things], np.float32)
        return np.asarray(np.linalg.norm(centres - self.camera.position, axis=1))

    @property
    def nearest(self) -> Thing:
        return self.things[int(self.distances.argmin())]

    @property
    def margin(self) -> float:
        """How much farther the second nearest object is than the nearest, in metres."""
        ordered = np.sort(self.distances)
        return float(ordered[1] - ordered[0]) if len(ordered) > 1 else float("inf")


@dataclass(frozen=True)
class Scene:
    """A rendered scene of N objects and all that is true of it."""

    image: NDArray[np.uint8]  # [H,W,3]
    things: tuple[Thing, ...]
    boxes: Floats  # [N,4] xmin, ymin, xmax, ymax of the visible part, in pixels
    masks: NDArray[np.bool_]  # [N,H,W] the visible part
    panoptic: NDArray[np.int32]  # [H,W] SKY, PLANE, or FIRST_THING + i
    depth: Floats  # [H,W] metres along the optical axis, at most FAR
    distances: Floats  # [N] metres from the camera to each centre

    @property
    def labels(self) -> list[tuple[str, str]]:
        """Shape and colour of each object."""
        return [(thing.shape, thing.colour) for thing in self.things]

    @property
    def nearest(self) -> int:
        """Index of the object nearest to the camera."""
        return int(self.distances.argmin())


def draw_scene(
    rng: np.random.Generator,
    width: int = 128,
    height: int = 128,
    *,
    supersample: int = 1,
    max_things: int = 5,
    accept: Callable[[Layout], bool] = lambda layout: True,
) -> Scene:
    """Draw layouts until one is accepted and can be seen well, and render it.

    Each object shows at least MIN_VISIBLE of itself and MIN_PIXELS a side. The image is
    `width` x `height` pixels, each the mean of `supersample` squared rays. Raises ValueError
    for a side below MIN_SIDE pixels, where objects would be too small.
    """
    if min(width, height) < MIN_SIDE:
        raise ValueError(f"a scene of {width}x{height} is too small: at least {MIN_SIDE} pixels")
    while True:
        layout = draw_layout(rng, width * supersample, height * supersample, max_things)
        if not accept(layout):
            continue
        view = trace(layout)
        if view.visible.min() >= MIN_VISIBLE:
            scene = _assemble(layout, view, rng, supersample)
            if _shortest_side(scene.boxes) >= MIN_PIXELS:
                return scene


# --- layout ---------------------------------------------------------------------------------


def draw_layout(rng: np.random.Generator, width: int, height: int, max_things: int = 5) -> Layout:
    """Place one to `max_things` objects that stand apart and wholly inside the frame."""
    camera = Camera(width, height, rng.uniform(1.5, 2.1), rng.uniform(0.23, 0.33))
    things: list[Thing] = []
    for _ in range(rng.integers(1, max_things + 1)):
        thing = _place(rng, camera, things)
        if thing is not None:
            things.append(thing)
    if not things:
        return draw_layout(rng, width, height, max_things)
    return Layout(camera, draw_surroundings(rng), tuple(things))


def _place(
    rng: np.random.Generator, camera: Camera, others: list[Thing], tries: int = 20
) -> Thing | None:
    colour, shape = str(rng.choice(list(COLOURS))), str(rng.choice(list(SHAPES)))
    size, turn, rgb = rng.uniform(0.4, 0.75), rng.uniform(0, np.pi / 2), draw_colour(rng, colour)
    for _ in range(tries):
        z = rng.uniform(2.7, 8.5)
        x = rng.uniform(-0.5, 0.5) * z * camera.width / camera.focal
        thing = Thing(shape, colour, x, z, size, turn, rgb)
        if _in_frame(camera, thing) and not any(_touch(thing, other) for other in others):
            return thing
    return None


def _touch(a: Thing, b: Thing, gap: float = 0.1) -> bool:
    return bool((a.x - b.x) ** 2 + (a.z - b.z) ** 2 < (a.reach + b.reach + gap) ** 2)


def _in_frame(camera: Camera, thing: Thing) -> bool:
    left, top, right, bottom = _frame_of(camera, thing)
    return bool(left >= 0 and top >= 0 and right <= camera.width and bottom <= camera.height_px)


def _frame_of(camera: Camera, thing: Thing) -> tuple[float, float, float, float]:
    """A box in pixels that surely contains the object: that of its bounding cuboid."""
    sides = np.array([-thing.reach, thing.reach])
    x, y, z = np.meshgrid(thing.x + sides, [0, thing.height], thing.z + sides)
    pixels = camera.project(np.stack([x, y, z], -1).reshape(-1, 3))
    return (*pixels.min(0), *pixels.max(0))


def draw_colour(rng: np.random.Generator, name: str) -> Floats:
    """An RGB colour [3] in 0..1 that goes by this name."""
    centre, spread = (np.array(part) for part in COLOURS[name])
    hue, saturation, value = centre + spread * rng.uniform(-1, 1, 3)
    saturation, value = np.clip([saturation, value], 0, 1)
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value), np.float32)


def draw_surroundings(rng: np.random.Generator) -> Surroundings:
    """A sun to one side and not before the camera, a dull plane and a pale sky."""
    side = rng.choice([-1, 1]) * rng.uniform(0.3, 1.2)
    light = np.array([side, rng.uniform(1.0, 1.8), -rng.uniform(0.0, 0.7)])
    dull = colorsys.hsv_to_rgb(rng.uniform(), rng.uniform(0, 0.22), rng.uniform(0.42, 0.72))
    contrast = rng.uniform(0.03, 0.16)
    zenith = colorsys.hsv_to_rgb(rng.uniform(0.52, 0.64), rng.uniform(0.15, 0.5), 0.88)
    horizon = colorsys.hsv_to_rgb(rng.uniform(0, 0.6), rng.uniform(0, 0.12), rng.uniform(0.85, 1))
    return Surroundings(
        light=(light / np.linalg.norm(light)).astype(np.float32),
        ambient=rng.uniform(0.32, 0.5),
        tiles=np.clip([np.add(dull, -contrast), np.add(dull, contrast)], 0, 1).astype(np.float32),
        tile_size=rng.uniform(0.6, 1.1),
        tile_shift=rng.uniform(0, 1, 2).astype(np.float32),
        horizon=np.array(horizon, np.float32),
        zenith=np.array(zenith, np.float32),
        noise=rng.uniform(0, 0.025),
    )


# --- tracing --------------------------------------------------------------------------------


@dataclass(frozen=True)
class View:
    """What each ray of the camera meets."""

    rays: Floats  # [H,W,3]
    ids: NDArray[np.int32]  # [H,W] as in Scene.panoptic
    depth: Floats  # [H,W] metres, inf for the sky
    normals: Floats  # [H,W,3] unit length on objects, up on the plane
    visible: Floats  # [N] share of each object that no other hides


def trace(layout: Layout) -> View:
    """Find what every ray meets first; colours come later, once the layout is accepted."""
    camera = layout.camera
    rays = camera.rays()
    depth = _plane_depth(camera, rays)
    ids = np.where(np.isfinite(depth), PLANE, SKY).astype(np.int32)
    normals = np.broadcast_to(UP, rays.shape).copy()
    areas = []
    for i, thing in enumerate(layout.things):
        window = _window(camera, thing)
        shape = depth[window].shape
        t, facing = intersect(thing, camera.position, rays[window].reshape(-1, 3))
        areas.append(np.isfinite(t).sum())
        first = t.reshape(shape) < depth[window]
        depth[window][first] = t[first.ravel()]
        ids[window][first] = FIRST_THING + i
        normals[window][first] = facing[first.ravel()]
    shown = np.bincount(ids.ravel(), minlength=FIRST_THING + len(areas))[FIRST_THING:]
    return View(rays, ids, depth, normals, (shown / np.maximum(areas, 1)).astype(np.float32))


def _plane_depth(camera: Camera, rays: Floats) -> Floats:
    down = np.minimum(rays[..., 1], -1e-6)
    return np.where(rays[..., 1] < -1e-3, -camera.height / down, np.inf).astype(np.float32)


def _window(camera: Camera, thing: Thing) -> tuple[slice, slice]:
    left, top, right, bottom = _frame_of(camera, thing)
    return slice(int(top), int(bottom) + 1), slice(int(left), int(right) + 1)


def intersect(thing: Thing, origins: Floats, rays: Floats) -> Hits:
    """Where rays [M,3] from `origins` ([3] or [M,3]) first enter an object."""
    local = (origins - _vector(thing.x, 0, thing.z)).astype(np.float32)
    local = np.broadcast_to(local, rays.shape)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return INTERSECTIONS[thing.shape](thing, local, rays)


def _enter(a: Floats, b: Floats, c: Floats) -> Floats:
    """Smaller root of a t^2 + 2 b t + c for positive a, inf where there is none ahead."""
    t = (-b - np.sqrt(b * b - a * c)) / a
    return np.where(t > 0, t, np.float32(np.inf))  # nan compares false


def _ball(thing: Thing, origins: Floats, rays: Floats) -> Hits:
    centred = origins - _vector(0, thing.radius, 0)
    a, b = _dot(rays, rays), _dot(centred, rays)
    t = _enter(a, b, _dot(centred, centred) - np.float32(thing.radius**2))
    normals = (centred + _finite(t)[:, None] * rays) / np.float32(thing.radius)
    return t, normals.astype(np.float32, copy=False)


def _cube(thing: Thing, origins: Floats, rays: Floats) -> Hits:
    c, s = np.cos(thing.turn), np.sin(thing.turn)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]], np.float32)
    ahead = rays @ turn.T
    start = (origins - _vector(0, thing.radius, 0)) @ turn.T
    reach = np.float32(thing.radius) * np.sign(ahead)
    enter = (-reach - start) / ahead  # per axis: a ray is inside between the three slabs' bounds
    t, leave = enter.max(1), ((reach - start) / ahead).min(1)
    side = enter.argmax(1)
    normals = -np.sign(np.take_along_axis(ahead, side[:, None], 1)) * turn[side]
    return np.where((t < leave) & (t > 0), t, np.float32(np.inf)), normals


def _cylinder(thing: Thing, origins: Floats, rays: Floats) -> Hits:
    (ox, oy, oz), (dx, dy, dz) = origins.T, rays.T
    radius2 = np.float32(thing.radius**2)
    side = _enter(dx * dx + dz * dz, ox * dx + oz * dz, ox * ox + oz * oz - radius2)
    y = oy + side * dy
    side = np.where((y > 0) & (y < thing.height), side, np.float32(np.inf))
    lid = (np.float32(thing.height) - oy) / dy
    on_lid = (ox + lid * dx) ** 2 + (oz + lid * dz) ** 2 < radius2
    lid = np.where(on_lid & (lid > 0), lid, np.float32(np.inf))
    walls = (origins + _finite(side)[:, None] * rays) / np.float32(thing.radius)
    walls[:, 1] = 0
    return np.minimum(side, lid), np.where((lid < side)[:, None], UP, walls)


def _cone(thing: Thing, origins: Floats, rays: Floats) -> Hits:
    (ox, oy, oz), (dx, dy, dz) = origins.T, rays.T
    slope2 = np.float32((thing.radius / thing.height) ** 2)
    oy = oy - np.float32(thing.height)  # measured from the tip
    a = dx * dx + dz * dz - slope2 * dy * dy
    b = ox * dx + oz * dz - slope2 * oy * dy
    root = np.sqrt(b * b - a * (ox * ox + oz * oz - slope2 * oy * oy))
    t = np.full(len(rays), np.inf, np.float32)
    for candidate in ((-b - root) / a, (-b + root) / a):
        y = oy + candidate * dy  # the mirror cone above the tip does not exist
        real = (candidate > 0) & (y < 0) & (y > -thing.height)
        t = np.where(real & (candidate < t), candidate, t)
    normals = origins + _finite(t)[:, None] * rays
    normals[:, 1] = slope2 * (np.float32(thing.height) - normals[:, 1])
    return t, normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)


INTERSECTIONS: dict[str, Callable[[Thing, Floats, Floats], Hits]] = {
    "ball": _ball,
    "cube": _cube,
    "cylinder": _cylinder,
    "cone": _cone,
}


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", a, b))


def _finite(t: Floats) -> Floats:
    return np.where(np.isfinite(t), t, np.float32(0))


# --- shading --------------------------------------------------------------------------------


def shade(layout: Layout, view: View) -> Floats:
    """Colours [H,W,3] in 0..1, without sensor noise."""
    picture = _sky(layout.surroundings, view)
    lit = _lambert(layout.surroundings, view.normals)
    plane = view.ids == PLANE
    picture[plane] = _plane(layout, view, plane)
    for i, thing in enumerate(layout.things):
        own = view.ids == FIRST_THING + i
        gloss = _gloss(layout.surroundings, view.rays[own], view.normals[own])
        picture[own] = thing.rgb * lit[own][:, None] + gloss[:, None]
    return np.clip(picture, 0, 1)


def _lambert(surroundings: Surroundings, normals: Floats) -> Floats:
    sun: Floats = np.maximum(normals @ surroundings.light, 0)
    return surroundings.ambient + (1.1 - surroundings.ambient) * sun


def _gloss(surroundings: Surroundings, rays: Floats, normals: Floats) -> Floats:
    halfway = surroundings.light - rays / np.linalg.norm(rays, axis=1, keepdims=True)
    halfway /= np.linalg.norm(halfway, axis=1, keepdims=True)
    shine: Floats = np.maximum(_dot(normals, halfway), 0) ** 24
    return 0.22 * shine


def _sky(surroundings: Surroundings, view: View) -> Floats:
    height = np.clip(view.rays[..., 1:2] * 3, 0, 1)
    return surroundings.horizon + height * (surroundings.zenith - surroundings.horizon)


def _plane(layout: Layout, view: View, where: NDArray[np.bool_]) -> Floats:
    around = layout.surroundings
    depth = view.depth[where][:, None]
    points = layout.camera.position + depth * view.rays[where]
    tiles = points[:, ::2] / around.tile_size + around.tile_shift
    odd = np.floor(tiles).sum(1, keepdims=True) % 2
    # Far tiles are finer than a pixel: they fade into their mean, and the plane into the haze.
    odd = 0.5 + (odd - 0.5) * np.clip(1.4 - depth / 14, 0, 1)
    colour: Floats = around.tiles[0] + odd * (around.tiles[1] - around.tiles[0])
    colour[_shadowed(layout, points)] *= around.ambient
    haze: Floats = np.clip(depth / FAR, 0, 1) ** 2
    return colour + haze * (around.horizon - colour)


def _shadowed(layout: Layout, points: Floats) -> NDArray[np.bool_]:
    """Which points [M,3] of the plane an object hides from the sun."""
    light = layout.surroundings.light
    dark = np.zeros(len(points), bool)
    for thing in layout.things:
        # A shadow reaches as far as the light slants over the object's height.
        slant = thing.height * np.hypot(light[0], light[2]) / light[1]
        away = np.hypot(points[:, 0] - thing.x, points[:, 2] - thing.z)
        near = np.flatnonzero(away < thing.reach + slant)
        t, _ = intersect(thing, points[near], np.broadcast_to(light, (len(near), 3)))
        dark[near[np.isfinite(t)]] = True
    return dark


# --- assembly -------------------------------------------------------------------------------


def _assemble(layout: Layout, view: View, rng: np.random.Generator, supersample: int) -> Scene:
    centre = slice(supersample // 2, None, supersample)  # labels cannot be averaged
    ids = view.ids[centre, centre]
    masks = np.stack([ids == FIRST_THING + i for i in range(len(layout.things))])
    picture = _average(shade(layout, view), supersample)
    picture += layout.surroundings.noise * rng.standard_normal(picture.shape, np.float32)
    return Scene(
        image=(np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8),
        things=layout.things,
        boxes=np.stack([_box(mask) for mask in masks]),
        masks=masks,
        panoptic=ids,
        depth=np.minimum(view.depth[centre, centre], np.float32(FAR)),
        distances=layout.distances,
    )


def _average(picture: Floats, block: int) -> Floats:
    height, width, _ = picture.shape
    blocks = picture.reshape(height // block, block, width // block, block, 3)
    return np.asarray(blocks.mean((1, 3)))


def _box(mask: NDArray[np.bool_]) -> Floats:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return np.zeros(4, np.float32)
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)


def _shortest_side(boxes: Floats) -> float:
    return float((boxes[:, 2:] - boxes[:, :2]).min())
