"""The wall in the database, with the application's own scoping switched off and with SQL smuggled into a statement of ours.

The tenant's role is kept, as it would be: everything else a programmer can forget is forgotten here on purpose.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

import rooms
from kernel import database
from kernel.database import TenantBase
from kernel.outbox import OutboxRow
from tests.isolation.houses import CANARY, PLATFORM_CANARY, Town

rooms.open_all()
ENTITIES = sorted((mapper.class_ for mapper in TenantBase.registry.mappers), key=lambda entity: entity.__name__)


@pytest.fixture
def injected(town) -> Iterator[Session]:
    """A transaction in the own house, as any request has it."""
    session = database.session_at(town.own.tenant.stand)
    yield session
    database.settle(session, keep=False)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)
def test_without_any_condition_a_query_still_reads_the_own_house_only(town, injected, entity):
    """As if `visible_to` returned everything: whole tables, every column."""
    rows = [repr(vars(row)) for row in injected.scalars(select(entity))]
    assert rows, "the own house has a row in every table"
    assert [row for row in rows if CANARY in row] == []


# Each stands where a customer's name belongs: SELECT name FROM customer WHERE name = '…'.
SMUGGLED = {
    "a stranger's table by its full name": "' UNION SELECT subject FROM {schema}.ticket --",
    "a stranger's table in a subquery": "' OR name = (SELECT max(name) FROM {schema}.customer) --",
    "a stranger's table in a lateral join": (
        "' UNION SELECT c.name FROM (SELECT 1) x, LATERAL (SELECT * FROM {schema}.customer) c --"
    ),
    "a stranger's row as text": "' UNION SELECT x::text FROM {schema}.staff_member x --",
    "a stranger's mails": "' UNION SELECT text FROM {schema}.mail --",
    "the role by set_config": "' UNION SELECT set_config('role', '{role}', true) --",
    "the path by set_config": (
        "' UNION SELECT set_config('search_path', '{schema}', true) || (SELECT max(name) FROM customer) --"
    ),
    "the rows by query_to_xml": "' UNION SELECT query_to_xml('select * from {schema}.ticket', true, false, '')::text --",
    "the schema by schema_to_xml": "' UNION SELECT schema_to_xml('{schema}', true, false, '')::text --",
    "the table by table_to_xml": "' UNION SELECT table_to_xml('{schema}.ticket'::regclass, true, false, '')::text --",
    "the database by database_to_xml": "' UNION SELECT database_to_xml(true, false, '')::text --",
    "a cursor by cursor_to_xml": "' UNION SELECT cursor_to_xml('c', 1, true, false, '')::text --",
    "its structure by query_to_xmlschema": (
        "' UNION SELECT query_to_xmlschema('select * from {schema}.mail', true, false, '')::text --"
    ),
    "a statement by ts_stat": "' UNION SELECT word FROM ts_stat('SELECT to_tsvector(subject) FROM {schema}.ticket') --",
    "a rewritten query by ts_rewrite": (
        "' UNION SELECT ts_rewrite('a'::tsquery, 'SELECT subject::tsquery, subject::tsquery FROM {schema}.ticket')::text --"
    ),
    "another database by dblink": (
        "' UNION SELECT x FROM dblink('dbname=frontdesk', 'select subject from {schema}.ticket') AS t(x text) --"
    ),
    "a file by pg_read_file": "' UNION SELECT pg_read_file('postgresql.conf') --",
    "a file by pg_read_binary_file": "' UNION SELECT encode(pg_read_binary_file('PG_VERSION'), 'escape') --",
    "a folder by pg_ls_dir": "' UNION SELECT pg_ls_dir('.') --",
    "a file into a large object": "' UNION SELECT lo_import('/etc/passwd')::text --",
    "a large object of one's own": "' UNION SELECT lo_from_bytea(0, 'x')::text --",
    "large objects of others": "' UNION SELECT encode(data, 'escape') FROM pg_largeobject --",
    "statistics with values of columns": "' UNION SELECT most_common_vals::text FROM pg_stats WHERE schemaname = '{schema}' --",
    "statistics behind the view": "' UNION SELECT stavalues1::text FROM pg_statistic --",
    "what others are asking": "' UNION SELECT query FROM pg_stat_activity WHERE query LIKE '%canary%' --",
    "a snapshot handed to others": "' UNION SELECT pg_export_snapshot() --",
    "a word in everybody's log": "' UNION SELECT pg_logical_emit_message(false, 'x', '{schema}')::text --",
    "the last number without the sequence": "' UNION SELECT pg_sequence_last_value('{schema}.ids'::regclass)::text --",
    "numbers of all sequences": "' UNION SELECT last_value::text FROM pg_sequences WHERE schemaname = '{schema}' --",
    "a row in the words of a refusal": "' UNION SELECT subject::int::text FROM {schema}.ticket --",
    "statistics over several columns": (
        "' UNION SELECT most_common_vals::text FROM pg_stats_ext WHERE schemaname = '{schema}' --"
    ),
    "how large a stranger's table is": "' UNION SELECT pg_relation_size('{schema}.ticket')::text --",
    "statements prepared by others": "' UNION SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%canary%' --",
    "a file by an entity": (
        "' UNION SELECT xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/hostname\">]><a>&e;</a>')::text --"
    ),
    "what the server writes down": "' UNION SELECT name FROM pg_ls_logdir() --",
    "passwords of roles": "' UNION SELECT rolpassword FROM pg_authid --",
    "settings with secrets": "' UNION SELECT setting FROM pg_settings WHERE name = 'config_file' AND setting <> '' --",
    "settings of roles": "' UNION SELECT array_to_string(setconfig, ',') FROM pg_db_role_setting WHERE '{role}' = 'x' --",
    "user mappings": "' UNION SELECT array_to_string(umoptions, ',') FROM pg_user_mapping --",
    "the registry": "' UNION SELECT name FROM platform.tenant --",
    "the operators": "' UNION SELECT email || password_hash FROM platform.operator --",
    "the outbox": "' UNION SELECT args::text || error FROM platform.outbox --",
    "captured mail": "' UNION SELECT text FROM platform.captured_mail --",
    "host names": "' UNION SELECT host FROM platform.host_name --",
    "a number from a stranger's sequence": "' UNION SELECT nextval('{schema}.ticket_numbers')::text --",
    "the last number of a stranger's sequence": "' UNION SELECT last_value::text FROM {schema}.ticket_numbers --",
    "a stranger's sequence set back": "' UNION SELECT setval('{schema}.ids', 1)::text --",
    "a write in a CTE": "' UNION (WITH gone AS (DELETE FROM {schema}.ticket RETURNING subject) SELECT subject FROM gone) --",
    "a lock that stops others": "' UNION SELECT pg_advisory_lock(1179929393)::text --",
    "a lock on the sweeper": "' UNION SELECT pg_try_advisory_lock(1179929393)::text --",
    "a signal to others": (
        "' UNION SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() --"
    ),
    "a cancelled query of others": (
        "' UNION SELECT pg_cancel_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid() --"
    ),
    "new settings for the server": "' UNION SELECT pg_reload_conf()::text --",
    "a note on everybody's channel": "' UNION SELECT pg_notify('anything', 'x')::text --",
    "a switch to the login role": "'; RESET ROLE; SELECT subject FROM {schema}.ticket --",
    "a switch to a stranger's role": "'; SET ROLE {role}; SELECT subject FROM {schema}.ticket --",
    "a second statement that writes": "'; DELETE FROM {schema}.ticket --",
    "an end of the transaction": "'; COMMIT; SET ROLE {role}; SELECT 1 --",
    "a block of its own": "'; DO $$ BEGIN SET LOCAL ROLE {role}; DELETE FROM {schema}.ticket; END $$ --",
    "a prepared statement": "'; PREPARE p AS SELECT subject FROM {schema}.ticket; EXECUTE p --",
    "a function of its own": (
        "'; CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT max(subject) FROM {schema}.ticket' --"
    ),
}


@pytest.mark.parametrize("probe", SMUGGLED)
def test_what_is_smuggled_into_a_value_reads_and_writes_nothing_of_others(town, injected, probe):
    smuggled = SMUGGLED[probe].format(schema=town.foreign.schema, role=town.foreign.tenant.stand.role)
    _nothing_comes_of(town, injected, f"SELECT name FROM customer WHERE name = '{smuggled}'")


# Each is a whole statement: as if somebody let people write their own.
WHOLE = {
    "a switch to a stranger's role": "SET LOCAL ROLE {role}",
    "a switch, spelled otherwise": "set\tsession role {role}",
    "a switch behind a remark": "/* a /* b */ c */ SET ROLE {role}",
    "a switch behind a line of remark": "-- a\nSET ROLE {role}",
    "a switch behind nothing at all": ";SET ROLE {role}",
    "a switch behind much of nothing": " ;\n; \f;set local role {role}",
    "a switch by its setting": "SET LOCAL role = '{role}'",
    "a switch to the login role": "RESET ROLE",
    "a switch by authorization": "SET SESSION AUTHORIZATION {role}",
    "everything forgotten": "DISCARD ALL",
    "the transaction given up": "ROLLBACK",
    "the transaction given up for another": "ROLLBACK AND CHAIN",
    "the transaction ended and begun again": "COMMIT AND CHAIN",
    "the transaction handed to anybody": "PREPARE TRANSACTION 'x'",
    "a transaction that sees what others saw": "SET TRANSACTION SNAPSHOT '00000003-00000001-1'",
    "policies switched off": "SET LOCAL row_security TO off",
    "a cursor that outlives its transaction": "DECLARE c CURSOR WITH HOLD FOR SELECT name FROM customer",
    "a cursor on a stranger's table": "DECLARE c CURSOR FOR SELECT subject FROM {schema}.ticket",
    "a setting of one's own role": "ALTER ROLE CURRENT_USER SET search_path TO {schema}",
    "a setting of the login's": "ALTER ROLE SESSION_USER SET role TO {role}",
    "a word on everybody's channel": "NOTIFY anything, 'x'",
    "a block that switches": "DO $$ BEGIN EXECUTE 'SET LOCAL ROLE {role}'; PERFORM 1; END $$",
    "a file read by COPY": "COPY customer (name) FROM '/etc/passwd'",
    "a program run by COPY": "COPY (SELECT 1) TO PROGRAM 'id'",
    "a stranger's table by COPY": "COPY {schema}.ticket TO STDOUT",
    "a temporary table": "CREATE TEMPORARY TABLE mine (x text)",
    "a temporary view that hides a table": "CREATE TEMPORARY VIEW customer AS SELECT 'x'::text AS name",
    "a table in one's own schema": "CREATE TABLE mine (x text)",
    "a table among the extensions": "CREATE TABLE ext.customer (x text)",
    "a function among the extensions": "CREATE FUNCTION ext.lower(text) RETURNS text LANGUAGE sql AS 'SELECT 1::text'",
    "a table in public": "CREATE TABLE public.mine (x text)",
    "an extension": "CREATE EXTENSION dblink",
    "a right given away": "GRANT SELECT ON customer TO PUBLIC",
    "a role taken": "GRANT {role} TO CURRENT_USER",
    "a table emptied": "TRUNCATE {schema}.ticket",
    "history rewritten": "UPDATE event SET actor_name = 'somebody else'",
    "history deleted": "DELETE FROM event",
    "history emptied": "TRUNCATE event",
    "a stranger's rows by a plan": "EXPLAIN (ANALYZE, VERBOSE) SELECT subject FROM {schema}.ticket",
    "a stranger's rows merged into one's own": (
        "MERGE INTO customer USING (SELECT subject FROM {schema}.ticket) x ON false"
        " WHEN NOT MATCHED THEN INSERT (name, language, created_at) VALUES (x.subject, 'en', now())"
    ),
    "a stranger's numbers asked for by a key": "ALTER TABLE ticket ADD FOREIGN KEY (id) REFERENCES {schema}.ticket (id)",
    "a rule that looks elsewhere": "CREATE RULE r AS ON SELECT TO customer DO INSTEAD SELECT * FROM {schema}.customer",
    "a policy of one's own": "CREATE POLICY mine ON platform.outbox FOR SELECT USING (true)",
    "somebody's work seen where it is in the way": (
        "INSERT INTO platform.outbox (id, tenant_id, job, args, created_at, due_at, ring_at)"
        " SELECT event.id, 1, 'x', '{{}}', now(), now(), now() FROM event"
        " ON CONFLICT (id) DO UPDATE SET job = 'x' RETURNING args"
    ),
    "a stranger's things taken over": "REASSIGN OWNED BY {role} TO CURRENT_USER",
    "a stranger's things thrown away": "DROP OWNED BY {role}",
    "a library loaded": "LOAD 'auto_explain'",
    "a function that hides one of the server's": (
        "CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql AS 'SELECT max(name) FROM {schema}.customer'"
    ),
    "a trigger": "CREATE TRIGGER t BEFORE INSERT ON customer EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "a table locked away": "LOCK TABLE {schema}.ticket",
    "a table analysed": "ANALYZE {schema}.ticket",
    "a listener": "LISTEN anything",
    "work for a stranger": (
        "INSERT INTO platform.outbox (id, tenant_id, tenant_role, job, args, created_at, due_at, ring_at)"
        " VALUES (gen_random_uuid(), 1, '{role}', 'articles.repair_index', '{{}}', now(), now(), now())"
    ),
    "work for the platform": (
        "INSERT INTO platform.outbox (id, tenant_id, tenant_role, job, args, created_at, due_at, ring_at)"
        " VALUES (gen_random_uuid(), 1, 'frontdesk_platform', 'articles.repair_index', '{{}}', now(), now(), now())"
    ),
    "somebody's work changed": "UPDATE platform.outbox SET args = '{{}}'",
    "somebody's work taken away": "DELETE FROM platform.outbox",
    "a mail on the shelf": "INSERT INTO platform.captured_mail VALUES ('<x>', 'x', 'x', 'x', 'x', 'x', now())",
    "a tenant of one's own": "UPDATE platform.tenant SET plan = 'free'",
    "a host name taken": (
        "INSERT INTO platform.host_name (host, tenant_id, kind, state, created_at) VALUES ('x', 1, 'custom', 'verified', now())"
    ),
    "an operator": (
        "INSERT INTO platform.operator (email, name, password_hash, language, created_at) VALUES ('x', 'x', 'x', 'en', now())"
    ),
    "everybody's cache thrown away": "UPDATE platform.registry_stamp SET version = version + 1",
}


# PostgreSQL only remarks upon these: nothing is given, nothing is looked at.
_HARMLESS = {"a right given away", "a table analysed"}


@pytest.mark.parametrize("probe", WHOLE)
def test_a_whole_statement_of_a_strangers_making_reaches_nothing_of_others(town, injected, probe):
    statement = WHOLE[probe].format(schema=town.foreign.schema, role=town.foreign.tenant.stand.role)
    was_refused = _nothing_comes_of(town, injected, statement)
    assert was_refused or probe in _HARMLESS, f"{probe} was let through"


def _nothing_comes_of(town: Town, session: Session, statement: str) -> bool:
    """Run the statement and what may follow it, keep the transaction if it can be kept; say whether it was refused."""
    platform = _platform(town)
    was_refused, connection = False, session.connection()
    try:
        result = connection.exec_driver_sql(statement)
        seen = repr(result.fetchall()) if result.returns_rows else ""
    except SQLAlchemyError:
        was_refused, seen = True, ""
    assert CANARY not in seen
    assert PLATFORM_CANARY not in seen
    if not was_refused:
        # Whatever was switched or put in the way: the next statement stands where it stood.
        whose = connection.exec_driver_sql("SELECT current_user, current_schema()").one()
        assert tuple(whose) == (town.own.tenant.stand.role, town.own.schema)
        assert CANARY not in str(connection.exec_driver_sql("SELECT max(name) FROM customer").scalar())
    database.settle(session, keep=not was_refused)
    assert town.damage() == []
    assert _platform(town) == platform
    return was_refused


def _platform(town: Town) -> str:
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'platform' ORDER BY 1"
    names = [name for (name,) in town.broom.execute(tables).fetchall()]
    return repr([(name, sorted(map(repr, town.broom.execute(f"TABLE platform.{name}".encode())))) for name in names])


def test_work_that_is_forged_within_ones_own_name_stays_in_ones_own_house(town, injected):
    """A tenant's role may promise work; whatever it says of the tenant's number, it is done in its own schema."""
    injected.execute(
        text(
            "INSERT INTO platform.outbox (id, tenant_id, job, args, created_at, due_at, ring_at)"
            " VALUES (gen_random_uuid(), :other, 'events.listen', CAST(:args AS jsonb), now(), now(), now())"
        ),
        {
            "other": town.foreign.tenant.id,
            "args": f'{{"event_id": "{town.foreign.mine.rows["event"]["id"]}", "listener": "x"}}',
        },
    )
    database.settle(injected, keep=True)
    with database.transaction() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.dead_at.is_(None))).one()
        assert row.tenant_role == town.own.tenant.stand.role
