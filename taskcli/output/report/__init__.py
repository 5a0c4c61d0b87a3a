"""--report: one page that shows a run, for a browser and for nothing else."""

from taskcli.output.report.page import Report, opened

__all__ = ["Report", "opened"]
