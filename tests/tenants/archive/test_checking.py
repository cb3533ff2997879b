"""An archive is looked at to the last byte before anything of it is believed."""

import csv
import hashlib
import io
import json
import zipfile

import pytest
from sqlalchemy import select

from kernel import database
from kernel.actors import SYSTEM
from service_desk.tickets.models import Ticket
from tenants import registry
from tenants.archive import exports, importing, reading
from tenants.archive.reading import ArchiveDamaged, ArchiveTooNew, TenantNotEmpty
from tenants.provisioning import SlugTaken
from tests import factories


@pytest.fixture
def archive(alpha, in_tenant, tmp_path):
    with in_tenant(alpha) as session:
        factories.ticket(session, subject="Original")
    path = tmp_path / "a.zip"
    exports.write_for_operator(alpha, path, actor=SYSTEM, progress=lambda done, of: None)
    return path


def rewrite(path, *, change=lambda name, content: content, manifest=lambda facts: None, more=()):
    """Pack the archive anew with its members changed, as somebody who tampers would."""
    old = zipfile.ZipFile(path)
    contents = {name: change(name, old.read(name)) for name in old.namelist()}
    facts = json.loads(contents["manifest.json"])
    manifest(facts)
    contents["manifest.json"] = json.dumps(facts).encode()
    target = path.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as new:
        for name, content in [*contents.items(), *more]:
            if content is not None:
                new.writestr(name, content)
    return target


def test_a_sound_archive_is_believed(archive):
    checked = reading.check(archive)
    assert checked.facts["name"] == "Alpha Hotels"
    assert checked.rows > 0


def test_a_changed_row_is_noticed(archive):
    changed = rewrite(archive, change=lambda name, content: content.replace(b"Original", b"Tampered"))
    with pytest.raises(ArchiveDamaged, match="damaged or was changed"):
        reading.check(changed)


def test_a_missing_and_an_added_member_are_noticed(archive):
    missing = rewrite(archive, change=lambda name, content: None if name == "tables/event.csv" else content)
    with pytest.raises(ArchiveDamaged) as refusal:
        reading.check(missing)
    assert "tables/event.csv" in str(refusal.value)
    with pytest.raises(ArchiveDamaged) as refusal:
        reading.check(rewrite(archive, more=[("files/evil", b"x")]))
    assert "files/evil" in str(refusal.value)


def test_a_file_under_a_false_name_is_noticed(archive):
    name = f"files/aa/{'a' * 64}"
    member = {"size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    with pytest.raises(ArchiveDamaged):
        reading.check(rewrite(archive, more=[(name, b"x")], manifest=lambda facts: facts["members"].update({name: member})))


@pytest.mark.parametrize("cut", [0, 100, -30])
def test_a_download_cut_short_is_noticed(archive, cut):
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(ArchiveDamaged):
        reading.check(archive)


@pytest.mark.parametrize("manifest", [b"[]", b"{}", b"not json", b'{"product": "other"}'])
def test_any_other_zip_file_is_refused(tmp_path, house, manifest):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as other:
        other.writestr("manifest.json", manifest)
    with pytest.raises(ArchiveDamaged):
        reading.check(tmp_path / "x.zip")


def newer_column(facts):
    facts["tables"]["ticket"]["columns"].append({"name": "mood", "type": "TEXT", "nullable": True})


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts.update(format=99),
        lambda facts: facts.update(revision="9999"),
        lambda facts: facts["tables"].update(invoice={"rows": 0, "columns": [], "key": ["id"]}),
        newer_column,
    ],
)
def test_an_archive_of_a_newer_frontdesk_is_refused(archive, change):
    with pytest.raises(ArchiveTooNew, match="newer"):
        reading.check(rewrite(archive, manifest=change))


def test_an_older_archive_is_read_and_what_it_did_not_know_is_as_for_new_rows(archive, in_tenant):
    """As if written before tickets had ratings."""
    gone = ("rating", "rating_comment", "rated_at")

    def older(name, content):
        if name != "tables/ticket.csv":
            return content
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        kept = [column for column in rows[0] if column not in gone]
        out = io.StringIO()
        writer = csv.DictWriter(out, kept, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().encode()

    def say_so(facts):
        table = facts["tables"]["ticket"]
        table["columns"] = [column for column in table["columns"] if column["name"] not in gone]
        content = older("tables/ticket.csv", zipfile.ZipFile(archive).read("tables/ticket.csv"))
        sha256 = hashlib.sha256(content).hexdigest()
        facts["members"]["tables/ticket.csv"] = {"size": len(content), "sha256": sha256}

    arrived = importing.import_as("gamma", reading.check(rewrite(archive, change=older, manifest=say_so)))
    with in_tenant(arrived) as session:
        ticket = session.scalars(select(Ticket)).one()
        assert (ticket.subject, ticket.rating, ticket.rating_comment) == ("Original", None, "")


def test_a_tenant_with_a_past_is_not_written_over(archive, beta, in_tenant):
    with in_tenant(beta) as session:
        factories.customer(session)
    with pytest.raises(TenantNotEmpty), in_tenant(beta) as session:
        reading.load(session, reading.check(archive))


def test_an_address_that_is_taken_is_refused_and_nothing_changes_there(archive, beta, in_tenant):
    with pytest.raises(SlugTaken):
        importing.import_as("beta", reading.check(archive))
    assert registry.find("beta").name == "貝塔顧問"
    with database.transaction(beta.stand) as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM ticket").scalar() == 0


def test_the_manifest_has_a_line_for_each_fact_table_and_member(archive):
    with zipfile.ZipFile(archive) as opened:
        text = opened.read("manifest.json").decode()
        members = set(opened.namelist()) - {"manifest.json"}
    manifest = json.loads(text)
    assert set(manifest["members"]) == members
    beginnings = {line.partition(":")[0] for line in text.splitlines()}
    assert {json.dumps(name) for name in (*manifest, *manifest["tables"], *members)} <= beginnings
