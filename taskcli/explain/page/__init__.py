"""--report of `taskcli explain`: a page of what was seen of each input."""

from taskcli.explain.page.page import ExplainedPage, opened

__all__ = ["ExplainedPage", "opened"]
