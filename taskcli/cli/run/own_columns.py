"""--keep: what is known of the user's own columns before the first record is written."""

from dataclasses import replace
from pathlib import Path

from taskcli.cli.run.request import RunConfig
from taskcli.inputs import columns
from taskcli.inputs.tabular import CELLS
from taskcli.output import Layout


def with_own(layout: Layout, config: RunConfig) -> Layout:
    """The layout with a place for what --keep keeps, if it keeps anything."""
    if config.inputs.keep is None:
        return layout
    files, named = config.sources.paths, config.inputs.input_format
    typed = columns.types_of(files, named) if config.format == "parquet" else {}
    return replace(
        layout,
        keeps=True,
        kept=config.sources.columns,
        own_types=typed,
        own_cells=_are_cells(config),
    )


def _are_cells(config: RunConfig) -> bool:
    """Whether all rows are those of tables of cells, which spreadsheets have shown before."""
    if config.inputs.input_format != "auto":
        return f".{config.inputs.input_format}" in CELLS
    ids, piped = config.sources.ids, config.sources.live
    in_files = all(Path(id).suffix.lower() in CELLS for id in ids)
    return in_files and (not piped or config.inputs.delimiter is not None)
