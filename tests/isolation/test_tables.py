"""The wall in the database: whatever the application forgets, a tenant's role reads its own schema and nothing else."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

import rooms
from kernel import database
from kernel.database import TenantBase
from kernel.tenancy import PLATFORM

rooms.open_all()
TABLES = sorted(TenantBase.metadata.tables)


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_cannot_read_the_table_of_another_even_by_its_full_name(alpha, beta, in_tenant, table):
    with pytest.raises(ProgrammingError, match="permission denied"), in_tenant(beta) as session:
        session.execute(text(f'SELECT 1 FROM "{alpha.stand.schema}"."{table}"'))


@pytest.mark.parametrize("table", TABLES)
def test_outside_a_tenant_there_is_no_such_table(house, table):
    with pytest.raises(ProgrammingError, match="does not exist"), database.transaction(PLATFORM) as session:
        session.execute(text(f'SELECT 1 FROM "{table}"'))


def test_a_transaction_that_does_not_say_where_it_stands_does_not_begin(house):
    with pytest.raises(RuntimeError, match="where it stands"), database.engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def test_one_connection_that_serves_many_tenants_in_turn_never_mixes_them(alpha, beta, in_tenant):
    for _turn in range(50):
        for tenant in (alpha, beta):
            with in_tenant(tenant) as session:
                seen = session.execute(text("SELECT current_schema(), current_user")).one()
                assert tuple(seen) == (tenant.stand.schema, tenant.stand.role)
