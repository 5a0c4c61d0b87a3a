"""Headless Chromium, and a page in it that neither complains nor asks the network for anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tools import module, program

playwright = module("playwright.sync_api")
CHROMIUM = program("chromium", "chromium-browser")
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]  # tests may run as root


@contextmanager
def launched() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Tab:
    """A page in the browser, and everything that it complains of or asks the network for."""

    def __init__(self, browser: Any, **how: Any) -> None:
        self.context = browser.new_context(**how)
        self.context.set_default_timeout(120_000)  # the machine may be busy
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def open(self, file: Path) -> Any:
        self.page.goto(file.absolute().as_uri())
        return self.page

    def check(self) -> None:
        assert not self.complaints, self.complaints
        local = ("file:", "data:", "blob:")
        assert not [url for url in self.requests if not url.startswith(local)]
        self.context.close()


def pixel(page: Any, selector: str, x: float, y: float) -> list[int]:
    """Red, green, blue and alpha of a canvas, at shares of its width and height."""
    return page.eval_on_selector(
        selector,
        """(canvas, [x, y]) => {
            const copy = document.createElement("canvas");
            [copy.width, copy.height] = [1, 1];
            const context = copy.getContext("2d", {willReadFrequently: true});
            const at = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
            context.drawImage(canvas, ...at, 1, 1, 0, 0, 1, 1);
            return Array.from(context.getImageData(0, 0, 1, 1).data);
        }""",
        [x, y],
    )
