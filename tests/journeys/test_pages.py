"""What every important page must be: accessible in both themes, narrow enough for any phone, light enough for any network."""

import pytest

from tests.bench.visits import first_link
from tests.journeys.conftest import axe_faults

PASSWORD = "frontdesk-demo"
COLD_PAGE_BYTES = 60_000
PLACES = [("acme", "en"), ("ruiju", "zh-hant"), ("ruiju-shanghai", "zh-hans")]


def public_pages(demo, slug, path):
    home = f"/{path}/"
    article, category = (first_link(demo, slug, home, rf"/{path}/{kind}/[^\"]+") for kind in "ac")
    words = {"en": "invoice", "zh-hant": "發票", "zh-hans": "发票"}[path]
    return [
        home,
        article,
        category,
        f"/{path}/search?q={words}",
        f"/{path}/search?q=qqqqqq",
        f"/{path}/requests/new",
        "/signin",
        "/nowhere",
    ]


@pytest.mark.parametrize(("slug", "path"), PLACES)
@pytest.mark.timeout(180)
def test_public_pages_are_accessible_and_fit_a_phone(demo, open_page, slug, path):
    page = open_page(width=320, locale={"en": "en-GB", "zh-hant": "zh-TW", "zh-hans": "zh-CN"}[path])
    faults = {}
    for address in public_pages(demo, slug, path):
        page.goto(demo.url(slug, address))
        faults[address] = axe_faults(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults[address].append("scrolls sideways at 320 px")
    assert {address: found for address, found in faults.items() if found} == {}


DESK_PAGES = (
    "/desk/",
    "/desk/?view=all",
    "/desk/customers",
    "/desk/articles",
    "/desk/questions",
    "/desk/questions?tab=in_vain",
    "/desk/feedback",
    "/desk/articles/new",
    "/desk/articles/translations",
    "/desk/categories",
    "/desk/snippets",
    "/desk/bell",
    "/desk/me",
    "/desk/tickets/new",
    "/desk/customers/new",
    "/desk/welcome",
    "/desk/help",
    "/desk/settings/support",
    "/desk/settings/",
    "/desk/settings/people",
    "/desk/settings/people/invite",
    "/desk/settings/roles",
    "/desk/settings/roles/new?like=agent",
    "/desk/settings/sign-ins",
    "/desk/settings/branding",
    "/desk/settings/domain",
    "/desk/settings/domain/address",
    "/desk/settings/languages",
    "/desk/settings/modules",
    "/desk/settings/audit?verify=yes&q=ticket",
    "/desk/settings/closing",
    "/desk/settings/export",
    "/desk/settings/demo",
)
ARTICLE_PAGES = ("edit", "settings", "history", "as-readers")


@pytest.mark.parametrize("slug", ["acme", "ruiju"])
@pytest.mark.timeout(180)
def test_desk_pages_are_accessible_and_fit_a_phone(demo, open_page, slug):
    page = open_page(width=320)
    page.goto(demo.url(slug, "/desk/signin"))
    page.fill("[name=email]", f"admin@{slug}.example")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(demo.url(slug, "/desk/"))
    faults = {}
    for listing, kind in (
        ("/desk/?view=all", r"tickets/\d+"),
        ("/desk/customers", r"customers/\d+"),
        ("/desk/articles", r"articles/\d+"),
    ):
        page.goto(demo.url(slug, listing))
        link = page.locator(f"main a[href*='/desk/{kind.partition('/')[0]}/']").evaluate_all(
            "(links, kind) => links.map(a => a.getAttribute('href')).find(href => new RegExp(`^/desk/${kind}$`).test(href))",
            kind,
        )
        faults[link] = None
    article = next(link for link in faults if "/articles/" in link)
    faults |= dict.fromkeys(f"{article}/{page}" for page in ARTICLE_PAGES)
    for address in [*DESK_PAGES, *faults]:
        page.goto(demo.url(slug, address))
        faults[address] = axe_faults(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults[address].append("scrolls sideways at 320 px")
    assert {address: found for address, found in faults.items() if found} == {}


CONSOLE_PAGES = ("", "tenants/", "tenants/new/", "work/", "upkeep/", "operators/", "trail/")


def test_the_platforms_pages_are_accessible_and_fit_a_phone(demo, open_page):
    page = open_page(width=320)
    page.goto(demo.url(None, "/ops/signin"))
    page.fill("[name=email]", "operator@frontdesk.example")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(demo.url(None, "/ops/"))
    page.goto(demo.url(None, "/ops/tenants/"))
    tenant = page.locator("tbody a").first.get_attribute("href")
    faults = {}
    for address in (*(f"/ops/{name}" for name in CONSOLE_PAGES), tenant, "/", "/signup"):
        page.goto(demo.url(None, address))
        faults[address] = axe_faults(page)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            faults[address].append("scrolls sideways at 320 px")
    assert {address: found for address, found in faults.items() if found} == {}


@pytest.mark.parametrize(("slug", "path"), PLACES)
def test_public_pages_are_light(demo, open_page, slug, path):
    heavy = {}
    for address in public_pages(demo, slug, path)[:-1]:
        page = open_page(width=360)
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        received = []
        network.on("Network.loadingFinished", lambda event, received=received: received.append(event["encodedDataLength"]))
        page.goto(demo.url(slug, address), wait_until="networkidle")
        if sum(received) > COLD_PAGE_BYTES or not received:
            heavy[address] = sum(received)
    assert heavy == {}


def test_typing_a_chinese_word_with_an_input_method_asks_once(demo, open_page):
    page = open_page(locale="zh-TW")
    page.goto(demo.url("ruiju", "/zh-hant/"))
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "suggest" in request.url else None)
    page.locator("main input[name=q]").first.focus()
    keyboard = page.context.new_cdp_session(page)
    for draft in ("ㄊ", "ㄊㄨ", "ㄊㄨㄟ", "退", "退ㄈ", "退ㄈㄤ"):
        keyboard.send("Input.imeSetComposition", {"text": draft, "selectionStart": len(draft), "selectionEnd": len(draft)})
        page.wait_for_timeout(260)
    keyboard.send("Input.insertText", {"text": "退房"})
    page.locator("[role=option]").first.wait_for()
    assert len(asked) == 1, asked


def test_suggestions_are_walked_by_keyboard(demo, open_page):
    page = open_page()
    page.goto(demo.url("acme", "/en/"))
    page.locator("main input[name=q]").first.press_sequentially("inv", delay=30)
    page.locator("[role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/a/**")


def test_a_form_posted_by_htmx_carries_its_token(demo, open_page):
    page = open_page()
    page.goto(demo.url("acme", first_link(demo, "acme", "/en/", r"/en/a/[^\"]+")))
    page.locator("form[action$='/vote'] button").first.click()
    page.locator("main [role=status]").first.wait_for()


def test_f1_an_article_opens_in_place_while_the_subject_is_typed_and_yes_sends_nothing(demo, open_page):
    page = open_page(width=360)
    page.goto(demo.url("acme", "/en/requests/new"))
    page.locator("#subject").press_sequentially("invoice", delay=30)
    first = page.locator("#suggested details").first
    first.locator("summary").click()
    assert page.locator("#suggested details").count() <= 3
    assert first.locator(".article-body").is_visible()
    assert page.input_value("#subject") == "invoice"
    first.get_by_role("button", name="Yes, close").click()
    page.get_by_text("Good to hear. Nothing was sent.").wait_for()
    page.goto(demo.url("acme", "/en/requests/new"))
    assert page.input_value("#subject") == ""


def test_k07_insert_puts_the_link_where_the_cursor_is_and_keeps_what_was_typed(demo, open_page):
    page = open_page()
    page.goto(demo.url("acme", "/desk/signin"))
    page.fill("[name=email]", "admin@acme.example")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(demo.url("acme", "/desk/"))
    page.locator("main tbody th a").first.click()
    page.fill("#body", "Hello,")
    page.fill("#answers-search", "invoice")
    page.locator("#answers li", has_text="invoice").locator("[data-insert]").first.click()
    text = page.input_value("#body")
    assert text.startswith("Hello,\n\n")
    assert "/a/" in text
    page.fill("#body", "")
