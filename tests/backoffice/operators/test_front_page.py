"""The platform's front page introduces the house and, in a demonstration, its people."""

from dataclasses import replace

import pytest

from kernel import settings


@pytest.fixture
def demo_mode(house):
    settings.use(replace(settings.current(), mode="demo"))
    yield
    settings.use(house)


def test_the_front_page_says_what_frontdesk_is_and_where_operators_go(house, browse):
    page = browse(None).get("/")
    assert page.status_code == 200
    assert "help centre" in page.text
    assert 'href="/ops/"' in page.text


def test_the_demonstration_shows_every_company_with_its_doors_and_sign_ins(demo_mode, browse):
    page = browse(None).get("/").text
    for slug, language in (("ruiju", "zh-hant"), ("ruiju-shanghai", "zh-hans"), ("ruiju-beijing", "zh-hans"), ("acme", "en")):
        assert f'href="http://{slug}.localhost:8000/{language}/"' in page
        assert f'href="http://{slug}.localhost:8000/desk/"' in page
        assert all(f"{who}@{slug}.example" in page for who in ("customer", "agent", "manager", "admin"))
    assert "frontdesk-demo" in page
    assert 'href="/dev/mail"' in page


@pytest.mark.parametrize("mode", ["test", "production"])
def test_outside_a_demonstration_nobody_is_named(house, browse, mode):
    settings.use(replace(house, mode=mode))
    try:
        page = browse(None).get("/").text
    finally:
        settings.use(house)
    assert "frontdesk-demo" not in page
    assert "acme" not in page


def test_an_address_that_is_none_of_ours_is_a_page_that_names_nobody(house, browse, alpha):
    browser = browse(None)
    browser.host = "nobody.localhost:8000"
    page = browser.get("/")
    assert page.status_code == 404
    assert "Alpha" not in page.text


def test_the_platform_speaks_the_language_of_the_browser(house, browse):
    assert 'lang="zh-Hant"' in browse(None, "zh-TW").get("/").text
    assert 'lang="zh-Hans"' in browse(None, "zh-CN").get("/").text
