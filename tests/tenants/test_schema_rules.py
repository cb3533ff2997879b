"""What a tenant's schema must keep to, so that a thousand fit in one database and any of them on a node of Citus."""

import pytest

from kernel import database

# Each costs half a millisecond when a schema is built, two kilobytes of catalogue, and memory in every backend that sees it.
# The design's aim (docs/decisions/0042).
MOST_RELATIONS = 150


@pytest.fixture
def ask(alpha):
    """Ask the catalogue about alpha's schema; `%s` is its name."""

    def answer(query):
        with database.owner_transaction() as connection:
            return [row[0] for row in connection.execute(query.encode(), [alpha.stand.schema]).fetchall()]

    return answer


def test_a_tenant_has_few_relations(ask):
    """Tables, indexes, sequences, and what PostgreSQL adds for long texts (a table and its index each)."""
    query = """
        WITH own AS (SELECT oid, reltoastrelid FROM pg_class WHERE relnamespace = to_regnamespace(%s))
        SELECT count(*) + 2 * count(*) FILTER (WHERE reltoastrelid <> 0) FROM own"""
    (count,) = ask(query)
    assert 50 < count <= MOST_RELATIONS


def test_there_are_no_triggers_rules_or_parts(ask):
    triggers = "SELECT tgname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal"
    assert ask(f"{triggers} AND relnamespace = to_regnamespace(%s)") == []
    rules = "SELECT rulename FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class WHERE relkind <> 'v'"
    assert ask(f"{rules} AND relnamespace = to_regnamespace(%s)") == []
    parts = "SELECT relname FROM pg_class c WHERE (relkind = 'p' OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid))"
    assert ask(f"{parts} AND relnamespace = to_regnamespace(%s)") == []


def test_no_reference_leaves_the_schema(ask):
    query = """
        SELECT conname FROM pg_constraint JOIN pg_class referred ON referred.oid = confrelid
        WHERE contype = 'f' AND connamespace = to_regnamespace(%s) AND referred.relnamespace <> connamespace"""
    assert ask(query) == []


def test_ids_are_bigint_or_uuid_and_come_from_the_one_sequence(ask):
    query = """
        SELECT relname || '.' || attname || ' ' || format_type(atttypid, atttypmod)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid AND relkind = 'r'
        WHERE relnamespace = to_regnamespace(%s) AND attnum > 0 AND NOT attisdropped
          AND (attname = 'id' OR attname LIKE '%%\\_id') AND atttypid NOT IN ('bigint'::regtype, 'uuid'::regtype)
          AND relname || '.' || attname NOT IN ('mail.message_id', 'article.external_id')"""
    assert ask(query) == []
    assert ask("SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = to_regnamespace(%s) ORDER BY 1") == [
        "ids",
        "ticket_numbers",
    ]
    identity = "SELECT relname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE attidentity <> ''"
    assert ask(f"{identity} AND relnamespace = to_regnamespace(%s)") == []


def test_every_table_has_a_primary_key(ask):
    query = """
        SELECT relname FROM pg_class c WHERE relkind = 'r' AND relnamespace = to_regnamespace(%s)
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 'p')"""
    assert ask(query) == []


def test_no_index_begins_like_another(ask):
    """An index whose columns are the first ones of another's is a relation a tenant for nothing, unless it is unique."""
    query = """
        WITH plain AS (
          SELECT i.*, x.relam FROM pg_index i JOIN pg_class t ON t.oid = indrelid JOIN pg_class x ON x.oid = indexrelid
          WHERE t.relnamespace = to_regnamespace(%s) AND indpred IS NULL AND indexprs IS NULL)
        SELECT short.indexrelid::regclass::text || ' < ' || long.indexrelid::regclass::text
        FROM plain short JOIN plain long USING (indrelid, relam)
        WHERE short.indexrelid <> long.indexrelid AND NOT short.indisunique
          AND long.indkey::text || ' ' LIKE short.indkey::text || ' %%'"""
    assert ask(query) == []


def test_tables_that_may_only_grow_cannot_be_changed_by_their_tenant(ask):
    query = """
        SELECT relname FROM pg_class c, aclexplode(relacl) g JOIN pg_roles ON pg_roles.oid = grantee
        WHERE relname IN ('event', 'audit_seal') AND relnamespace = to_regnamespace(%s) AND rolname LIKE 'r\\_t\\_%%'
          AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')"""
    assert ask(query) == []
