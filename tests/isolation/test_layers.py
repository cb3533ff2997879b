"""The layers below and beside the pages: logs, files, letters, and the work that is done later."""

import io
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel import clock, database, doorbell, events, files, jobs, logs, outbox
from tests.isolation import looks
from tests.isolation.callers import caller_of
from tests.isolation.canaries import PASSWORD, PHONE
from tests.isolation.houses import CANARY


@pytest.mark.parametrize("look", [looks.letters, looks.forged_work], ids=lambda look: look.__name__)
def test_what_is_done_later_is_done_at_home_and_says_so(town, look):
    assert list(look(town)) == []


@pytest.fixture
def written(house) -> Iterator[Callable[[], str]]:
    """Everything that a server would have written to its log since the test began."""
    root, page = logging.getLogger(), io.StringIO()
    logs.configure()
    root.handlers[0].setStream(page)
    yield page.getvalue
    logs.configure()


def test_no_log_line_holds_a_telephone_a_password_a_token_or_a_message(town, crawler, written):
    """Asked as people ask: right and wrong passwords, links, public addresses, and what makes the database complain."""
    mine, visitor = town.own.mine, caller_of(town.own, "portal", "visitor")
    admin = caller_of(town.own, "desk", "admin")
    visitor.ask("POST", "/signin/password", data={"email": mine.email, "password": PASSWORD})
    visitor.ask("POST", "/signin/password", data={"email": mine.email, "password": "wrong-secret-word"})
    visitor.ask("POST", "/signin", data={"email": mine.email})
    visitor.ask("GET", f"/signin/link/{mine.link_token}")
    visitor.ask("GET", f"/en/requests/{mine.public_id}")
    admin.ask("POST", "/desk/signin", data={"email": mine.email, "password": PASSWORD})
    admin.ask("GET", f"/desk/customers/{mine.id_of('customer')}")
    form = {"name": "Taken", "email": town.own.other.email, "language": "en", "version": "1", "phone": PHONE}
    admin.ask("POST", f"/desk/customers/{mine.id_of('customer')}/edit", data=form)
    jobs.run_due()
    text = written()
    assert '"event": "request"' in text
    secrets = (PASSWORD, "wrong-secret-word", PHONE, mine.link_token, mine.public_id, mine.email)
    assert [secret for secret in (*secrets, mine.sign_in_token("desk"), "inhouse-mine-ticket_message") if secret in text] == []


@pytest.mark.parametrize("statement", ["INSERT INTO customer (name, phone) VALUES ('x' || %s, %s)", "SELECT %s || %s::int"])
def test_what_the_database_says_of_a_row_is_not_written_down(town, written, statement):
    """A refused row comes back in the driver's complaint, all of it: neither the log nor the outbox keeps that."""
    with database.transaction(town.own.tenant.stand) as session:
        outbox.put(session, "tests.complain", {"statement": statement, "values": ["Secret name", PHONE]})
    jobs.run_due()
    (error,) = town.broom.execute("SELECT error FROM platform.outbox WHERE job = 'tests.complain'").fetchone()
    assert error
    assert [word for word in ("Secret name", PHONE) if word in error + written()] == []


@jobs.job("tests.complain")
def _complain(session: Any, *, statement: str, values: list[str]) -> None:
    session.connection().exec_driver_sql(statement, tuple(values))


def test_the_paths_of_files_are_in_ones_own_folder_whatever_the_hash(town, in_tenant):
    with in_tenant(town.own.tenant) as session:
        for digest in (town.foreign.mine.rows["stored_file"]["sha256"], "ab" * 32):
            path = files.path_of(session, digest).resolve()
            assert path.parent.parent.name == town.own.schema
            assert not path.exists()


def test_the_queue_holds_numbers_of_work_and_nothing_of_its_content(town):
    """Valkey rings; PostgreSQL remembers.  Whoever reads the queue learns nothing of any house."""
    admin = caller_of(town.foreign, "desk", "admin")
    form = {"kind": "reply", "body": f"{CANARY} in the queue", "status": "solved"}
    assert admin.ask("POST", f"/desk/tickets/{town.foreign.mine.number}/reply", data=form).status_code == 303
    valkey = doorbell._valkey()
    keys = list(valkey.scan_iter("*"))
    assert keys
    kept = repr([valkey.dump(key) for key in keys] + keys)
    words = (CANARY, town.foreign.schema, town.foreign.tenant.slug, town.foreign.tenant.name)
    assert [word for word in words if word in kept] == []


def _schema_state(town) -> dict[str, str]:
    """The own house without what only says when something was done."""
    return {table: state for table, state in town.state(town.own).items() if table not in ("seq", "files")}


# What each job is promised with, in the own house; a new job needs a line here.
PROMISES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "events.listen": lambda town: {"event_id": str(town.own.mine.rows["event"]["id"]), "listener": _listener("ticket.created")},
    "tickets.close": lambda town: {"ticket_id": town.own.mine.id_of("ticket"), "solved_at": clock.now().isoformat()},
    "articles.publish_when_due": lambda town: {"article_id": town.own.mine.id_of("article"), "number": 1},
    "articles.repair_index": lambda town: {},
    "articles.take_down_when_due": lambda town: {"article_id": town.own.mine.id_of("article")},
    "notifications.send_mail": lambda town: {"mail_id": town.own.mine.id_of("mail")},
    "archive.expire": lambda town: {"export_id": town.own.mine.id_of("data_export")},
    "archive.export": lambda town: {"export_id": town.own.mine.id_of("data_export")},
    "articles.promise_hours": lambda town: {},
    "audit.seal": lambda town: {},
    "demo.remove": lambda town: {},
    "domains.check": lambda town: {"host": "nobody.example", "token": "x"},
    "notifications.remind_of_closing": lambda town: {"purge_at": clock.now().isoformat(), "days_left": 7},
    "staff_links.answer_reset": lambda town: {"email": "nobody@mail.example", "address": "192.0.2.1"},
    "templates.furnish": lambda town: {"template": "hotel", "language": "en"},
    "tickets.promise_closings": lambda town: {},
}
# These stand on the platform, or are told once when a house is new; each is run twice where it lives.
OF_THE_PLATFORM = {
    "archive.settle_in": "tests/tenants/archive",
    "demo.load": "tests/infra/test_furnishing.py",
    "notifications.send_sign_up_code": "tests/backoffice/operators/test_signing_up.py",
    "tenants.count_usage": "tests/tenants/test_usage.py",
    "tenants.free_address": "tests/tenants/test_lifecycle.py",
    "tenants.migrate_again": "tests/backoffice/operators/test_upkeep.py",
    "tenants.purge": "tests/tenants/test_killed_departures.py",
    "tenants.tell_house": "tests/tenants/test_lifecycle.py",
}


def _listener(event: str) -> str:
    return sorted(events.listeners_of(event))[0]


def declared_jobs() -> list[str]:
    """Return the names of the product's jobs: tests make some of their own."""
    return sorted(name for name, job in jobs._jobs.items() if "test" not in job.__module__)


def test_every_job_is_tried_twice_here(house):
    assert declared_jobs() == sorted({**PROMISES, **OF_THE_PLATFORM}), "say in PROMISES how the new job is promised"


def _promise_again(town, name: str) -> None:
    open_again = "UPDATE platform.outbox SET done_at = NULL, attempts = 0 WHERE job LIKE %s AND done_at IS NOT NULL"
    assert town.broom.execute(open_again, [name]).rowcount


@pytest.fixture
def idempotent(town) -> Callable[[str], None]:
    """`idempotent(name)` runs a job as promised, and once more as if the worker had died before it could say so.

    A second run may do nothing or be refused by the database, which keeps nothing of it: the house is the same after.
    """

    def check(name: str) -> None:
        with database.transaction(town.own.tenant.stand) as session:
            outbox.put(session, name, PROMISES[name](town))
        jobs.run_due()
        once = _schema_state(town)
        _promise_again(town, name)
        jobs.run_due()
        again = _schema_state(town)
        assert {table for table in again if again[table] != once.get(table)} - {"platform.outbox"} == set()
        assert town.damage() == []

    return check


@pytest.mark.parametrize("name", sorted(PROMISES))
def test_a_job_run_twice_leaves_what_it_left_once(idempotent, name):
    idempotent(name)


def test_every_listener_told_twice_leaves_what_it_left_once(town):
    """The event of each kind that listeners wait for is told, told again, and changes nothing more."""
    for name in sorted(name for name in events._listeners if name.partition(".")[0] in town.own.mine.rows):
        _tell(town, name)
        once = _schema_state(town)
        town.broom.execute(
            "UPDATE platform.outbox SET done_at = NULL, attempts = 0 WHERE job LIKE 'events.%' AND dead_at IS NULL"
        )
        jobs.run_due()
        changed = {table for table, state in _schema_state(town).items() if state != once.get(table)} - {"platform.outbox"}
        assert (name, changed) == (name, set())
        town.restore()


def _tell(town, name: str) -> None:
    subject = name.partition(".")[0]
    row = town.own.mine.rows[subject]
    facts = {"status": "new", "message_id": town.own.mine.id_of("ticket_message"), "score": 5}
    facts["assignee_id"] = town.own.other.id_of("staff_member")
    recordable = type("Subject", (), {"__tablename__": subject, "id": row["id"]})()
    member = town.own.mine.rows["staff_member"]
    actor = events.Actor(kind="staff", id=member["id"], name=member["name"])
    with database.transaction(town.own.tenant.stand) as session:
        events.record(session, name, recordable, actor=actor, **facts)
    jobs.run_due()


def test_work_of_a_dead_row_stays_with_its_house(town):
    """Time passes, the sweeper looks: nothing of the other house moves by what one house left undone."""
    clock.advance(timedelta(days=8))
    jobs.run_due()
    assert [table for table in town.damage() if not table.startswith("platform.")] == []
