"""Migrations: the schemas equal the models, and every step can be taken back and again."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from kernel import database
from kernel.database import PlatformBase, TenantBase
from kernel.owners import OwnerConnection
from tenants import migrations, provisioning, registry, saved_views  # noqa: F401  (every model must be known)
from tenants.migrations import ledger, rendering, running, shared
from tests import factories, schemas


@pytest.fixture
def as_owner(house):
    """`as_owner("schema")` is a connection of the owner, standing in a schema; what it does is undone."""
    opened = []

    def connect(schema):
        options = {"options": f"-c search_path={schema},ext"}
        connection = create_engine(house.owner_database_url, poolclass=NullPool, connect_args=options).connect()
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.rollback()
        connection.close()


def test_a_tenants_schema_equals_the_models(alpha, as_owner):
    context = MigrationContext.configure(as_owner(alpha.stand.schema), opts={"compare_type": True})
    assert compare_metadata(context, TenantBase.metadata) == []


# Where migrations write down how far they are: theirs alone, no model's.
_NOTEBOOK = ("table", "revision")


def test_the_shared_schema_equals_the_models(as_owner):
    opts = {
        "compare_type": True,
        "include_schemas": True,
        "include_name": lambda name, kind, parents: name == "platform" if kind == "schema" else (kind, name) != _NOTEBOOK,
    }
    context = MigrationContext.configure(as_owner("no_tenant"), opts=opts)
    assert compare_metadata(context, PlatformBase.metadata) == []


def _shape(connection, schema):
    """Return everything a step can change: columns, indexes, constraints."""
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns"
        " WHERE table_schema = :schema",
        "SELECT tablename, indexname, replace(indexdef, :schema, '') FROM pg_indexes WHERE schemaname = :schema",
        "SELECT table_name, constraint_name, constraint_type FROM information_schema.table_constraints"
        " WHERE table_schema = :schema AND constraint_type <> 'CHECK'",
    )
    return [sorted(map(str, connection.execute(text(query), {"schema": schema}))) for query in queries]


@pytest.mark.parametrize(("branch", "schema"), [("tenant", "scratch"), ("shared", "platform")])
def test_every_step_can_be_taken_back_and_taken_again(house, alpha, as_owner, branch, schema):
    connection = as_owner(schema)
    scripts = rendering.scripts(branch)
    with Operations.context(MigrationContext.configure(connection)):
        if branch == "tenant":
            connection.execute(text(shared.NOT_DISTRIBUTED))
            connection.execute(text("CREATE SCHEMA scratch"))
        else:
            for script in reversed(scripts):
                script.module.downgrade()
        for script in scripts:
            before = _shape(connection, schema)
            script.module.upgrade()
            after = _shape(connection, schema)
            assert after != before
            script.module.downgrade()
            assert _shape(connection, schema) == before
            script.module.upgrade()
            assert _shape(connection, schema) == after


@pytest.mark.parametrize("branch", ["shared", "tenant"])
def test_steps_are_numbered_without_gaps(branch):
    numbers = [step.revision for step in migrations.steps(branch)]
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    assert migrations.head(branch) == numbers[-1]


def test_an_empty_schema_lacks_every_step_and_one_at_head_none():
    assert migrations.after("tenant", "") == migrations.steps("tenant")
    assert migrations.after("tenant", migrations.head("tenant")) == ()
    assert migrations.after("tenant", "0001")[0].revision == "0002"


def test_migrating_twice_changes_nothing(alpha, beta):
    assert migrations.run_all() == 0


@pytest.fixture
def next_revision(monkeypatch):
    """`next_revision("ALTER …")` adds a step to the tenants' chain, for this test."""

    def add(*statements, **facts):
        chain = (*rendering.steps("tenant"), schemas.next_step(*statements, **facts))
        real = rendering.steps
        monkeypatch.setattr(rendering, "steps", lambda branch: chain if branch == "tenant" else real(branch))

    return add


def test_a_tenant_behind_is_brought_to_head_and_no_other_is_touched(alpha, beta):
    old = schemas.tenant_at("0001")
    assert migrations.standing().tenants_behind == 1
    shown = []
    assert migrations.run_all(lambda name, done, of: shown.append((name, done, of))) == 1
    assert shown == [("", 0, 1), (old.schema, 1, 1)]
    assert migrations.standing().is_at_head
    assert "email" in schemas.columns_of(old, "customer")


def test_nobody_may_change_the_audit_trail_of_a_tenant_that_was_migrated(house):
    old = schemas.tenant_at("0001")
    migrations.run_all()
    with pytest.raises(ProgrammingError, match="permission denied"), database.transaction(old) as session:
        session.execute(text("DELETE FROM event"))


def test_a_step_that_fails_leaves_the_tenant_where_it_was_and_says_why(alpha, next_revision, monkeypatch):
    old = schemas.tenant_at("0001")
    next_revision("ALTER TABLE ticket ADD COLUMN colour text", "SELECT no_such_function()")
    with pytest.raises(migrations.MigrationsFailed, match="no_such_function") as failure:
        migrations.run_all()
    assert old.schema in failure.value.failed
    assert schemas.revision_of(old) == "0001"
    assert schemas.columns_of(old, "customer") == set()
    assert "no_such_function" in {trouble.schema: trouble.error for trouble in ledger.problems()}[old.schema]
    monkeypatch.undo()
    assert migrations.run_all() == 1
    assert ledger.problems() == []


def test_a_ring_that_fails_stops_the_later_rings(house, alpha, next_revision):
    spare, canary, many = schemas.tenant_at(state="spare"), schemas.tenant_at(ring=1), schemas.tenant_at()
    next_revision("SELECT 1 / (current_schema() <> '" + canary.schema + "')::int")
    with pytest.raises(migrations.MigrationsFailed, match=r"canaries.*later rings were not begun"):
        migrations.run_all()
    assert [schemas.revision_of(stand) for stand in (spare, canary, many)] == ["9001", "0001", "0001"]
    schemas.forget_spares()


def test_within_a_ring_the_others_go_on(alpha, beta, next_revision):
    next_revision("SELECT 1 / (current_schema() <> '" + alpha.stand.schema + "')::int")
    with pytest.raises(migrations.MigrationsFailed):
        migrations.run_all()
    assert schemas.revision_of(beta.stand) == "9001" or alpha.id % 10 == 0
    _back_to_head(alpha, beta)


def _back_to_head(*tenants):
    with database.owner_transaction() as connection:
        for table in ("tenant", "schema_revision"):
            connection.execute(
                f"UPDATE platform.{table} SET revision = %s WHERE revision > %s".encode(),
                [migrations.steps("tenant")[-1].revision] * 2,
            )
        connection.execute("UPDATE platform.tenant SET migration_error = ''")


def test_two_runs_at_once_share_the_work_and_do_nothing_twice(alpha):
    old = [schemas.tenant_at("0001") for _ in range(6)]
    tallies, failed = [], []

    def work():
        try:
            tallies.append(migrations.run(threads=2))
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sum(tally.changed for tally in tallies) == len(old)
    assert {schemas.revision_of(stand) for stand in old} == {migrations.head("tenant")}
    assert migrations.standing().is_at_head


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("kernel.owners.LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr("tenants.migrations.running._PAUSE_SECONDS", 0.02)


def test_a_tenant_in_use_is_tried_again_in_a_moment(alpha, next_revision, impatient):
    old = schemas.tenant_at(migrations.head("tenant"), ring=1)
    next_revision("ALTER TABLE ticket ADD COLUMN colour text")
    reader = database.session_at(old)
    reader.execute(text("SELECT count(*) FROM ticket"))
    threading.Timer(0.1, lambda: database.settle(reader, keep=False)).start()
    running._Crew([old], running.Tally(of=1), lambda tally: None).work(1)
    assert schemas.revision_of(old) == "9001"


def test_a_tenant_whose_table_is_held_for_long_is_left_and_named(alpha, next_revision, impatient):
    old = schemas.tenant_at(migrations.head("tenant"), ring=1)
    next_revision("ALTER TABLE ticket ADD COLUMN colour text")
    with database.transaction(old) as reader:
        reader.execute(text("SELECT count(*) FROM ticket"))
        with pytest.raises(migrations.MigrationsFailed, match="lock timeout"):
            migrations.run_all()
    assert "colour" not in schemas.columns_of(old, "ticket")


def test_a_tenant_whose_database_does_not_know_it_is_named_not_waited_for(house):
    old = schemas.tenant_at("0001", ring=1)
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.schema_revision WHERE schema_name = %s", [old.schema])
    with pytest.raises(migrations.MigrationsFailed, match="knows no schema"):
        migrations.run_all()


def test_an_older_release_leaves_a_newer_schema_alone(house):
    new = schemas.tenant_at(migrations.head("tenant"))
    with database.owner_transaction() as connection:
        for table in ("tenant", "schema_revision"):
            connection.execute(f"UPDATE platform.{table} SET revision = '9999' WHERE schema_name = %s".encode(), [new.schema])
    assert migrations.run_all() == 0
    assert migrations.standing().is_at_head
    assert migrations.after("tenant", "9999") == ()


@pytest.mark.parametrize("slug", ["alpha", "late"])
def test_the_release_before_serves_a_schema_that_is_already_one_step_ahead(alpha, house, browse, slug, next_revision):
    """This code is the old release: the step is one that it does not know."""
    late = provisioning.create_tenant("late", name="Late")
    next_revision(
        "CREATE TABLE next_thing (id bigint DEFAULT nextval('ids') NOT NULL, CONSTRAINT pk_next_thing PRIMARY KEY (id))",
        "ALTER TABLE ticket ADD COLUMN colour text",
        "ALTER TABLE ticket ALTER COLUMN colour SET DEFAULT 'red'",
    )
    with OwnerConnection() as connection:
        assert running.migrate_tenant(connection, late.stand)
    facts = registry.find(slug)
    with database.transaction(facts.stand) as session:
        factories.ticket(session)
    assert ("colour" in schemas.columns_of(facts.stand, "ticket")) == (slug == "late")
    assert browse(facts).get("/en/").status_code == 200
    assert browse(facts).get("/desk/signin").status_code == 200


_OLD_ARTICLE = """
    INSERT INTO article (translation_key, language, category_id, title, body, body_html, body_text, headings, status,
                         search_text, author_id, created_at, updated_at, revision)
    VALUES (%s, 'en', 1, 'Late', 'B', '<p>B</p>', 'B', '[]', %s, 'late', 7, now(), now(), 1)
"""


def test_articles_from_before_are_read_as_before_and_have_a_first_version(house):
    old = schemas.tenant_at("0006")
    with schemas.owner() as connection:
        connection.execute(f'SET LOCAL search_path TO "{old.schema}", ext'.encode())
        connection.execute("INSERT INTO category (id, names, position, created_at) VALUES (1, '{}', 1, now())")
        for status in ("published", "draft"):
            connection.execute(_OLD_ARTICLE, [status, status])
    migrations.run_all()
    with schemas.owner() as connection:
        connection.execute(f'SET LOCAL search_path TO "{old.schema}", ext'.encode())
        facts = "status, kind, visibility, groups, file_ids, live_number, text_at = updated_at"
        articles = connection.execute(f"SELECT {facts} FROM article ORDER BY status").fetchall()
        versions = connection.execute("SELECT number, state, title, author_ids FROM article_version ORDER BY state").fetchall()
    assert articles == [
        ("draft", "answer", "public", [], [], None, True),
        ("published", "answer", "public", [], [], 1, True),
    ]
    assert versions == [(1, "draft", "Late", [7]), (1, "published", "Late", [7])]
