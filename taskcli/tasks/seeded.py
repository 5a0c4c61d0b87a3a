"""Chance that hangs on a seed and an input alone: not on its batch, nor on what was drawn before.

Libraries draw from the process's one generator. Within `seeded` what they draw in this thread comes
from generators of the rows of a batch, and the process's own, which is its host's, is left alone.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch


def seed_of(seed: int, id: str) -> int:
    """The seed of one input: 63 bits."""
    import hashlib  # it loads OpenSSL, which help has no use for

    digest = hashlib.blake2b(f"{seed}\n{id}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest()) >> 1


class Chance(Protocol):
    """What is drawn while `seeded` is entered."""

    def keep(self, rows: Sequence[int]) -> None:
        """Draw from now on for these alone of the rows that were drawn for last, in this order."""


def seeded(seeds: Sequence[int]) -> AbstractContextManager[Chance]:
    """While it is entered, tensors are drawn row by row: [rows, ...], of each input as many.

    `seeds` has one for each input of the batch; the further rows of one draw otherwise than its
    first. It is for sampling tokens (torch.multinomial) and for noise (torch.randn).
    """
    return _mode()(seeds)


@cache
def _mode() -> Callable[[Sequence[int]], AbstractContextManager[Chance]]:
    """The class, made when torch is there."""
    import torch
    from torch.overrides import TorchFunctionMode

    class RowByRow(TorchFunctionMode):  # type: ignore[misc]
        def __init__(self, seeds: Sequence[int]) -> None:
            super().__init__()
            self._seeds = seeds
            self._generators: dict[tuple[int, str], list[torch.Generator]] = {}
            self._ours: dict[Callable[..., object], Callable[..., object]] = {
                torch.multinomial: self._multinomial,
                torch.randn: self._randn,
                torch.randn_like: self._randn_like,
            }

        def __torch_function__(
            self,
            function: Callable[..., object],
            types: Collection[type],
            args: tuple[object, ...] = (),
            kwargs: dict[str, object] | None = None,
        ) -> object:
            return self._ours.get(function, function)(*args, **(kwargs or {}))

        def _multinomial(
            self, shares: "torch.Tensor", *args: object, **kwargs: object
        ) -> "torch.Tensor":
            """Of `shares` [rows, choices]."""
            rows = zip(shares, self._of(len(shares), shares.device), strict=True)
            drawn = [torch.multinomial(row, *args, generator=own, **kwargs) for row, own in rows]
            return torch.stack(drawn)

        def _randn(
            self, *size: Any, device: "str | torch.device" = "cpu", **kwargs: object
        ) -> "torch.Tensor":
            rows, *rest = size[0] if isinstance(size[0], Sequence) else size
            own = self._of(rows, torch.device(device))
            return torch.stack(
                [torch.randn(rest, generator=one, device=device, **kwargs) for one in own]
            )

        def _randn_like(self, tensor: "torch.Tensor") -> "torch.Tensor":
            return self._randn(*tensor.shape, device=tensor.device, dtype=tensor.dtype)

        def keep(self, rows: Sequence[int]) -> None:
            self._generators = {
                (len(rows), device): [own[row] for row in rows]
                for (_, device), own in self._generators.items()
            }

        def _of(self, rows: int, device: torch.device) -> list[torch.Generator]:
            """The generators of the rows of a batch, which go on from draw to draw."""
            key = rows, str(device)
            if key not in self._generators:
                each = rows // len(self._seeds)
                self._generators[key] = [
                    torch.Generator(device).manual_seed(seed + number)
                    for seed in self._seeds
                    for number in range(each)
                ]
            return self._generators[key]

    return RowByRow
