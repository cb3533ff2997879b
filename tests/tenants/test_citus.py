"""On Citus: with `CITUS_URL` all tests of tenants run there; these say that they did, and where the schemas went."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from kernel import database
from tests import citus

pytestmark = pytest.mark.skipif(not citus.URL, reason=citus.NOT_RUN)


def test_a_tenants_schema_is_distributed_and_the_shared_one_is_not(alpha, beta):
    with psycopg.connect(citus.URL) as connection:
        distributed = {row[0] for row in connection.execute("SELECT schema_name::text FROM citus_schemas").fetchall()}
    assert {alpha.stand.schema, beta.stand.schema} <= distributed
    assert not {"platform", "ext", "no_tenant"} & distributed


def test_the_house_stands_on_it(house):
    assert database.probe("SELECT count(*) > 0 FROM pg_extension WHERE extname = 'citus'") == (True,)


@pytest.mark.parametrize(("whose", "may_use"), [("alpha", "t"), ("beta", "f")])
def test_on_every_node_a_tenants_role_may_use_its_own_schema_only(request, alpha, whose, may_use):
    """The nodes let the role in, so that the coordinator is not all that keeps it out of others; they are asked themselves."""
    schema = request.getfixturevalue(whose).stand.schema
    asked = f"SELECT has_schema_privilege('{alpha.stand.role}', '{schema}', 'USAGE')"
    with psycopg.connect(citus.URL) as connection:
        answers = connection.execute("SELECT success, result FROM run_command_on_all_nodes(%s)", [asked]).fetchall()
    assert set(answers) == {(True, may_use)}


def test_a_tenants_role_has_no_password_to_come_in_by(alpha):
    with psycopg.connect(citus.URL) as connection:
        query = "SELECT rolcanlogin, rolpassword IS NULL FROM pg_authid WHERE rolname = %s"
        assert connection.execute(query, [alpha.stand.role]).fetchone() == (True, True)


@pytest.mark.parametrize("function", ["run_command_on_all_nodes", "run_command_on_workers", "run_command_on_coordinator"])
def test_no_statement_of_a_tenant_sends_a_text_to_a_node(alpha, in_tenant, function):
    """Run by themselves and outside of the transaction they would outlive its end."""
    with pytest.raises(ProgrammingError, match=f"permission denied for function {function}"), in_tenant(alpha) as session:
        session.execute(text(f"SELECT {function}('SELECT 1')"))
