"""The Python API, and the part of a run that it shares with the command line.

for record in taskcli.load("detect", "starter")(["a.jpg", "b.jpg"]):
    print(record.input, record.result)
"""

from taskcli.api.load import load, open_model
from taskcli.api.model import Model
from taskcli.api.run import DecodeLimits, RecordWithInput, Run, window_of

__all__ = ["DecodeLimits", "Model", "RecordWithInput", "Run", "load", "open_model", "window_of"]
