"""Rows of Parquet and of Arrow's files, read a few at a time; one may hold a picture as bytes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from taskcli.errors import InputError, first_line, require_package
from taskcli.inputs.files import AUTO, File, id_of, kind_of
from taskcli.inputs.rows import Row, RowReading, lacking, row_of

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".parquet", ".arrow", ".feather")
_AT_ONCE = 32  # rows that are Python's values together
_GROUP = 1 << 24  # rows of a group: no writer makes more, but a damaged footer may state any number
_NO_VALUE = (ValueError, OverflowError)  # also of pyarrow, and of bytes that are not UTF-8


def require(file: File, format: str) -> None:
    """Raises UsageError for a table that cannot be read with what is installed."""
    if kind_of(file, format) in SUFFIXES:
        needed = f"{id_of(file)} is read with pyarrow, which is not installed"
        require_package("pyarrow", "parquet", needed)


def column_rows(stream: BinaryIO, suffix: str, reading: RowReading) -> Iterator[Row]:
    """Every row by its number from 1. Raises InputError for a file that is none, or ends early."""
    import pyarrow as pa

    try:
        yield from (_parquet if suffix == ".parquet" else _arrow)(stream, reading)
    except (pa.ArrowException, OSError, EOFError) as failure:
        raise InputError(f"the table is damaged: {first_line(failure)}") from None


def types_of(files: Iterable[str], format: str = AUTO) -> "dict[str, pa.DataType]":
    """The types of the columns in files of such tables, where all that have one agree."""
    import pyarrow as pa

    types: dict[str, set[pa.DataType]] = {}
    for file in files:
        if (kind := kind_of(file, format)) in SUFFIXES:
            with suppress(pa.ArrowException, OSError):  # the run tells of it, in a record
                for field in _schema(Path(file), kind):
                    types.setdefault(field.name, set()).add(_plain(field.type))
    return {name: kinds.pop() for name, kinds in types.items() if len(kinds) == 1}


def _schema(file: Path, kind: str) -> "pa.Schema":
    from pyarrow import ipc, parquet

    if kind == ".parquet":
        return parquet.read_schema(file)
    with file.open("rb") as stream:
        return next(_batches(stream, ipc)).schema


def _plain(kind: Any) -> "pa.DataType":
    """Of categories, that of their names."""
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _parquet(stream: BinaryIO, reading: RowReading) -> Iterator[Row]:
    """A row group that is damaged costs its own rows."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(stream)
    columns = _wanted(file.schema_arrow, reading)
    begin = 1
    for group in range(file.metadata.num_row_groups):
        end = begin + file.metadata.row_group(group).num_rows
        try:
            for batch in file.iter_batches(_AT_ONCE, row_groups=[group], columns=columns):
                yield from _rows(batch, begin, file.schema_arrow.names, reading)
                begin += batch.num_rows
        except (pa.ArrowException, OSError) as failure:
            reason = f"its row group is damaged: {first_line(failure)}"
            if end - begin > _GROUP:
                raise InputError(f"a row group of {end - begin:,} rows is none: {reason}") from None
            yield from (Row(number, error=InputError(reason)) for number in range(begin, end))
        begin = end


def _arrow(stream: BinaryIO, reading: RowReading) -> Iterator[Row]:
    """Arrow's file, or its stream, as datasets caches it."""
    from pyarrow import ipc

    begin = 1
    for batch in _batches(stream, ipc):
        columns = _wanted(batch.schema, reading)
        for start in range(0, batch.num_rows, _AT_ONCE):
            part = batch.slice(start, _AT_ONCE).select(columns)
            yield from _rows(part, begin, batch.schema.names, reading)
            begin += part.num_rows


def _batches(stream: BinaryIO, ipc: Any) -> "Iterator[pa.RecordBatch]":
    is_file = stream.read(6) == b"ARROW1"
    stream.seek(0)
    if not is_file:
        yield from ipc.open_stream(stream)
        return
    reader = ipc.open_file(stream)
    for number in range(reader.num_record_batches):
        yield reader.get_batch(number)


def _wanted(schema: "pa.Schema", reading: RowReading) -> list[str]:
    """The columns to read: of those that hold bytes, the one that is asked for."""
    import pyarrow as pa

    heads = {head for name in reading.names for head in (name, name.partition(".")[0])}

    def holds_bytes(kind: Any) -> bool:
        if pa.types.is_struct(kind):
            return any(holds_bytes(field.type) for field in kind)
        if pa.types.is_list(kind) or pa.types.is_large_list(kind):
            return holds_bytes(kind.value_type)
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))

    return [field.name for field in schema if field.name in heads or not holds_bytes(field.type)]


def _rows(
    batch: "pa.RecordBatch", begin: int, names: list[str], reading: RowReading
) -> Iterator[Row]:
    rows = _values(batch) if batch.num_columns else [{}] * batch.num_rows
    place: Callable[[int], str] = "row {}".format
    for number, value in enumerate(rows, begin):
        row = row_of(value, number, place(number), reading)
        if row.has is not None:  # with the columns that were not read
            row = Row(number, error=InputError(*lacking(place(number), reading, names)), has=names)
        yield row


def _values(batch: "pa.RecordBatch") -> list[dict[str, Any]]:
    """The rows as Python's values, one by one where some have none there, such as nanoseconds."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    except _NO_VALUE:
        names = batch.schema.names
        return [dict(zip(names, map(_value, row), strict=True)) for row in zip(*batch, strict=True)]


def _value(cell: "pa.Scalar") -> Any:
    """Of a text that is not UTF-8 what is, as of a file; nanoseconds as text, as Python has none.

    None for what else it cannot hold.
    """
    import pyarrow as pa

    try:
        return cell.as_py()
    except _NO_VALUE:
        is_text = pa.types.is_string(cell.type) or pa.types.is_large_string(cell.type)
        if is_text:
            return cell.as_buffer().to_pybytes().decode("utf-8", "replace")
        return cell.cast(pa.string()).as_py() if pa.types.is_timestamp(cell.type) else None
