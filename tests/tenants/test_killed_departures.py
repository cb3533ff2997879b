"""SIGKILL in the middle of an export, an import, a purge, again and again: the next call goes on, nothing is half done."""

import os
import signal
import zipfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from kernel import database, doorbell, jobs
from kernel.actors import SYSTEM
from kernel.outbox import OutboxRow
from tenants import lifecycle, provisioning, purging, registry
from tenants.archive import exports, importing, reading
from tests import factories
from tests.traces import fingerprint

_COUNTED = ((psycopg.Cursor, "execute"), (psycopg.Cursor, "copy"), (psycopg.Connection, "commit"), (Path, "replace"))


def die_at(step: int) -> None:
    """Let this process be killed when it sends its statement, commit or rename number `step`, before it takes effect."""
    taken = 0

    def counting(original: Callable) -> Callable:
        def wrapper(*args, **options):
            nonlocal taken
            taken += 1
            if taken >= step:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*args, **options)

        return wrapper

    for owner, name in _COUNTED:
        setattr(owner, name, counting(getattr(owner, name)))


def is_killed(step: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process of its own that is killed at `step`; whether it was, before it came to its end."""
    database.dispose()
    doorbell.forget_connection()
    child = os.fork()
    if child == 0:
        try:
            die_at(step)
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert status == 0 or os.WIFSIGNALED(status), "the work failed instead of being killed"
    return os.WIFSIGNALED(status)


def kill_until_done(work: Callable[[], object], *, first: int, stride: int, check: Callable[[], None]) -> int:
    """Do `work` again and again, killed a little later each time, until it comes through; return how often it was killed."""
    kills, step = 0, first
    while is_killed(step, work):
        registry.forget()
        check()
        kills, step = kills + 1, step + stride
    registry.forget()
    return kills


@pytest.fixture
def gamma(house, run_due):
    facts = provisioning.create_tenant("gamma", name="Gamma Inn")
    with database.transaction(facts.stand) as session:
        for _number in range(3):
            factories.ticket(session)
            factories.article(session)
    run_due()
    return facts


def test_an_export_that_is_killed_is_made_whole_or_not_at_all(gamma, in_tenant):
    with in_tenant(gamma) as session:
        export = exports.ask(session, actor=factories.staff_member(session).as_actor())
    with database.transaction() as session:
        row_id = session.scalars(select(OutboxRow.id).where(OutboxRow.job == "archive.export")).one()
    path = exports.path_of(gamma.stand, export)

    def check():
        if path.exists():
            assert zipfile.ZipFile(path).testzip() is None

    kills = kill_until_done(lambda: jobs.keep(row_id), first=3, stride=8, check=check)
    assert kills >= 8
    with in_tenant(gamma) as session:
        ready, _path = exports.fetch(session, export.key)
        assert reading.check(path).sha256 == ready.sha256


def test_an_import_that_is_killed_opens_complete_or_not_at_all(gamma, tmp_path):
    exports.write_for_operator(gamma, tmp_path / "a.zip", actor=SYSTEM, progress=lambda done, of: None)
    archive = reading.check(tmp_path / "a.zip")

    def check():
        arrived = registry.find("delta")
        assert arrived is None or fingerprint_of_rows(arrived) == fingerprint_of_rows(gamma)

    work = lambda: importing.import_as("delta", reading.check(tmp_path / "a.zip"))  # noqa: E731
    kills = kill_until_done(work, first=2, stride=12, check=check)
    assert kills >= 6
    check()
    assert registry.find("delta").name == "Gamma Inn"
    assert archive.rows > 0
    importing.import_as("delta", archive)  # once more harms nothing


def fingerprint_of_rows(tenant) -> dict[str, int]:
    with database.owner_transaction() as connection:
        names = ("customer", "ticket", "ticket_message", "article", "event")
        query = 'SELECT count(*) FROM "{}"."{}"'
        return {name: connection.execute(query.format(tenant.stand.schema, name).encode()).fetchone()[0] for name in names}


def test_a_purge_that_is_killed_goes_on_and_its_certificate_is_right(gamma, alpha, broom):
    with database.transaction() as session:
        lifecycle.close(session, gamma.id, actor=SYSTEM)
    before, counted = fingerprint(alpha), fingerprint_of_rows(gamma)

    def check():
        assert registry.find("gamma") is None
        assert fingerprint(alpha) == before

    work = lambda: purging.purge(gamma.id, actor=SYSTEM, is_due_only=False)  # noqa: E731
    kills = 0
    while is_killed(8 + 6 * kills, work):
        kills += 1
    registry.forget()
    check()
    assert kills >= 8
    proof = purging.purge(gamma.id, actor=SYSTEM)
    assert {name: proof.removed["rows"][name] for name in counted} == counted
    assert proof.digest == proof.sealed()
    schemas = broom.execute("SELECT nspname FROM pg_namespace").fetchall()
    assert (gamma.stand.schema,) not in schemas
