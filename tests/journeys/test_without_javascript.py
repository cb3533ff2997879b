"""The five core jobs with JavaScript off: read, search, send, reply, sign in."""

import pytest
from playwright.sync_api import expect

from tests.running import links_in

PLACES = [("acme", "en", "password"), ("ruiju", "zh-hant", "退房")]


@pytest.fixture(params=PLACES, ids=lambda place: place[1])
def place(request):
    return request.param


def test_reading_and_searching(demo, open_page, place):
    slug, path, words = place
    page = open_page(scripts=False)
    page.goto(demo.url(slug, f"/{path}/"))
    page.locator("main a[href*='/a/']").first.click()
    expect(page.locator("h1")).to_be_visible()
    page.goto(demo.url(slug, f"/{path}/"))
    page.locator("main input[name=q]").first.fill(words)
    page.locator("main input[name=q]").first.press("Enter")
    page.wait_for_url("**/search?**")
    expect(page.locator("main mark").first).to_be_visible()


def test_sending_and_replying(demo, open_page, place):
    slug, path, _words = place
    page = open_page(scripts=False, width=360)
    page.goto(demo.url(slug, f"/{path}/requests/new"))
    page.fill("[name=subject]", "No scripts here")
    page.fill("[name=body]", "It works all the same.")
    page.fill("[name=email]", f"plain-{path}@story.example")
    page.locator("main form[method=post] button:not([type=button])").last.click()
    page.wait_for_url("**/requests/*-*-*-*-*")
    page.fill("textarea[name=body]", "And one more thing.")
    page.locator("form:has(textarea[name=body]) button:not([type=button])").last.click()
    expect(page.get_by_text("And one more thing.").first).to_be_visible()


def test_signing_in_by_the_link_of_a_mail(demo, open_page, place):
    slug, path, _words = place
    email = f"link-{path}@story.example"
    page = open_page(scripts=False, locale="zh-TW" if path == "zh-hant" else "en-GB")
    page.goto(demo.url(slug, "/signin"))
    page.fill("[name=email]", email)
    page.locator("main form:has([name=email]) button:not([type=button])").first.click()
    mail = demo.wait_for_mail(email, "/signin/link/")
    page.goto(next(link for link in links_in(mail["text"]) if "/signin/link/" in link))
    page.locator("main form[method=post] button").last.click()
    page.goto(demo.url(slug, f"/{path}/requests"))
    expect(page).to_have_url(demo.url(slug, f"/{path}/requests"))


def test_signing_in_by_the_code_of_a_mail(demo, open_page):
    email = "code@story.example"
    page = open_page(scripts=False)
    page.goto(demo.url("acme", "/signin"))
    page.fill("[name=email]", email)
    page.locator("main form:has([name=email]) button:not([type=button])").first.click()
    mail = demo.wait_for_mail(email, "/signin/link/")
    page.fill("[name=code]", mail["subject"].split()[0])
    page.locator("main form:has([name=code]) button:not([type=button])").last.click()
    page.goto(demo.url("acme", "/en/requests"))
    expect(page).to_have_url(demo.url("acme", "/en/requests"))
