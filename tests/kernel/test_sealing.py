"""Sealing: what a stolen dump or disk must not give away."""

import hashlib
import io
from dataclasses import replace

import pytest
from sqlalchemy import text

from kernel import database, files, sealing, settings
from kernel.files import Upload
from kernel.sealing import Unreadable
from kernel.tenancy import PLATFORM


@pytest.fixture(autouse=True)
def _fresh_keys(house):
    sealing.forget_keys()
    yield
    sealing.forget_keys()


def test_what_was_sealed_is_read_again_and_looks_like_nothing(session):
    sealed = sealing.seal(session, "JBSWY3DPEHPK3PXP", purpose="second step")
    assert "JBSWY3" not in sealed
    assert sealing.unseal(session, sealed, purpose="second step") == "JBSWY3DPEHPK3PXP"


def test_sealing_twice_gives_two_texts(session):
    once, twice = (sealing.seal(session, "the same", purpose="x") for _ in range(2))
    assert once != twice


def test_another_purpose_or_a_changed_letter_does_not_open_it(session):
    sealed = sealing.seal(session, "secret", purpose="second step")
    other = "A" if sealed[20] != "A" else "B"
    for text_, purpose in ((sealed, "file"), (sealed[:20] + other + sealed[21:], "second step"), ("no base64!", "second step")):
        with pytest.raises(Unreadable):
            sealing.unseal(session, text_, purpose=purpose)


def test_another_tenant_does_not_open_it(alpha, beta, in_tenant):
    with in_tenant(alpha) as session:
        sealed = sealing.seal(session, "secret", purpose="x")
    with in_tenant(beta) as session, pytest.raises(Unreadable):
        sealing.unseal(session, sealed, purpose="x")


def test_the_database_alone_does_not_open_it(session, monkeypatch):
    sealed = sealing.seal(session, "secret", purpose="x")
    sealing.forget_keys()
    monkeypatch.setenv("FRONTDESK_DATA_KEY", "another installation's")
    with pytest.raises(Unreadable):
        sealing.unseal(session, sealed, purpose="x")


def test_no_tenant_reads_a_key(session):
    with pytest.raises(Exception, match="permission denied"):
        session.execute(text("SELECT wrapped FROM platform.sealing_key"))


def test_a_destroyed_key_leaves_what_was_sealed_unreadable(alpha, in_tenant):
    with in_tenant(alpha) as session:
        sealed = sealing.seal(session, "secret", purpose="x")
    with database.transaction(PLATFORM) as session:
        sealing.destroy_key(session, alpha.stand.schema)
    with in_tenant(alpha) as session, pytest.raises(Unreadable):
        sealing.unseal(session, sealed, purpose="x")


@pytest.fixture
def sealing_files(house):
    settings.use(replace(house, seals_files=True))
    yield
    settings.use(house)


def test_a_sealed_file_lies_on_disk_as_nobody_can_read_it(session, sealing_files):
    (stored,) = files.store_all(session, [Upload("note.txt", io.BytesIO(b"room 301 is Ms Chen's"))])
    path = files.path_of(session, stored.sha256)
    assert not path.exists()
    assert b"Chen" not in path.with_name(f"{path.name}.sealed").read_bytes()
    assert files.read(session, stored.sha256) == b"room 301 is Ms Chen's"


def test_files_from_before_the_setting_are_still_read_and_not_kept_twice(session, house):
    content = b"written in the open, before the setting"
    sha256 = files.keep(session, content)
    settings.use(replace(house, seals_files=True))
    assert files.keep(session, content) == sha256 == hashlib.sha256(content).hexdigest()
    assert files.read(session, sha256) == content
    settings.use(house)
