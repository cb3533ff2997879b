"""Taking everything along from the settings: asked for, made by a worker, downloaded by administrators for a week."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import database
from notifications.models import CapturedMail
from tenants.archive.models import DataExport
from tenants.permissions import Role
from tests import factories

PAGE = "/desk/settings/export"


@pytest.fixture
def admin(alpha, staff_browser):
    return staff_browser(alpha, Role.ADMIN)


def the_export(alpha) -> DataExport:
    with database.transaction(alpha.stand) as session:
        return session.scalars(select(DataExport)).one()


@pytest.fixture
def address(alpha, admin, in_tenant, run_due) -> str:
    """The address of a finished export."""
    with in_tenant(alpha) as session:
        factories.ticket(session)
    assert admin.submit(PAGE, {}).status_code == 303
    run_due()
    return f"{PAGE}/{the_export(alpha).key}.zip"


def test_it_is_promised_shown_and_announced_by_mail(admin, alpha, run_due):
    admin.submit(PAGE, {})
    waiting = admin.get(PAGE).text
    assert "Being made" in waiting
    assert "Waiting for its turn" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert admin.submit(PAGE, {}).status_code == 409
    run_due()
    ready = admin.get(PAGE).text
    assert "Download" in ready
    assert the_export(alpha).sha256 in ready
    assert "every 2s" not in admin.get(f"{PAGE}/list").text
    with database.transaction() as session:
        mail = session.scalars(select(CapturedMail)).one()
    assert (mail.to_address, mail.subject) == ("admin@alpha.example", "Your export of Alpha Hotels is ready")
    assert "http://alpha.localhost:8000/desk/settings/export" in mail.text


def test_what_is_downloaded_is_what_was_promised(admin, alpha, address):
    answer = admin.get(address)
    assert answer.status_code == 200
    assert hashlib.sha256(answer.data).hexdigest() == the_export(alpha).sha256
    assert zipfile.ZipFile(io.BytesIO(answer.data)).testzip() is None
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=alpha-20")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")


def test_a_download_that_broke_off_goes_on(admin, address):
    whole = admin.get(address)
    tag = whole.headers["ETag"]
    rest = admin.get(address, **{"Range": "bytes=100-", "If-Range": tag})
    assert (rest.status_code, rest.data) == (206, whole.data[100:])
    assert rest.headers["Content-Range"] == f"bytes 100-{len(whole.data) - 1}/{len(whole.data)}"
    assert admin.get(address, **{"Range": "bytes=100-", "If-Range": '"another"'}).status_code == 200
    assert admin.get(address, Range="bytes=999999999-").status_code == 416


def test_it_can_be_fetched_for_a_week(admin, alpha, address, travel, run_due):
    travel(timedelta(days=8))
    run_due()
    gone = admin.get(address)
    assert (gone.status_code, "has expired" in gone.text) == (410, True)
    assert "Expired" in admin.get(PAGE).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT, Role.MANAGER, None])
def test_only_administrators_fetch_it_whoever_has_the_address(alpha, address, browse, staff_browser, role):
    browser = staff_browser(alpha, role) if role else browse(alpha)
    expected = 403 if role else 303
    assert browser.get(address).status_code == expected
    assert browser.get(PAGE).status_code == expected


def test_at_another_tenant_there_is_nothing_at_that_address(beta, address, staff_browser):
    assert staff_browser(beta, Role.ADMIN).get(address).status_code == 404


def test_nobody_guesses_an_address(admin, address):
    assert admin.get(f"{PAGE}/7b0f2a52-0000-4000-8000-000000000000.zip").status_code == 404


def test_a_download_is_on_record(admin, alpha, address):
    from kernel.events import Event

    admin.get(address)
    with database.transaction(alpha.stand) as session:
        names = session.scalars(select(Event.name).where(Event.subject_type == "data_export")).all()
    assert sorted(names) == ["data_export.asked", "data_export.downloaded", "data_export.ready"]
