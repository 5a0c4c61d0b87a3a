"""Answers are read without OpenMP's other threads; the rest of the process keeps them."""

import json
import subprocess
import sys

import pytest

PROGRAM = """
import json, threading
import torch
from taskcli.runtime.one_thread import in_this_thread

found = {}
torch.set_num_threads(3)  # of the host

def counted(name):
    def count():
        found[name] = torch.get_num_threads()
    thread = threading.Thread(target=count)
    thread.start()
    thread.join()

with in_this_thread():
    found["within"] = torch.get_num_threads()
    counted("beside")
found["after"] = torch.get_num_threads()
counted("later")
print(json.dumps(found))
"""


@pytest.mark.long
def test_one_thread_computes_alone_and_the_process_stays_as_it_was() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, timeout=120, check=True
    )
    assert json.loads(done.stdout) == {"within": 1, "beside": 3, "after": 3, "later": 3}
