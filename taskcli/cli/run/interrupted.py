"""What goes on with a run that was interrupted: said at its end."""

from taskcli.config.options import OutputOptions
from taskcli.formats import FORMATS
from taskcli.media.amounts import SHARED
from taskcli.remote.urls import url_of


def goes_on(written: OutputOptions, chosen: str) -> str | None:
    """How to get the rest of the answers; None where only the whole command gives them."""
    file, others = written.output, _another("--report", written.report)
    if getattr(written, "depth_range", None) == SHARED:
        how = "" if file is None and written.report is None else " with --overwrite"
        return f"--depth-range {SHARED} is one scale of one run; the same command{how} begins anew"
    is_beside = getattr(written, "beside", False)
    if not is_beside and file is not None and FORMATS[chosen].resumes and url_of(file) is None:
        return f"the same command with {' and '.join(['--resume', *others])} goes on"
    if written.save_dir is None:
        return None
    flags = ["--skip-existing", *_another("-o", file), *others]
    return f"the same command with {' and '.join(flags)} goes on"


def _another(flag: str, given: object) -> list[str]:
    return [] if given is None else [f"another {flag}"]
