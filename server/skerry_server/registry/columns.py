"""Tables of an earlier version brought up to this one: columns and indexes that are not there yet are added."""

from __future__ import annotations

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.schema import CreateColumn

from skerry_server.registry.models import Base


def add_missing(connection: Connection) -> list[str]:
    """Add what the tables lack, and return its names as `table.column`.

    What a later version adds is optional, so that old rows need nothing: a column that may not be empty raises
    ValueError.
    """
    added = []
    for table in Base.metadata.sorted_tables:
        known = {column["name"] for column in inspect(connection).get_columns(table.name)}
        missing = [column for column in table.columns if column.name not in known]
        for column in missing:
            if not column.nullable:
                raise ValueError(f"the column {table.name}.{column.name} cannot be added to rows that have none")
            definition = CreateColumn(column).compile(dialect=connection.dialect)
            connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN {definition}"))
            added.append(f"{table.name}.{column.name}")
        if missing:
            _add_indexes(connection, table)
    return added


def _add_indexes(connection: Connection, table: Table) -> None:
    for index in table.indexes:
        index.create(connection, checkfirst=True)
