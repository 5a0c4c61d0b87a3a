"""A decoder under a limit of time."""

import threading
from collections.abc import Callable
from concurrent.futures import Future

import psutil

from taskcli.errors import InputError
from taskcli.media.items import ImageInput


def within(seconds: float, work: Callable[[], ImageInput]) -> ImageInput:
    """The work's outcome, unless it takes more than `seconds` of a processor.

    A decoder in C cannot be stopped: its thread is left behind, and ends with the process. A child
    process, as chat templates have, could be; but the limit of pixels bounds the memory here, and
    handing every image from one process to another would cost more than a thread that is rare.
    """
    outcome: Future[ImageInput] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as failure:
            outcome.set_exception(failure)

    thread = threading.Thread(target=run, daemon=True, name="one-picture")
    thread.start()
    thread.join(seconds)
    while thread.is_alive() and _processor_seconds(thread) < seconds:
        thread.join(1)
    if not outcome.done():
        raise InputError(
            f"the image keeps its decoder busy for more than {seconds:g} s",
            "save it again with a program that can show it",
        )
    return outcome.result()


def _processor_seconds(thread: threading.Thread) -> float:
    """What a thread has computed; a busy machine makes it wait without that."""
    times = {one.id: one.user_time + one.system_time for one in psutil.Process().threads()}
    return times.get(thread.native_id or 0, 0.0)
