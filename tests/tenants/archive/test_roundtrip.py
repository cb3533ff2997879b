"""Export, import, export: the same to the byte, ids and files included, and nothing of a neighbour."""

import ast
import csv
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from kernel import clock, database
from kernel.actors import SYSTEM
from kernel.files import Upload
from kernel.settings import PROJECT
from knowledge_base.articles import workflow
from knowledge_base.articles.models import Article, ArticleStatus
from service_desk.tickets import commands as tickets
from service_desk.tickets.models import Status, Ticket
from tenants import audit, registry, sign_ins, staff, trail
from tenants.archive import exports, importing, reading, walking
from tenants.audit import Fault
from tenants.models import StaffMember
from tests import factories
from tests.isolation.houses import foreign_house
from tests.test_house_rules import sources
from tests.traces import PICTURE


@pytest.fixture
def furnished(alpha, in_tenant):
    """Alpha with rows of every kind, and every text that a format could trip over."""
    with in_tenant(alpha) as session:
        odd = 'He said "no", then\nleft; 她说“好”\\n \t, ’'
        owner = factories.customer(session, name="Grace, O'Neil", notes=odd, tags=["a,b", 'c"d', "", "纳"], phone="")
        upload = Upload("picture.png", io.BytesIO(PICTURE))
        ticket = factories.ticket(session, customer=owner, subject="Tap, dripping", body=odd, uploads=[upload])
        tickets.set_status(session, ticket, status=Status.SOLVED, actor=owner.as_actor())
        member = factories.staff_member(session, password="a long enough password")
        member.totp_secret = "TOTPSECRETTOTPSECRET"
        factories.article(session, title="退房时间", body=odd, language="zh_Hans")
        sign_ins.open_sign_in(session, face="desk", person_id=member.id)
        sign_ins.ask_for_code(session, email="x@mail.example", language="en", return_to="", actor=owner.as_actor())
    return alpha


def written(facts, path):
    exports.write_for_operator(facts, path, actor=SYSTEM, progress=lambda done, of: None)
    return zipfile.ZipFile(path)


def without_dates(archive):
    manifest = json.loads(archive.read("manifest.json"))
    manifest.pop("made_at")
    return manifest


def test_what_was_imported_is_exported_again_byte_for_byte(furnished, run_due, tmp_path):
    run_due()
    first = written(furnished, tmp_path / "first.zip")
    arrived = importing.import_as("gamma", reading.check(tmp_path / "first.zip"))
    second = written(arrived, tmp_path / "second.zip")
    assert second.namelist() == first.namelist()
    assert without_dates(second) == without_dates(first)
    assert [name for name in first.namelist() if name != "manifest.json" and first.read(name) != second.read(name)] == []


def test_the_copy_works_like_the_house_it_came_from(furnished, in_tenant, run_due, browse, tmp_path):
    written(furnished, tmp_path / "a.zip")
    arrived = importing.import_as("gamma", reading.check(tmp_path / "a.zip"))
    run_due()
    with in_tenant(arrived) as session:
        member = session.scalars(select(StaffMember)).one()
        assert member.totp_secret is None
        ticket = session.scalars(select(Ticket)).one()
        newer = factories.ticket(session)
        assert (newer.number, newer.id > ticket.id) == (ticket.number + 1, True)
    browser = browse(arrived)
    assert browser.submit("/desk/signin", {"email": member.email, "password": "a long enough password"}).status_code == 303
    assert "退房时间" in browse(arrived, "zh-CN").get("/zh-hans/search?q=退房").text
    file = browser.get(f"/desk/tickets/{ticket.number}")
    assert file.status_code == 200


def test_the_trail_is_sound_where_it_arrives_and_the_platform_says_how_far_its_maker_vouches(
    furnished, in_tenant, run_due, tmp_path, broom
):
    run_due()
    written(furnished, tmp_path / "a.zip")
    arrived = importing.import_as("gamma", reading.check(tmp_path / "a.zip"))
    with in_tenant(arrived) as session:
        found = audit.verify(session)
    assert (found.is_sound, found.waiting, found.sealed > 0) == (True, 0, True)
    assert found.arrival.entries == found.sealed
    with database.transaction() as session:
        line = trail.arrival(session, arrived.id)
        assert (line.data["entries"], line.data["sealed_on_trust"]) == (found.sealed, 0)
    with in_tenant(arrived) as session:
        factories.staff_member(session)
        factories.ticket(session)
    run_due()
    with in_tenant(arrived) as session:
        audit.seal(session)
        assert audit.verify(session).is_sound
    broom.execute(f"UPDATE \"{arrived.stand.schema}\".event SET actor_name = 'Nobody' WHERE name = 'ticket.created'")
    with in_tenant(arrived) as session:
        assert {finding.fault for finding in audit.verify(session).findings} == {Fault.CHANGED}


def test_promises_that_do_not_travel_are_made_again(furnished, run_due, travel, in_tenant, tmp_path):
    with in_tenant(furnished) as session:
        coming = factories.article(session, status=ArticleStatus.APPROVED)
        workflow.schedule(session, coming, at=clock.now() + timedelta(days=1), actor=SYSTEM)
        going = factories.article(session)
        going.expires_at = clock.now() + timedelta(days=2)
    written(furnished, tmp_path / "a.zip")
    arrived = importing.import_as("gamma", reading.check(tmp_path / "a.zip"))
    run_due()
    travel(timedelta(days=8))
    run_due()
    with in_tenant(arrived) as session:
        assert session.scalars(select(Ticket.status)).one() == Status.CLOSED
        states = {article.id: article.status for article in session.scalars(select(Article))}
        assert (states[coming.id], states[going.id]) == (ArticleStatus.PUBLISHED, ArticleStatus.ARCHIVED)


# Work that is no business of the data: its own house's notices, files and addresses.
OF_THIS_HOUSE = {
    *("notifications.remind_of_closing", "archive.expire", "tenants.purge", "tenants.free_address", "domains.check"),
}


def test_every_promise_of_a_later_hour_is_made_again_or_is_of_this_house(house):
    promised = set()
    for path in sources():
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_put = isinstance(call, ast.Call) and ast.unparse(call.func) in ("outbox.put", "put")
            if is_put and any(keyword.arg == "due_at" for keyword in call.keywords):
                promised.add(ast.literal_eval(call.args[1]))
    assert promised - importing.renewed() == OF_THIS_HOUSE


def test_secrets_stay(furnished, run_due, tmp_path):
    run_due()
    archive = written(furnished, tmp_path / "a.zip")
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"TOTPSECRET" not in everything
    assert not [name for name in archive.namelist() if "sign_in" in name]
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["left_out"]["columns"] == {"staff_member": ["totp_secret", "totp_last_step"]}
    letters = [row["letter"] for row in rows_of(archive, "mail")]
    assert letters
    assert "sign_in_code" not in letters


def rows_of(archive, table):
    return list(csv.DictReader(io.StringIO(archive.read(f"tables/{table}.csv").decode())))


def test_both_forms_of_a_table_say_the_same(furnished, tmp_path):
    archive = written(furnished, tmp_path / "a.zip")
    by_csv = rows_of(archive, "customer")
    by_json = [json.loads(line) for line in archive.read("tables/customer.jsonl").splitlines()]
    assert [row["notes"] for row in by_csv] == [row["notes"] for row in by_json]
    assert by_json[0]["tags"] == ["a,b", 'c"d', "纳"]
    manifest = json.loads(archive.read("manifest.json"))
    assert manifest["tables"]["customer"]["rows"] == len(by_csv)


def test_articles_are_there_to_read(furnished, tmp_path):
    archive = written(furnished, tmp_path / "a.zip")
    (name,) = [name for name in archive.namelist() if name.startswith("articles/zh_Hans/")]
    assert archive.read(name).decode().startswith('---\nid: "')
    assert 'title: "退房时间"' in archive.read(name).decode()


def test_nothing_of_a_neighbour_is_in_it(furnished, beta, in_tenant, tmp_path):
    with in_tenant(beta) as session:
        factories.customer(session, name="canary-of-beta")
    archive = written(furnished, tmp_path / "a.zip")
    assert b"canary-of-beta" not in b"".join(archive.read(name) for name in archive.namelist())


def test_every_table_of_a_schema_is_known_to_the_walker(alpha, broom):
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s"
    there = {name for (name,) in broom.execute(query, [alpha.stand.schema])}
    known = {sheet.name for sheet in walking.sheets()} | set(walking.tables_left())
    assert known == there
    query = "SELECT sequencename FROM pg_sequences WHERE schemaname = %s"
    assert set(walking.sequence_names()) == {name for (name,) in broom.execute(query, [alpha.stand.schema])}


def test_a_worker_knows_all_of_them_without_having_shown_a_page():
    ask = "import rooms; rooms.open_all(); from kernel.database import TenantBase as T; print(*sorted(T.metadata.tables))"
    told = subprocess.run([sys.executable, "-c", ask], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == sorted(database.TenantBase.metadata.tables)


SOUNDS_SECRET = ("secret", "token", "digest", "code")


def test_every_column_that_sounds_like_a_secret_stays(house):
    leaving = {f"{sheet.name}.{column.name}" for sheet in walking.sheets() for column in sheet.columns}
    # The seals of the audit trail are there to be compared.
    leaving.discard("audit_seal.digest")
    assert [name for name in leaving if any(word in name for word in SOUNDS_SECRET)] == []


def test_a_schema_that_is_behind_is_exported_as_it_is(furnished, broom, tmp_path):
    """As during a rolling deploy, or in a cluster recovered to before one."""
    with broom.transaction(force_rollback=False):
        broom.execute(f'ALTER TABLE "{furnished.stand.schema}".ticket RENAME COLUMN rating_comment TO not_yet'.encode())
    try:
        archive = written(furnished, tmp_path / "a.zip")
    finally:
        broom.execute(f'ALTER TABLE "{furnished.stand.schema}".ticket RENAME COLUMN not_yet TO rating_comment'.encode())
    assert "rating_comment" not in rows_of(archive, "ticket")[0]
    importing.import_as("gamma", reading.check(tmp_path / "a.zip"))


def test_a_snapshot_sees_nothing_of_what_comes_later(alpha, in_tenant):
    with database.snapshot(alpha.stand) as session:
        assert session.execute(text("SELECT count(*) FROM customer")).scalar() == 0
        with in_tenant(alpha) as other:
            factories.customer(other)
        assert session.execute(text("SELECT count(*) FROM customer")).scalar() == 0


def test_a_snapshot_writes_nothing(alpha):
    with pytest.raises(Exception, match="read-only"), database.snapshot(alpha.stand) as session:
        session.execute(text("DELETE FROM customer"))


def test_staff_are_kept_with_their_passwords(furnished, in_tenant, tmp_path):
    written(furnished, tmp_path / "a.zip")
    arrived = importing.import_as("gamma", reading.check(tmp_path / "a.zip"))
    assert registry.find("gamma") == arrived
    with in_tenant(arrived) as session:
        assert all(member.password_hash for member in staff.active(session))


def test_a_row_of_every_table_travels(alpha, broom, in_tenant, tmp_path):
    """Rows made from the models alone, so that a new table is among them; what stays at home is named with its reason."""
    crowded = foreign_house(alpha)
    broom.execute(crowded.furnishing().encode())
    crowded.put_files()
    # Its events are made up, and so must be their seals.
    broom.execute(f'DELETE FROM "{alpha.stand.schema}".audit_seal'.encode())
    with in_tenant(alpha) as session:
        audit.seal(session, is_trusted=True)
    first = written(alpha, tmp_path / "first.zip")
    rows = {name: facts["rows"] for name, facts in json.loads(first.read("manifest.json"))["tables"].items()}
    assert [name for name, count in rows.items() if not count] == []
    assert set(rows) | set(walking.tables_left()) == set(database.TenantBase.metadata.tables)
    arrived = importing.import_as("gamma", reading.check(tmp_path / "first.zip"))
    second = written(arrived, tmp_path / "second.zip")
    assert [name for name in first.namelist() if name != "manifest.json" and first.read(name) != second.read(name)] == []
