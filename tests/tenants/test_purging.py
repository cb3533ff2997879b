"""Erasing a tenant: nothing of it is left anywhere, a certificate says what there was, and nobody else notices."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from sqlalchemy import select

from kernel import clock, database, doorbell, settings
from kernel.actors import SYSTEM
from kernel.errors import NotFound
from kernel.files import Upload
from kernel.outbox import OutboxRow
from service_desk.tickets import commands as tickets
from tenants import lifecycle, provisioning, purging, registry, sign_ins, trail
from tenants.archive import exports
from tenants.lifecycle import NotInThisState
from tenants.models import State, Tenant
from tenants.permissions import Role
from tests import factories
from tests.traces import PICTURE, fingerprint

CANARY = "canary9f2c"


@pytest.fixture
def doomed(house, run_due, browse, staff_browser):
    """A tenant whose every text holds the canary, used in every way there is, and given notice."""
    facts = provisioning.create_tenant(CANARY, name=f"{CANARY} Inn", locale="en", phone=f"+44 {CANARY}")
    admin = staff_browser(facts, Role.ADMIN)
    with database.transaction(facts.stand) as session:
        owner = factories.customer(session, name=CANARY, email=f"{CANARY}@mail.example", notes=CANARY)
        upload = Upload(f"{CANARY}.png", io.BytesIO(PICTURE))
        ticket = factories.ticket(session, customer=owner, subject=CANARY, body=CANARY, uploads=[upload])
        tickets.note(session, ticket, body=CANARY, actor=SYSTEM)
        sign_ins.ask_for_code(session, email=owner.email, language="en", return_to="", actor=owner.as_actor())
        factories.article(session, title=f"{CANARY} hours", body=CANARY)
    run_due()
    browse(facts).get(f"/en/search?q={CANARY}")
    browse(facts).get(f"/en/a/1-{CANARY}")
    admin.submit("/desk/settings/export", {})
    admin.submit("/desk/settings/support", {"reason": CANARY, "role": "viewer", "hours": "2"})
    run_due()
    with database.transaction() as session:
        lifecycle.rename(session, facts.id, slug=f"{CANARY}-2", actor=SYSTEM)
        lifecycle.close(session, facts.id, actor=SYSTEM, reason=f"{CANARY} is leaving")
    run_due()
    log = settings.current().home / "log" / "web.log"
    log.write_text("".join(f"{line}\n" for line in (*_KEPT, *_lines_about(facts))))
    yield facts
    log.unlink()


# What the log says of nobody, and of a neighbour whose address or number begins alike.
_KEPT = ['{"event": "start"}', '{"event": "request", "tenant": "alpha"}', f'{{"event": "request", "tenant": "{CANARY[:4]}"}}']


def _lines_about(facts) -> list[str]:
    """Return what requests and jobs have written down, under each address that the tenant had."""
    return [
        f'{{"event": "request", "path": "/en/a/1-{CANARY}", "tenant": "{CANARY}-2"}}',
        f'{{"event": "request", "path": "/en/a/1-{CANARY}", "tenant": "{CANARY}", "status": 200}}',
        f'{{"event": "job failed", "error": "{CANARY}", "tenant": {facts.id}, "job": "x"}}',
    ]


def everything_in(broom) -> str:
    """Return every row of every table of the database, and the names of all schemas and roles, as one text."""
    tables = broom.execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname !~ '^(pg_catalog|information_schema)$'"
    ).fetchall()
    texts = [repr(broom.execute(f"SELECT t::text FROM {name} t".encode()).fetchall()) for (name,) in tables]
    names = broom.execute("SELECT nspname FROM pg_namespace UNION ALL SELECT rolname FROM pg_roles").fetchall()
    return "\n".join([*texts, repr(names)])


def everything_on_disk(home: Path) -> list[Path]:
    places = [path for path in home.rglob("*") if path.is_file() and not {"postgres", "valkey"} & set(path.parts)]
    return [path for path in places if CANARY in str(path) or CANARY.encode() in path.read_bytes()]


def everything_in_valkey() -> bytes:
    connection = redis.Redis.from_url(settings.current().redis_url)
    return b"\n".join(connection.dump(key) or b"" for key in connection.scan_iter("*"))


def test_nothing_of_an_erased_tenant_is_left_anywhere(doomed, alpha, in_tenant, broom):
    with in_tenant(alpha) as session:
        factories.ticket(session, subject="A neighbour's")
    before = fingerprint(alpha)
    home = settings.current().home
    assert CANARY in everything_in(broom)
    assert everything_on_disk(home)
    purging.purge(doomed.id, actor=SYSTEM, is_due_only=False)
    assert CANARY not in everything_in(broom)
    assert doomed.stand.schema not in broom.execute("SELECT string_agg(nspname, ' ') FROM pg_namespace").fetchone()[0]
    assert everything_on_disk(home) == []
    assert not [path for path in home.glob(f"*/{doomed.stand.schema}") if "files" not in path.parts or path.exists()]
    assert CANARY.encode() not in everything_in_valkey()
    assert doorbell.is_alive()
    assert fingerprint(alpha) == before
    log = (home / "log" / "web.log").read_text().splitlines()
    assert [line.strip() for line in log] == [*_KEPT, "{}", "{}", "{}"]


def test_its_doors_are_shut_and_its_address_is_free(doomed, browse):
    purging.purge(doomed.id, actor=SYSTEM, is_due_only=False)
    assert browse(doomed).get("/en/").status_code == 404
    assert registry.by_id(doomed.id) is None
    lifecycle.require_free(CANARY)
    lifecycle.require_free(f"{CANARY}-2")


def test_the_certificate_says_what_there_was_and_holds_nothing_of_it(doomed):
    proof = purging.purge(doomed.id, actor=SYSTEM, is_due_only=False)
    rows = proof.removed["rows"]
    assert (rows["customer"], rows["ticket"], rows["article"], rows["ticket_attachment"]) == (1, 1, 1, 1)
    assert proof.removed["files"] >= 3
    assert proof.removed["captured_mails"] >= 1
    assert proof.removed["log_lines"] == 3
    assert proof.removed["promises"] >= 1
    assert proof.digest == proof.sealed()
    assert proof.name_digest == hashlib.sha256(f"{CANARY}-2\n{CANARY} Inn".encode()).hexdigest()
    with database.transaction() as session:
        assert purging.certificate(session, doomed.id).digest == proof.digest
        names = [line.name for line in trail.of_tenant(session, doomed.id)]
        assert names[:2] == ["tenant.purged", "tenant.purge_begun"]
        assert all(line.data in ({}, {"digest": proof.digest}) for line in trail.of_tenant(session, doomed.id))
    proof.removed = {**proof.removed, "files": 0}
    assert proof.digest != proof.sealed()


def test_there_is_no_certificate_of_what_was_not_erased(alpha):
    with pytest.raises(NotFound), database.transaction() as session:
        purging.certificate(session, alpha.id)


def test_who_was_given_no_notice_is_not_erased(alpha):
    with pytest.raises(NotInThisState):
        purging.purge(alpha.id, actor=SYSTEM, is_due_only=False)


def test_before_the_grace_is_over_nobody_is_erased(doomed):
    with pytest.raises(NotInThisState):
        purging.purge(doomed.id, actor=SYSTEM)


def test_when_the_grace_is_over_it_happens_by_itself(doomed, travel, run_due):
    travel(lifecycle.GRACE + timedelta(minutes=1))
    run_due()
    with database.transaction() as session:
        assert purging.unfinished(session) == []
        assert purging.certificate(session, doomed.id).finished_at <= clock.now()
        assert session.get_one(Tenant, doomed.id).state == State.PURGED
        assert session.scalars(select(OutboxRow).where(OutboxRow.tenant_id == doomed.id)).all() == []


def test_a_second_call_changes_nothing(doomed):
    first = purging.purge(doomed.id, actor=SYSTEM, is_due_only=False)
    assert purging.purge(doomed.id, actor=SYSTEM).digest == first.digest


def test_what_was_exported_is_gone_too(doomed):
    assert list(exports.folder_of(doomed.stand).glob("*.zip"))
    purging.purge(doomed.id, actor=SYSTEM, is_due_only=False)
    assert not exports.folder_of(doomed.stand).exists()
