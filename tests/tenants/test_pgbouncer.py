"""Behind pgbouncer in transaction mode one server connection serves every tenant in turn, and none ever sees another."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import select, text

from crm.customers.models import Customer
from infra.embedded import EmbeddedServices
from kernel import database, settings
from kernel.settings import Settings
from tenants import migrations, registry
from tests import factories
from tests.running import free_port

_PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
_CONFIGURATION = """
[databases]
frontdesk = host=127.0.0.1 port={port} dbname=frontdesk
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 50
logfile = {log}
"""

pytestmark = pytest.mark.skipif(
    _PROGRAM is None,
    reason="NOT RUN: pgbouncer is not installed here, so that transaction pooling stays unproven (apt-get install pgbouncer)",
)


@pytest.fixture
def pooled(house: Settings, services: EmbeddedServices, request: pytest.FixtureRequest) -> Iterator[Settings]:
    """The house behind a pgbouncer that has one single connection to give, or as many as the test asks for."""
    own_port = free_port()
    folder = services.home / "pgbouncer"
    folder.mkdir(exist_ok=True)
    application = conninfo_to_dict(database.plain_address(house.database_url))
    (folder / "users.txt").write_text(f'"{application["user"]}" "{application["password"]}"\n')
    given = {"port": application["port"], "own_port": own_port, "users": folder / "users.txt", "log": folder / "log"}
    connections = getattr(request, "param", 1)
    (folder / "pgbouncer.ini").write_text(_CONFIGURATION.format(**given, connections=connections))
    process = subprocess.Popen([_PROGRAM, *_as_somebody(folder), "-q", str(folder / "pgbouncer.ini")])
    url = f"postgresql+psycopg://{application['user']}:{application['password']}@127.0.0.1:{own_port}/frontdesk"
    try:
        _wait_for(database.plain_address(url), folder / "log")
        database.dispose()
        behind = replace(house, database_url=url)
        settings.use(behind)
        yield behind
    finally:
        database.dispose()
        registry.forget()
        settings.use(house)
        process.terminate()
        process.wait(10)


def _as_somebody(folder: Path) -> list[str]:
    """pgbouncer refuses to run as root."""
    if os.geteuid() != 0:
        return []
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "nobody")
    return ["-u", "nobody"]


def _wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + 15
    while True:
        try:
            psycopg.connect(address, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise AssertionError(log.read_text() if log.exists() else "pgbouncer did not start") from None
            time.sleep(0.05)


def test_all_clients_share_one_server_connection(pooled, alpha, beta):
    seen = set()
    for tenant in (alpha, beta) * 3:
        database.dispose()
        with database.transaction(tenant.stand) as session:
            seen.add(session.scalar(text("SELECT pg_backend_pid()")))
    assert len(seen) == 1


def test_transactions_of_many_tenants_over_one_connection_never_mix(pooled, alpha, beta):
    for tenant in (alpha, beta):
        with database.transaction(tenant.stand) as session:
            factories.customer(session, name=f"Customer of {tenant.slug}")
    wrong = []

    def read(tenant):
        for _time in range(40):
            with database.transaction(tenant.stand) as session:
                names = session.scalars(select(Customer.name)).all()
                where = session.execute(text("SELECT current_schema(), current_user")).one()
                if names != [f"Customer of {tenant.slug}"] or tuple(where) != (tenant.stand.schema, tenant.stand.role):
                    wrong.append((tenant.slug, names, where))

    threads = [threading.Thread(target=read, args=[tenant]) for tenant in (alpha, beta) * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_session_setting_would_mix_them_which_is_why_there_is_none(pooled, alpha, beta):
    """The fault that this house does not have, shown to be real here: the proof above could fail."""
    address = database.plain_address(pooled.database_url)
    with psycopg.connect(address, autocommit=True) as one, psycopg.connect(address, autocommit=True) as another:
        one.execute(f'SET search_path TO "{alpha.stand.schema}"'.encode())
        another.execute(f'SET search_path TO "{beta.stand.schema}"'.encode())
        assert one.execute("SHOW search_path").fetchone() == (beta.stand.schema,)
        one.execute("RESET search_path")


def test_what_a_transaction_leaves_behind_is_nothing(pooled, alpha):
    with database.transaction(alpha.stand) as session:
        session.execute(text("SELECT 1"))
    with psycopg.connect(database.plain_address(pooled.database_url)) as client:
        names = ("search_path", "role", "statement_timeout")
        assert [client.execute(f"SHOW {name}".encode()).fetchone()[0] for name in names] == ["no_tenant", "none", "0"]


@pytest.mark.parametrize("pooled", [4], indirect=True)
def test_pages_probes_and_jobs_work_behind_it(pooled, alpha, beta, browse, staff_browser, run_due):
    for tenant in (alpha, beta):
        assert staff_browser(tenant).get("/desk/").status_code == 200
    assert migrations.standing().is_at_head
    assert browse(None).get("/readyz").status_code == 200
    with database.transaction(alpha.stand) as session:
        factories.ticket(session)
    assert run_due() > 0
