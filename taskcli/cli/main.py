"""The one error boundary: which exception becomes which text and exit code."""

import os
import sys

from taskcli.errors import ExitCode, TaskcliError


def main(arguments: list[str] | None = None) -> int:
    """Run taskcli and return the exit code for the shell."""
    from taskcli.cli.app import app

    try:
        app(args=arguments, prog_name="taskcli")
    except SystemExit as finished:  # Typer ends every command so, and shows usage errors itself
        return finished.code if isinstance(finished.code, int) else ExitCode.OK
    except BrokenPipeError:
        _forget_stdout()
        return ExitCode.OK
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except TaskcliError as error:
        if os.environ.get("TASKCLI_DEBUG"):
            raise
        _print(error)
        return error.exit_code
    return ExitCode.OK


def _print(error: TaskcliError) -> None:
    from taskcli.cli.streams import print_error

    print_error(error)


def _forget_stdout() -> None:
    """The reader has gone, as with `| head`: keep Python's flush at exit from complaining."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
