"""Columns of the user's own in Parquet: with the types that they had, or that their values tell.

A later row may want a wider type, so batches wait on the disk until all are known.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskcli.output.serialize import users_own

if TYPE_CHECKING:
    import pyarrow as pa

_SIZE = 8  # bytes of the length before each batch that waits
# What pyarrow raises for values that no type of its own holds together; its errors are among these.
_UNLIKE = (ValueError, TypeError, OverflowError, NotImplementedError)


class OwnColumns:
    """The first columns of a table. `known` are types of theirs; the others' fit all values."""

    def __init__(self, names: Sequence[str], known: "Mapping[str, pa.DataType]") -> None:
        import pyarrow as pa

        self._known = known
        self._types: dict[str, pa.DataType] = {name: known.get(name, pa.null()) for name in names}
        self._waiting = tempfile.TemporaryFile()  # noqa: SIM115 - as long as this lives

    def add(self, rows: Sequence[Mapping[str, object]], beside: "pa.RecordBatch") -> None:
        """Some rows, and the columns that stand beside them."""
        import pyarrow as pa

        own = {
            name: self._column(name, [row.get(name) for row in rows])
            for name in dict.fromkeys(name for row in rows for name in row)
        }
        fields = [pa.field(name, column.type) for name, column in own.items()]
        schema = pa.schema([*fields, *beside.schema])
        batch = pa.RecordBatch.from_arrays([*own.values(), *beside.columns], schema=schema)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, schema) as stream:
            stream.write_batch(batch)
        data = sink.getvalue()
        self._waiting.write(data.size.to_bytes(_SIZE))
        self._waiting.write(data)

    @property
    def fields(self) -> "list[pa.Field]":
        """The columns so far."""
        import pyarrow as pa

        kinds = self._types.items()
        return [pa.field(name, pa.string() if _is_null(kind) else kind) for name, kind in kinds]

    def joined(self, schema: "pa.Schema") -> "Iterator[pa.RecordBatch]":
        """All that was added, as `schema` has it: `fields`, and what stands beside them."""
        import pyarrow as pa

        self._waiting.seek(0)
        while head := self._waiting.read(_SIZE):
            data = self._waiting.read(int.from_bytes(head))
            batch = pa.ipc.open_stream(data).read_next_batch()
            count = batch.num_columns - (len(schema) - len(self._types))
            there = dict(zip(batch.schema.names[:count], batch.columns[:count], strict=True))
            own = [_cast(there.get(one.name), one.type, batch.num_rows) for one in self.fields]
            yield pa.RecordBatch.from_arrays([*own, *batch.columns[count:]], schema=schema)

    def _column(self, name: str, values: list[object]) -> "pa.Array":
        import pyarrow as pa

        column = _typed(values, self._known.get(name))
        self._types[name] = _wider(self._types.get(name, pa.null()), column.type)
        return column


def _typed(values: list[object], known: "pa.DataType | None") -> "pa.Array":
    """The values as a column of the known type, or the one that they tell; else as texts."""
    for kind in dict.fromkeys((known, None)):
        try:
            column = _array(values, kind)
        except UnicodeEncodeError:
            return _typed(encodable(values), known)
        except _UNLIKE:
            continue
        if not _is_childless(column.type):
            return column
    return _texts(values)


def _array(values: list[object], kind: "pa.DataType | None") -> "pa.Array":
    """Of the type, where one is given: also what is written as text, such as nanoseconds are."""
    import pyarrow as pa

    if kind is None or not any(isinstance(value, str) for value in values):
        return pa.array(values, kind)
    texts = [None if value is None else str(value) for value in values]
    return pa.array(texts, pa.string()).cast(kind)


def _texts(values: list[object]) -> "pa.Array":
    """Each as it is, or as JSON."""
    import pyarrow as pa

    texts = [
        value
        if value is None or isinstance(value, str)
        else json.dumps(users_own(value), ensure_ascii=False)
        for value in values
    ]
    return pa.array(encodable(texts), pa.string())


def _wider(one: "pa.DataType", other: "pa.DataType") -> "pa.DataType":
    """A type that holds the values of both: a text, if there is no other."""
    import pyarrow as pa

    schemas = [pa.schema([("both", kind)]) for kind in (one, other)]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    except _UNLIKE:
        return pa.string()


def _cast(column: "pa.Array | None", kind: "pa.DataType", count: int) -> "pa.Array":
    import pyarrow as pa

    if column is None:
        return pa.nulls(count, kind)
    if column.type.equals(kind):
        return column
    if pa.types.is_string(kind):
        return _texts(column.to_pylist())
    try:
        return pa.array(column.to_pylist(), kind)  # also of structs with other fields
    except _UNLIKE:
        return column.cast(kind, safe=False)


def _is_null(kind: "pa.DataType") -> bool:
    import pyarrow as pa

    return bool(pa.types.is_null(kind))


def _is_childless(kind: "pa.DataType") -> bool:
    """Whether it has a struct without fields, which Parquet has not."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return kind.num_fields == 0 or any(_is_childless(field.type) for field in kind)
    return bool(pa.types.is_list(kind)) and _is_childless(kind.value_type)


def encodable(value: Any) -> Any:
    """The same with halves of surrogate pairs, which UTF-8 has not, as escapes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list):
        return [encodable(item) for item in value]
    if isinstance(value, dict):
        return {key: encodable(item) for key, item in value.items()}
    return value
