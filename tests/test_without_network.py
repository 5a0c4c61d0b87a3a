"""From an empty machine to an answer without a network, and a lock that outlives the registry."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from checkpoints import cached
from conftest import Finished
from hub_server import Hub
from samples import scene

from taskcli.checkpoints import registry
from taskcli.checkpoints.registry import Registry

Run = Callable[..., Finished]


def unplug(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import close_session

    def refuse(self: socket.socket, address: object) -> None:
        raise OSError(f"no network: {address}")

    close_session()  # a connection that is kept alive would not ask
    monkeypatch.setattr(socket.socket, "connect", refuse)


def move_on(commit: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry of a later taskcli, which pins the default of detect elsewhere."""
    shutil.copytree(registry.builtin_folder(), folder)
    file = folder / "detect.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace(str(Registry("detect").resolve("base").revision), commit), "utf-8")
    monkeypatch.setattr(registry, "builtin_folder", lambda: folder)


def test_pull_unplug_answer_lock_and_let_the_registry_move_on(
    run: Run, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    base = Registry("detect").resolve("base")
    hub.add(str(base.repo), cached("detr"), commit=base.revision)
    scene(64, 48).save("street.png")

    assert run("models", "pull", "detect").exit_code == 0
    unplug(monkeypatch)
    hub.log.clear()
    done = run("detect", "street.png", "--threshold", "0")
    assert done.exit_code == 0, done.stderr
    assert [(one["model"], one["revision"]) for one in done.records] == [(base.repo, base.revision)]
    assert done.records[0]["result"]

    assert run("models", "lock").exit_code == 0
    move_on("f" * 40, tmp_path / "later", monkeypatch)
    assert Registry("detect").resolve("base").revision == "f" * 40
    again = run("detect", "street.png", "--threshold", "0")
    assert again.exit_code == 0, again.stderr
    assert again.records == done.records
    assert "taskcli.lock keeps" in again.stderr and "f" * 12 in again.stderr
    assert hub.log == []

    Path("taskcli.lock").unlink()
    assert run("detect", "street.png").exit_code == 3  # the later commit is not here
