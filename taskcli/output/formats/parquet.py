"""Parquet: the columns of a record with their types, lists and structs in them.

Row groups are written as they fill, so memory is bounded; the file is of use once it has its end.
Columns of the user's own stand first, under their own names.
"""

import dataclasses
import types
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, Union, cast, get_args, get_origin
from typing import get_type_hints as hints_of

from taskcli.output.formats.own_columns import OwnColumns, encodable
from taskcli.output.serialize import one_line, to_json
from taskcli.output.writer import Layout, Writer, free_name
from taskcli.results import NOT_IN_RECORD, OF_SOME_TASKS, Record

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

_ROWS_AT_ONCE = 64  # records that become columns together
_GROUP_BYTES, _GROUP_ROWS = 32 << 20, 65_536  # of a row group
_BOUNDS = {str: "string", int: "int64", float: "float64", bool: "bool_"}


class ParquetWriter(Writer):
    """A row a record. `result` has the type that the task declares; answers are lists if any is."""

    def __init__(self, stream: TextIO, layout: Layout | None = None) -> None:
        super().__init__(stream, layout)
        self._schema = schema_of(self.layout.result, self.layout.more_fields)
        kept, known = self.layout.kept, self.layout.own_types
        self._own = OwnColumns(kept, known) if self.layout.keeps else None
        self._file = self._begun(self._schema) if self._own is None else None
        self._rows: list[dict[str, Any]] = []
        self._fields: list[Mapping[str, object]] = []  # the user's own, of the same records
        self._batches: list[pa.RecordBatch] = []

    def write(self, record: Record) -> None:
        self._rows.append(self._row(record))
        self._fields.append(record.fields or {})
        if len(self._rows) == _ROWS_AT_ONCE:
            self._convert()
        if _is_full(self._batches):
            self._write_group()

    def close(self) -> None:
        self._convert()
        if self._own is not None:
            self._write_own(self._own)
        self._write_group()
        assert self._file is not None, "it was begun by now"
        self._file.close()

    def _begun(self, schema: "pa.Schema") -> "parquet.ParquetWriter":
        from pyarrow import parquet

        return parquet.ParquetWriter(cast(BinaryIO, self.stream), schema, compression="zstd")

    def _row(self, record: Record) -> dict[str, Any]:
        row = to_json(record)
        row.pop("fields", None)
        if row.get("result") is not None:
            row["result"] = self._result(row["result"])
        return row

    def _result(self, result: Any) -> Any:
        import pyarrow as pa

        kind = self._schema.field("result").type
        if pa.types.is_string(kind):
            return one_line(result)
        return [result] if pa.types.is_list(kind) and not isinstance(result, list) else result

    def _convert(self) -> None:
        """The rows that wait as columns; text with halves of surrogates has them as escapes."""
        import pyarrow as pa

        if not self._rows:
            return
        try:
            batch = pa.RecordBatch.from_pylist(self._rows, self._schema)
        except UnicodeEncodeError:
            batch = pa.RecordBatch.from_pylist(encodable(self._rows), self._schema)
        if self._own is None:
            self._batches.append(batch)
        else:
            self._own.add(self._fields, batch)
        self._rows, self._fields = [], []

    def _write_own(self, own: OwnColumns) -> None:
        """All rows, now that the types of the user's own columns are known."""
        import pyarrow as pa

        fields = own.fields
        taken = [field.name for field in fields]
        for field in self._schema:
            fields.append(field.with_name(free_name(field.name, taken)))
            taken.append(fields[-1].name)
        self._schema = pa.schema(fields)
        self._file = self._begun(self._schema)
        for batch in own.joined(self._schema):
            self._batches.append(batch)
            if _is_full(self._batches):
                self._write_group()

    def _write_group(self) -> None:
        import pyarrow as pa

        if self._batches:
            assert self._file is not None, "it was begun by now"
            table = pa.Table.from_batches(self._batches, self._schema)
            self._file.write_table(table, row_group_size=_GROUP_ROWS)
            self._batches = []


def _is_full(batches: Iterable["pa.RecordBatch"]) -> bool:
    filled: int = sum(batch.nbytes for batch in batches)
    rows: int = sum(batch.num_rows for batch in batches)
    return filled >= _GROUP_BYTES or rows >= _GROUP_ROWS


def schema_of(result: Any, more_fields: Collection[str]) -> "pa.Schema":
    """The columns of the records of a task with this result type, without the user's own.

    None is a type of any result, which is written as JSON. `more_fields` are those of
    OF_SOME_TASKS that records may have.
    """
    import pyarrow as pa

    hints = hints_of(Record)
    others = {"fields"} | (OF_SOME_TASKS - set(more_fields))
    columns = [
        field.name
        for field in dataclasses.fields(Record)
        if field.metadata != NOT_IN_RECORD and field.name not in others
    ]
    wanted = {**hints, "result": str if result is None else result}
    return pa.schema([(name, _arrow(wanted[name])) for name in columns])


def _arrow(kind: Any) -> "pa.DataType":
    """The Arrow type of an annotation of a result."""
    import pyarrow as pa

    if get_origin(kind) in (Union, types.UnionType):
        return _joined([part for part in get_args(kind) if part is not type(None)])
    if get_origin(kind) in (list, tuple):
        return pa.list_(_arrow(get_args(kind)[0]))
    if dataclasses.is_dataclass(kind):
        return pa.struct([(name, _arrow(hint)) for name, hint in _members(kind).items()])
    if kind in _BOUNDS:
        return getattr(pa, _BOUNDS[kind])()
    return pa.string()  # one of several words


def _members(kind: Any) -> dict[str, Any]:
    hints = hints_of(kind)
    return {
        field.name: hints[field.name]
        for field in dataclasses.fields(kind)
        if field.metadata != NOT_IN_RECORD
    }


def _joined(kinds: list[Any]) -> "pa.DataType":
    """One type for several: a list if any is one, of structs with the fields of all."""
    import pyarrow as pa

    inner = [get_args(kind)[0] if get_origin(kind) is list else kind for kind in kinds]
    if any(get_origin(kind) is list for kind in kinds):
        return pa.list_(_joined(list(dict.fromkeys(inner))))
    if len(kinds) == 1 or not all(map(dataclasses.is_dataclass, kinds)):
        return _arrow(kinds[0])
    fields = {name: hint for kind in kinds for name, hint in _members(kind).items()}
    return pa.struct([(name, _arrow(hint)) for name, hint in fields.items()])
