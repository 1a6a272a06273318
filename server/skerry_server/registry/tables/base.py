"""What every table of the registry stands on.

Times are Unix milliseconds; a name that ends in ``received_ms`` is the server's clock.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import BigInteger, Double, Integer, Table
from sqlalchemy.orm import DeclarativeBase

# SQLite counts rows up only in a column of type INTEGER, PostgreSQL wants BIGINT for as many.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Base of all tables; a ``float`` is a Double, which not every version of SQLAlchemy takes by itself."""

    type_annotation_map: ClassVar = {float: Double}


def table_of(model: type[Base]) -> Table:
    """Return the table behind a model, for statements that the ORM has no form for."""
    return Base.metadata.tables[model.__tablename__]
