"""Somebody leaves: takes everything along, closes the house, looks at the closed door, and changes their mind."""

import zipfile

import pytest

from tests.journeys.conftest import axe_faults

PASSWORD = "a password for leaving"


def faults(page):
    found = axe_faults(page)
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        found.append("scrolls sideways")
    return found


@pytest.mark.timeout(180)
def test_an_administrator_takes_everything_along_closes_and_comes_back(demo, open_page, tmp_path):
    slug, email = "leaving", "admin@leaving.example"
    create = ("tenants", "create", slug, "--name", "Leaving Ltd", "--admin-email", email, "--admin-password", PASSWORD)
    demo.command(*create)
    page = open_page(width=320)
    page.goto(demo.url(slug, "/desk/signin"))
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(demo.url(slug, "/desk/"))

    page.goto(demo.url(slug, "/desk/settings/export"))
    page.get_by_role("button", name="Export everything").click()
    page.get_by_role("link", name="Download").wait_for(timeout=30_000)  # no reload: the page asks for itself
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "all.zip")
    assert "tables/staff_member.csv" in zipfile.ZipFile(tmp_path / "all.zip").namelist()
    demo.wait_for_mail(email, "Your export of Leaving Ltd is ready")

    page.goto(demo.url(slug, "/desk/settings/closing"))
    page.get_by_label("Address of this workspace").fill(slug)
    page.get_by_role("button", name="Close this workspace").click()
    page.get_by_text("Leaving Ltd will be erased on").wait_for()
    assert faults(page) == []
    demo.wait_for_mail(email, "Leaving Ltd will be erased on")
    visitor = open_page(width=320)
    assert visitor.goto(demo.url(slug, "/")).status == 503
    assert visitor.get_by_role("heading", name="Leaving Ltd has closed").is_visible()
    assert faults(visitor) == []

    page.get_by_role("button", name="Undo the closing").click()
    page.get_by_role("button", name="Close this workspace").wait_for()
    assert visitor.goto(demo.url(slug, "/en/")).status == 200
