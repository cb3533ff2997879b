"""A second database for tenants to live in, in the same cluster, as an installation has one in another region."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from infra.embedded import EmbeddedServices
from kernel import database, settings
from kernel.settings import Placement, Settings
from kernel.tenancy import Stand
from tenants import migrations, provisioning, registry

_DATABASE = "frontdesk_eu"


@pytest.fixture
def europe(house: Settings, services: EmbeddedServices) -> Iterator[str]:
    """The name of a second placement; whatever lives there is gone afterwards."""
    services.postgres.add_database(_DATABASE)
    urls = (services.postgres.url(role, _DATABASE).replace("://", "+psycopg://") for role in _ROLES)
    settings.use(replace(house, further_placements={"eu": Placement(*urls)}))
    migrations.run_all()
    yield "eu"
    _empty()
    database.dispose()
    registry.forget()
    settings.use(house)


_ROLES = ("frontdesk_app", "frontdesk_owner")


def _empty() -> None:
    with database.owner_transaction("eu") as connection:
        names = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 't\\_%'").fetchall()
        connection.execute("DELETE FROM platform.outbox")
    for (schema,) in names:
        provisioning.tear_down(Stand(schema, f"r_{schema}", placement="eu"))
    with database.owner_transaction() as connection:
        connection.execute("DELETE FROM platform.tenant WHERE placement = 'eu'")
