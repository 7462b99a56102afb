"""Frozen records, and sequences of them that are tables too: what verbs return is made of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from sce import _sce

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Self

T = TypeVar("T")

__all__ = ["Record", "Records", "to_pandas"]


if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_how: bool) -> Callable[[T], T]:
        """What type checkers are told; nothing at run time."""
        return lambda thing: thing


@dataclass_transform(frozen_default=True)
class Record:
    """A frozen record, made from the JSON that the command writes; what later versions add is let be.

    As a frozen dataclass is, to users and type checkers; thirty of those would take most of the time that `import sce` has, since each
    compiles methods of its own.
    """

    _fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._fields = tuple(cls.__annotations__)

    def __init__(self, *values: Any, **named: Any) -> None:
        told = dict(zip(self._fields, values)) | named
        missing = [name for name in self._fields if name not in told and not hasattr(type(self), name)]
        unknown = [name for name in told if name not in self._fields]
        if missing or unknown or len(values) > len(self._fields):
            raise TypeError(f"{type(self).__name__} has the fields {', '.join(self._fields)}")
        for name in self._fields:
            # A default is the class's attribute of that name.
            self.__dict__[name] = told[name] if name in told else getattr(type(self), name)

    @classmethod
    def _of(cls, told: Mapping[str, Any]) -> Self:
        return cls(**{name: value for name, value in told.items() if name in cls._fields})

    def to_dict(self) -> dict[str, Any]:
        """The record as a dictionary."""
        return dict(self.__dict__)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed: `{name}`")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a {type(self).__name__} cannot be changed: `{name}`")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and isinstance(other, Record) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={self.__dict__[name]!r}' for name in self._fields)})"

    def __reduce__(self) -> Any:
        return type(self)._of, (self.to_dict(),)


R = TypeVar("R", bound=Record)


class Records(Generic[R]):
    """Records in order, which other libraries take as a table through Arrow's PyCapsule interface, without a copy.

    No `collections.abc.Sequence`, though it acts as one: polars would take its items apart instead of taking the table.
    """

    _columns: ClassVar[Mapping[str, str]] = {}
    _kind: ClassVar[type[Record]]
    __slots__ = ("_records", "_table")

    def __init__(self, records: Sequence[R]) -> None:
        self._records = tuple(records)
        self._table: _sce.Table | None = None

    @classmethod
    def _of_list(cls, told: Sequence[Mapping[str, Any]]) -> Self:
        return cls([cls._kind._of(one) for one in told])  # type: ignore[misc]

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> R | Self:
        if isinstance(index, slice):
            return type(self)(self._records[index])
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._records == other._records

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> Any:
        return type(self), (self._records,)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self)}>"

    def _rows(self) -> list[dict[str, Any]]:
        return [{name: _cell(getattr(record, name)) for name in self._columns} for record in self._records]

    @property
    def table(self) -> _sce.Table:
        """The table, which pandas, polars, DuckDB and pyarrow take."""
        if self._table is None:
            self._table = _sce.Table.of_rows(list(self._columns.items()), self._rows())
        return self._table

    def __arrow_c_schema__(self) -> object:
        return self.table.__arrow_c_schema__()

    def __arrow_c_array__(self, requested_schema: object = None) -> tuple[object, object]:
        return self.table.__arrow_c_array__(requested_schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def to_pandas(self) -> pandas.DataFrame:
        """The table as a `pandas.DataFrame`."""
        return to_pandas(self.table)

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.records(self)


def _cell(value: Any) -> Any:
    """A cell of a table: lists are joined, records are told by their JSON."""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one.get("citation") or one.get("control")) if isinstance(one, dict) else str(one) for one in value)
    if isinstance(value, dict):
        import json

        return json.dumps(value)
    return value


def to_pandas(table: _sce.Table) -> pandas.DataFrame:
    """A table as a `pandas.DataFrame`, through pyarrow."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("tables become pandas' through pyarrow: `pip install pandas pyarrow`") from error
    return pyarrow.table(table).to_pandas()
