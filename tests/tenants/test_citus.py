"""On Citus: with `CITUS_URL` all tests of tenants run there; these say that they did, and where the schemas went."""

import psycopg
import pytest

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
