"""The command line: parse, settle, run, report."""
