"""What every recipe shares: initial weights, schedule, log, checkpoints and the final half."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from taskcli.runtime.accelerators import computes_bfloat16

Lesson = TypeVar("Lesson")
Losses = tuple[Tensor, dict[str, Tensor]]  # in all, and each by its name

MAX_BYTES = 4_000_000  # of a starter checkpoint's weights
FIRST_UNSEEN_SEED = 2  # the recipes train on seed 0 and watch their progress on seed 1


def mixed_precision() -> torch.autocast:
    """bfloat16 where the processor computes it fast; elsewhere float32 is several times as fast."""
    return torch.autocast("cpu", torch.bfloat16, enabled=computes_bfloat16(torch.device("cpu")))


def initialise(model: nn.Module) -> None:
    """Xavier-uniform matrices: the library's std of 0.02 is for fine-tuning wide models."""
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight.view(len(module.weight), -1))
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def optimiser(modules: Iterable[nn.Module], rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW that decays matrices only, not norms, biases, positions or tokens."""
    named = [item for module in modules for item in module.named_parameters()]
    matrices = [p for name, p in named if _is_matrix(name, p)]
    others = [p for name, p in named if not _is_matrix(name, p)]
    groups = [
        {"params": matrices, "weight_decay": decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))


def muon_and_adamw(
    layers: Iterable[nn.Module], around: Iterable[nn.Module], rate: float, decay: float
) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of hidden layers (Jordan et al. 2024), AdamW for all else."""
    hidden = [one for layer in layers for one in layer.parameters()]
    matrices = [one for one in hidden if one.ndim == 2]
    others = [one for one in hidden if one.ndim != 2]
    others += [one for module in around for one in module.parameters()]
    return [
        torch.optim.Muon(matrices, rate, decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _is_matrix(name: str, parameter: nn.Parameter) -> bool:
    return parameter.ndim > 1 and "position_embeddings" not in name and "token" not in name


def learning_rate(step: int, steps: int, peak: float, warmup: int = 300) -> float:
    """A linear warm-up, then half a cosine down to zero."""
    warmup = min(warmup, steps // 5)
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def update(
    loss: Tensor, optimizers: list[torch.optim.Optimizer], clipped: Iterable[Tensor]
) -> None:
    """One step down the loss; the gradient of `clipped`, all together, is at most 1 long."""
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(clipped, 1.0)
    for optimizer in optimizers:
        optimizer.step()


class Log:
    """One JSON object a line in `log.jsonl`, echoed to the terminal."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.jsonl"
        self.start = time.monotonic()

    def write(self, **values: Any) -> None:
        values["seconds"] = round(time.monotonic() - self.start, 1)
        line = json.dumps(values)
        with self.path.open("a") as file:
            file.write(line + "\n")
        print(line, flush=True)


def save_checkpoint(path: Path, step: int, **parts: Any) -> None:
    """Store the state of every part, whole or not at all."""
    state = {name: part.state_dict() for name, part in parts.items()}
    fresh = path.with_suffix(".new")
    torch.save({"step": step, **state}, fresh)
    fresh.replace(path)


def load_checkpoint(path: Path, **parts: Any) -> int:
    """Restore every part and return the step reached, 0 where there is no checkpoint."""
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return int(state["step"])


@dataclass
class Course:
    """A training in stages, each of which goes on from a checkpoint of its own."""

    folder: Path
    modules: list[Any]  # the model first
    watch: Callable[[], dict[str, float]]
    every: int = 400  # so many steps it is saved and watched
    done: int = 0  # steps in earlier stages

    def stage(
        self,
        name: str,
        steps: int,
        peak: float,
        optimizers: list[torch.optim.Optimizer],
        lessons: Callable[[int], Iterable[Lesson]],
        losses: Callable[[int, Lesson], Losses],
    ) -> None:
        """Learn from the lessons from a step on, by their losses at each step."""
        log, checkpoint = Log(self.folder), self.folder / f"{name}-after-{self.done}.pt"
        parts = {f"module{n}": one for n, one in enumerate(self.modules)}
        parts |= {f"optimizer{n}": one for n, one in enumerate(optimizers)}
        first = load_checkpoint(checkpoint, **parts)
        for module in self.modules:
            module.train()
            module.zero_grad()  # of an earlier stage, in which more may have learnt
        for step, lesson in enumerate(lessons(first), first):
            loss, shown = losses(step, lesson)
            for optimizer in optimizers:
                set_rate(optimizer, learning_rate(step, steps, peak))
            update(loss, optimizers, self.modules[0].parameters())
            if step % 20 == 0:
                log.write(
                    **{name: step}, **{key: round(one.item(), 4) for key, one in shown.items()}
                )
            if (step + 1) % self.every == 0 or step + 1 == steps:
                save_checkpoint(checkpoint, step + 1, **parts)
                log.write(**{name: step + 1}, **self.watch())
        self.done += steps


def save_half(model: Any, processor: Any, folder: Path) -> None:
    """Save a model in float16 with its processor; raises ValueError for more than MAX_BYTES."""
    model.half().save_pretrained(folder)
    processor.save_pretrained(folder)
    weights = folder / "model.safetensors"
    weights.chmod(0o644)  # it is written readable by its owner alone
    size = weights.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"the weights take {size} bytes: a starter has at most {MAX_BYTES}")
    print(f"{model.num_parameters()} parameters, {size} bytes in {folder}")
