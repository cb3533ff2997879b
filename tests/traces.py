"""What tests look at to see that nothing of a tenant has changed, and a picture for its files."""

import hashlib

from kernel import database
from tenants.registry import TenantFacts

# A tiny one, which has a thumbnail all the same.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


def fingerprint(tenant: TenantFacts) -> str:
    """Return a hash over every row of the tenant: what it has, whoever looks."""
    digest = hashlib.sha256()
    with database.owner_transaction() as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1"
        for (table,) in connection.execute(query, [tenant.stand.schema]).fetchall():
            rows = f'SELECT t::text FROM "{tenant.stand.schema}"."{table}" t ORDER BY 1'.encode()
            digest.update(repr(connection.execute(rows).fetchall()).encode())
    return digest.hexdigest()
