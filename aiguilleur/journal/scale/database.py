"""The one place that knows DuckDB: it sees the files it is given, and nothing else of the machine or the network."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiguilleur.errors import JournalError

if TYPE_CHECKING:
    import duckdb

#: How the file of a compacted day ends.
DAY_SUFFIX = ".parquet"
_WAY_OUT = "put a copy in its place, or move it out of the journal's folder: the other days can be read"
_CLOSED: Mapping[str, str] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


class Database:
    """Runs queries; what DuckDB refuses is a JournalError in one line."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, error: type[Exception]) -> None:
        self._connection, self._error = connection, error

    def run(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        """The rows of a query; `values` fill its `?` or `$names`."""
        with self._told():
            return self._connection.execute(query, values).fetchall()

    def dicts(self, query: str, values: Any = None) -> Iterator[dict[str, Any]]:
        """The rows of a query by the names of its columns, a few at a time."""
        names, rows = self.table(query, values)
        return (dict(zip(names, row, strict=True)) for row in rows)

    def table(self, query: str, values: Any = None) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """The names of a query's columns, and its rows, a few at a time."""
        with self._told():
            done = self._connection.execute(query, values)
        return _apart([column[0] for column in done.description or ()]), self._rows(done)

    def _rows(self, done: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
        with self._told():
            while rows := done.fetchmany(1000):
                yield from rows

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise JournalError(str(error).strip().partition("\n")[0]) from error


@contextmanager
def opened(files: Collection[Path], *, writing: Iterable[Path] = ()) -> Iterator[Database]:
    """A database in memory that may read these files and write below those folders, and do nothing else.

    Raises JournalError when the extra is not installed; one that is raised inside names the day that is damaged, if
    any is.
    """
    try:
        import duckdb  # noqa: PLC0415 (only who reads at scale needs it)
    except ImportError as error:
        raise JournalError("this needs DuckDB: pip install 'aiguilleur[ops]'") from error
    with tempfile.TemporaryDirectory(prefix="aiguilleur-") as spill:
        connection = duckdb.connect(config={**_CLOSED})
        try:
            for name, value in (
                ("temp_directory", spill),
                ("allowed_paths", [str(each) for each in files]),
                ("allowed_directories", [spill, *(str(each) for each in writing)]),
                # Instants are UTC and stay so, whatever the machine's own zone is.
                ("TimeZone", "UTC"),
                ("enable_external_access", False),
                ("lock_configuration", True),
            ):
                connection.execute(f"SET {name} = {_literal(value)}")
            yield Database(connection, duckdb.Error)
        except JournalError as error:
            if _may_be_damage(error.__cause__):
                # What it says of a damaged file is seldom which one.
                _name_damaged(Database(connection.cursor(), duckdb.Error), files, str(error))
            raise
        finally:
            connection.close()


def _may_be_damage(error: BaseException | None) -> bool:
    """Whether a file may be to blame, and not the question, or the memory that there is."""
    import duckdb  # noqa: PLC0415 (as above)

    of_the_question = (
        duckdb.ParserException,
        duckdb.BinderException,
        duckdb.CatalogException,
        duckdb.DataError,
        duckdb.PermissionException,
        duckdb.NotSupportedError,
    )
    return isinstance(error, duckdb.Error) and not isinstance(error, (*of_the_question, duckdb.OutOfMemoryException))


def _name_damaged(database: Database, files: Iterable[Path], first: str) -> None:
    """Raises JournalError for the first compacted day that cannot be read to its end, with what was said at first."""
    for day in (path for path in files if path.suffix == DAY_SUFFIX):
        try:
            database.run(f"SELECT max(hash(lines)) FROM read_parquet({quoted(str(day))}) AS lines")
        except JournalError as error:
            if _may_be_damage(error.__cause__):
                before = "" if str(error) == first else f" (before that: {first})"
                raise JournalError(f"{day}: cannot be read ({error}); {_WAY_OUT}{before}") from error


def _literal(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else quoted(str(value))


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _apart(names: list[str]) -> list[str]:
    """Columns of the same name, each by a name of its own: `a`, `a_2`."""
    seen: Counter[str] = Counter()
    apart = []
    for name in names:
        seen[name] += 1
        apart.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return apart
