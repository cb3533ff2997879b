"""The owner of the schemas at work: one connection for many small transactions, replaced before it has learnt too much."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg

from kernel import database, settings
from kernel.settings import HOME_PLACEMENT

# Whoever waits longer for a lock makes everybody wait who comes after.
LOCK_TIMEOUT = "2s"
# Measured: a connection that builds schemas costs a fifth more for each fifty that it has built before.
_MOST_SCHEMAS = 50


class OwnerConnection:
    """A connection of the role that owns the schemas of one database: for migrations and provisioning, never for a request.

    `note_schema` counts the schemas it has worked in; after `most_schemas` the next transaction gets a new connection.
    """

    def __init__(self, placement: str = HOME_PLACEMENT, *, most_schemas: int = _MOST_SCHEMAS) -> None:
        self.placement = placement
        self._most_schemas = most_schemas
        self._schemas = 0
        self._connection: psycopg.Connection[Any] | None = None

    def note_schema(self) -> None:
        self._schemas += 1

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection[Any]]:
        """One transaction, kept when the block ends well; it waits two seconds for a lock, no longer."""
        connection = self._fresh_enough()
        with connection.transaction():
            connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            yield connection

    @property
    def is_broken(self) -> bool:
        return self._connection is None or self._connection.broken

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._schemas = None, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_details: object) -> None:
        self.close()

    def _fresh_enough(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed or self._schemas >= self._most_schemas:
            self.close()
            address = database.plain_address(settings.current().placements[self.placement].owner_url)
            self._connection = psycopg.connect(address, autocommit=True, prepare_threshold=None)
        return self._connection
