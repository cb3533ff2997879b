"""The drill: a backup, a bad night, and one tenant brought back as it was, beside the live one; nobody else is touched."""

import io
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from infra import backups, restoring
from infra.embedded import EmbeddedServices, temporary_home
from kernel import database, jobs, settings
from kernel.actors import SYSTEM
from kernel.files import Upload
from kernel.settings import Settings
from service_desk.tickets.models import Ticket
from tenants import lifecycle, migrations, provisioning, purging, registry, trail
from tenants.provisioning import SlugTaken
from tests import factories
from tests.traces import PICTURE, fingerprint


@pytest.fixture(scope="module")
def installation(house) -> Iterator[Settings]:
    """An installation of its own, whose database keeps its log."""
    patch = pytest.MonkeyPatch()
    patch.setenv("FRONTDESK_WAL_ARCHIVE", "1")
    database.dispose()
    with temporary_home() as home, EmbeddedServices(home, durable=False, valkey=False) as services:
        made = replace(
            house,
            home=home,
            database_url=settings.with_driver(services.postgres.url("frontdesk_app")),
            owner_database_url=settings.with_driver(services.postgres.url("frontdesk_owner")),
        )
        settings.use(made)
        registry.forget()
        migrations.run_all()
        yield made
        database.dispose()
        services.stop_at_once()
    settings.use(house)
    registry.forget()
    patch.undo()


@pytest.fixture(scope="module")
def night(installation) -> dict[str, datetime]:
    """Two tenants, a backup, work after it, and then the mishap; the moments are when each was over."""
    moments = {}
    for slug in ("rj", "acme"):
        provisioning.create_tenant(slug, name=slug.title())
        write(slug, "before the backup")
    backups.make(keep=7)
    write("rj", "last night")
    moments["last night"] = datetime.now(UTC)
    time.sleep(0.05)
    write("acme", "this morning")
    with database.transaction(registry.find("rj").stand) as session:
        for table in ("ticket_attachment", "ticket_message", "ticket"):
            session.execute(text(f"DELETE FROM {table}"))
    return moments


def write(slug: str, subject: str) -> None:
    with database.transaction(registry.find(slug).stand) as session:
        factories.ticket(session, subject=subject, uploads=[Upload("x.png", io.BytesIO(PICTURE))])


def subjects(slug: str) -> list[str]:
    with database.transaction(registry.find(slug).stand) as session:
        return list(session.scalars(select(Ticket.subject).order_by(Ticket.id)))


def test_one_tenant_comes_back_as_it_was_last_night_beside_the_live_one(installation, night):
    before = {slug: fingerprint(registry.find(slug)) for slug in ("rj", "acme")}
    restored = restoring.restore("rj", to=night["last night"], new_slug="rj-restored")
    assert restored.name == "Rj"
    assert subjects("rj-restored") == ["before the backup", "last night"]
    assert subjects("rj") == []
    assert {slug: fingerprint(registry.find(slug)) for slug in ("rj", "acme")} == before
    assert not (installation.home / "restore").exists()
    jobs.run_due()
    files = list((installation.home / "files" / restored.stand.schema).rglob("*"))
    assert any(path.is_file() for path in files)


def test_without_a_moment_the_newest_backup_counts(night):
    restoring.restore("rj", to=None, new_slug="rj-backup")
    assert subjects("rj-backup") == ["before the backup"]


def test_every_try_is_on_record(night):
    restoring.restore("acme", to=None, new_slug="acme-2")
    with pytest.raises(restoring.NotThereThen):
        restoring.restore("nobody", to=None, new_slug="nobody-2")
    with database.transaction() as session:
        lines = trail.drills(session)
    assert [line.name for line in lines[:2]] == ["restore.failed", "tenant.restored"]
    assert "backup.made" in [line.name for line in lines]
    assert "nobody" in lines[0].data["error"]


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [(timedelta(days=1), restoring.NotYet), (timedelta(days=-1), restoring.NoBackup)],
)
def test_a_moment_that_cannot_be_had_is_refused(night, moment, refusal):
    with pytest.raises(refusal):
        restoring.restore("rj", to=datetime.now(UTC) + moment, new_slug="rj-3")


def test_an_address_that_is_taken_is_refused_before_anything_is_recovered(night):
    with pytest.raises(SlugTaken):
        restoring.restore("rj", to=None, new_slug="acme")


@pytest.mark.parametrize("step", [1, 3], ids=["while reading", "before opening"])
def test_a_restore_that_is_killed_is_simply_made_again(night, step):
    def die(done, of, what):
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    database.dispose()
    if (child := os.fork()) == 0:
        restoring.restore("rj", to=None, new_slug=f"rj-killed-{step}", show=die)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert registry.find(f"rj-killed-{step}") is None
    restoring.restore("rj", to=None, new_slug=f"rj-killed-{step}")
    assert subjects(f"rj-killed-{step}") == ["before the backup"]


def test_from_a_server_that_somebody_else_has_recovered(night, installation):
    url = database.plain_address(installation.database_url)
    restoring.restore("acme", to=None, new_slug="acme-3", from_url=url)
    assert subjects("acme-3") == ["before the backup", "this morning"]


def test_who_was_erased_is_not_brought_back(night):
    provisioning.create_tenant("gone", name="Gone")
    backups.make(keep=1)
    gone = registry.find("gone")
    with database.transaction() as session:
        lifecycle.close(session, gone.id, actor=SYSTEM)
    purging.purge(gone.id, actor=SYSTEM, is_due_only=False)
    with pytest.raises(restoring.Erased):
        restoring.restore("gone", to=None, new_slug="back")

    # Older backups, and the log that only they needed, are gone by now.
    (kept,) = backups.all_backups()
    assert json.loads((kept.folder / "backup.json").read_text())["files"] == kept.files
    assert [path for path in backups.root().iterdir() if path.name.startswith(".")] == []
    started = (kept.data / "backup_label").read_text().partition("(file ")[2][:24]
    log = sorted(path.name[:24] for path in (backups.root() / "log").iterdir())
    assert all(name >= started for name in log)
