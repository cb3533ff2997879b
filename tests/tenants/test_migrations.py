"""Migrations: the schemas equal the models, and every step can be taken back and again."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from kernel import database
from kernel.database import PlatformBase, TenantBase
from kernel.tenancy import Stand
from tenants import migrations, saved_views  # noqa: F401  (every model must be known)


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


def _scripts(branch):
    folder = str(migrations._FOLDER / branch)
    return list(reversed(list(ScriptDirectory(folder, version_locations=[folder]).walk_revisions())))


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
    scripts = _scripts(branch)
    with Operations.context(MigrationContext.configure(connection)):
        if branch == "tenant":
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
def old_tenant(house):
    """A tenant that stopped at the first revision."""
    stand = Stand("t_old", "r_t_old")
    with database.owner_transaction() as connection:
        connection.execute("CREATE ROLE r_t_old NOLOGIN")
        connection.execute("GRANT frontdesk_tenant TO r_t_old")
        connection.execute("CREATE SCHEMA t_old")
        migrations._apply(connection, stand, migrations.steps("tenant")[:1])
        connection.execute(
            "INSERT INTO platform.tenant (slug, schema_name, name, state, revision, locale, time_zone, created_at)"
            " VALUES ('old', 't_old', 'Old', 'live', '0001', 'en', 'UTC', now())"
        )
    yield stand
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.tenant WHERE slug = 'old'")
        connection.execute("DROP SCHEMA t_old CASCADE")
        connection.execute("DROP ROLE r_t_old")


def test_a_tenant_behind_is_brought_to_head_and_no_other_is_touched(alpha, old_tenant):
    assert migrations.standing().tenants_behind == 1
    shown = []
    assert migrations.run_all(lambda name, done, of: shown.append((name, done, of))) == 1
    assert shown == [("t_old", 0, 1), ("", 1, 1)]
    assert migrations.standing().is_at_head


def test_a_step_that_fails_leaves_the_tenant_where_it_was_and_can_be_run_again(alpha, old_tenant, monkeypatch):
    real = migrations.after

    def broken(branch, revision):
        steps = real(branch, revision)
        return (*steps, migrations.Step("9999", "SELECT no_such_function()")) if branch == "tenant" else steps

    monkeypatch.setattr(migrations, "after", broken)
    with pytest.raises(Exception, match="no_such_function"):
        migrations.run_all()
    monkeypatch.undo()
    assert migrations.standing().tenants_behind == 1
    with database.owner_transaction() as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 't_old' AND tablename = 'customer'")
        assert tables.fetchone() == (0,)
    assert migrations.run_all() == 1


_OLD_ARTICLE = """
    INSERT INTO article (translation_key, language, category_id, title, body, body_html, body_text, headings, status,
                         search_text, author_id, created_at, updated_at, revision)
    VALUES (%s, 'en', 1, 'Late', 'B', '<p>B</p>', 'B', '[]', %s, 'late', 7, now(), now(), 1)
"""


def test_articles_from_before_are_read_as_before_and_have_a_first_version(old_tenant):
    earlier = [step for step in migrations.steps("tenant") if "0001" < step.revision < "0007"]
    with database.owner_transaction() as connection:
        migrations._apply(connection, old_tenant, earlier)
        connection.execute("UPDATE platform.tenant SET revision = %s WHERE slug = 'old'", [earlier[-1].revision])
        connection.execute("INSERT INTO category (id, names, position, created_at) VALUES (1, '{}', 1, now())")
        for status in ("published", "draft"):
            connection.execute(_OLD_ARTICLE, [status, status])
    migrations.run_all()
    with database.owner_transaction() as connection:
        connection.execute('SET search_path TO "t_old", ext')
        facts = "status, kind, visibility, groups, file_ids, live_number, text_at = updated_at"
        articles = connection.execute(f"SELECT {facts} FROM article ORDER BY status").fetchall()
        versions = connection.execute("SELECT number, state, title, author_ids FROM article_version ORDER BY state").fetchall()
    assert articles == [
        ("draft", "answer", "public", [], [], None, True),
        ("published", "answer", "public", [], [], 1, True),
    ]
    assert versions == [(1, "draft", "Late", [7]), (1, "published", "Late", [7])]
