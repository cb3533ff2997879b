"""Backends: how much one server process may have learnt before it is let go.

A PostgreSQL backend keeps what it knows of every table it has touched until it ends (0.3 to 0.9 MB a tenant) and no
statement makes it forget.  So each pooled connection counts the tenants it has served, looks at its backend's memory now
and then, and is closed when that has grown too large; the pool opens a new one.
"""

from typing import Any, cast

import psycopg
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from kernel.tenancy import PLATFORM, Stand

MOST_BYTES = 48 * 1024 * 1024
_LOOK_EVERY = 20
# Where the server does not let us look: at the dearest page's price a tenant, as many fit.
_MOST_TENANTS_UNSEEN = 60


def note_visit(connection: PoolProxiedConnection, stand: Stand) -> None:
    """Remember that this connection has served the tenant of `stand`."""
    if stand.tenant_id is not None:
        connection.info.setdefault("tenants", set()).add(stand.schema)


def retire_when_heavy(driver: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    """Let the pool replace a connection whose backend has grown past `MOST_BYTES` (called when it is given back)."""
    known = len(entry.info.get("tenants", ()))
    if driver is None or known < entry.info.get("look_at", _LOOK_EVERY):
        return
    entry.info["look_at"] = known + _LOOK_EVERY
    used = memory_of(driver)
    if used > MOST_BYTES or (used == 0 and known >= _MOST_TENANTS_UNSEEN):
        entry.invalidate(soft=True)


_MEMORY = f"BEGIN READ ONLY; SET LOCAL ROLE {PLATFORM.role}; SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts"


def memory_of(driver: DBAPIConnection) -> int:
    """Return how many bytes the connection's backend holds, or 0 where the server does not let us look."""
    cursor = psycopg.Cursor(cast(Any, driver))
    try:
        cursor.execute(_MEMORY.encode())
        while cursor.nextset():
            pass
        row = cursor.fetchone()
        return int(row[0]) if row and row[0] else 0
    except psycopg.Error:
        return 0
    finally:
        cursor.execute("ROLLBACK")
