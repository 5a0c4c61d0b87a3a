"""Other machines and stores that a call names: whether it may ask them."""

from collections.abc import Iterable

from taskcli.cli.run.options import GivenOptions
from taskcli.cli.run.request import Invocation
from taskcli.config.input_options import InputOptions
from taskcli.errors import UsageError, require_package
from taskcli.remote.urls import needs_network, redacted, url_of


def check_elsewhere(call: Invocation, given: GivenOptions) -> None:
    """Refuse a cluster that cannot be asked, and what is elsewhere in a run without a network."""
    if given.cluster.engine == "ray":
        require_package("ray", "ray", "--engine ray needs Ray")
    words = [*call.inputs, "" if given.output.output is None else url_of(given.output.output) or ""]
    named = next((word for word in words if needs_network(word)), None)
    if given.model.offline and named is not None:
        raise UsageError(
            f"--offline, but this is elsewhere: {redacted(named)}",
            "leave --offline out, or use a file on this disk",
        )


def reads_hub(call_inputs: Iterable[str], inputs: InputOptions) -> bool:
    """Whether inputs may have to be fetched from the Hub while the run goes on."""
    return inputs.allow_remote or any("hf://" in word for word in call_inputs)
