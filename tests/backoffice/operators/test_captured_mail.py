"""Captured mail can be read by people and by scripts, in demo and test mode only."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from kernel import clock, database, settings
from notifications.models import CapturedMail

PAGES = ("/dev/mail", "/dev/mail.json", "/dev/mail/one@alpha.localhost", "/dev/mail/one@alpha.localhost/html")


@pytest.fixture
def mails(house):
    """Two mails: the older to Mei, the newer to Ann."""
    html = '<html><head></head><body><a href="http://alpha.localhost:8000/en/">go</a><script>alert(1)</script></body></html>'
    now = clock.now()
    with database.transaction() as session:
        for key, to, subject, age in (("one", "mei@mail.example", "第一封", 2), ("two", "ann@mail.example", "Second", 1)):
            facts = {"to_address": to, "sender": "Alpha <no-reply@frontdesk.example>", "subject": subject}
            mail = CapturedMail(message_id=f"<{key}@alpha.localhost>", text=f"Text of {key}", html=html, **facts)
            mail.sent_at = now - timedelta(minutes=age)
            session.add(mail)


def test_the_list_shows_the_newest_first(mails, browse):
    page = browse(None).get("/dev/mail").text
    assert page.index("Second") < page.index("第一封")


def test_the_list_can_be_narrowed_to_one_reader(mails, browse):
    page = browse(None).get("/dev/mail?to=MEI@mail.example").text
    assert "第一封" in page
    assert "Second" not in page


def test_an_empty_list_says_what_to_do(house, browse):
    assert "Send a request in a help centre" in browse(None).get("/dev/mail").text
    assert "No mail to this address" in browse(None).get("/dev/mail?to=nobody@mail.example").text


def test_one_mail_shows_its_text_and_frames_its_html(mails, browse):
    page = browse(None).get("/dev/mail/one@alpha.localhost").text
    assert "Text of one" in page
    assert 'src="/dev/mail/one@alpha.localhost/html"' in page
    assert "alert(1)" not in page


def test_the_html_of_a_mail_can_run_nothing_and_opens_its_links_elsewhere(mails, browse):
    answer = browse(None).get("/dev/mail/one@alpha.localhost/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_blank">' in answer.text


def test_scripts_read_the_mails_to_an_address_oldest_first(mails, browse):
    found = browse(None).get("/dev/mail.json").json
    assert [mail["subject"] for mail in found] == ["第一封", "Second"]
    assert set(found[0]) == {"to", "from", "subject", "text", "html", "message_id", "sent_at"}
    assert datetime.fromisoformat(found[0]["sent_at"]).tzinfo is not None
    assert [mail["to"] for mail in browse(None).get("/dev/mail.json?to=mei@mail.example").json] == ["mei@mail.example"]
    assert browse(None).get("/dev/mail.json?to=nobody@mail.example").json == []


def test_an_unknown_mail_is_not_found(mails, browse):
    assert browse(None).get("/dev/mail/three@alpha.localhost").status_code == 404
    assert browse(None).get("/dev/mail/three@alpha.localhost/html").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_in_production_there_is_no_captured_mail(mails, browse, house, path):
    browser = browse(None)
    assert browser.get(path).status_code == 200
    settings.use(replace(house, mode="production"))
    try:
        assert browser.get(path).status_code == 404
    finally:
        settings.use(house)


@pytest.mark.parametrize("path", PAGES)
def test_a_tenants_host_shows_no_captured_mail(mails, alpha, browse, path):
    assert browse(alpha).get(path).status_code == 404


@pytest.mark.parametrize("path", ["/dev/mail?to=%00", "/dev/mail.json?to=%ff"])
def test_damaged_input_is_refused(house, browse, path):
    assert browse(None).get(path).status_code == 400
