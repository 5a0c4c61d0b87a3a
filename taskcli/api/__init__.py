"""The Python API, and the part of a run that it shares with the command line.

for record in taskcli.load("detect", "starter")(["a.jpg", "b.jpg"]):
    print(record.input, record.result)
"""

from taskcli.api.batching import window_of
from taskcli.api.decoding import DecodeOptions
from taskcli.api.load import load
from taskcli.api.model import Model
from taskcli.api.opening import open_model
from taskcli.api.records import RecordWithInput
from taskcli.api.run import Run

__all__ = ["DecodeOptions", "Model", "RecordWithInput", "Run", "load", "open_model", "window_of"]
