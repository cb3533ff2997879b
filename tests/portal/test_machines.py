"""For machines: sitemaps, feeds, plain texts, JSON-LD; and that none of them tells what a visitor may not read."""

import json
import re
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from kernel.actors import SYSTEM
from knowledge_base.articles import commands, queries
from knowledge_base.articles.models import Article, ArticleStatus, Category
from tests import factories

HOST = "http://alpha.localhost:8000"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def shelf(in_tenant, alpha, run_due):
    """An article in two languages, one in English only, and a draft."""
    with in_tenant(alpha) as session:
        place = commands.add_category(session, names={"en": "Bills", "zh_Hant": "帳單"}, parent=None, actor=SYSTEM)
        english = factories.article(session, title="Refunds & <more>", summary="How to get one.", category=place)
        key = {"translation_key": english.translation_key, "category": place}
        made = {
            "english": english,
            "chinese": factories.article(session, title="退款", language="zh_Hant", body="三天內退款。", **key),
            "alone": factories.article(session, title="Parking", body="Behind the **house**.", category=place),
            "draft": factories.article(session, title="Secret", summary="secret", category=place, status=ArticleStatus.DRAFT),
        }
    run_due()
    return made


def xml(answer):
    assert answer.status_code == 200
    return ElementTree.fromstring(answer.data)


def test_the_sitemaps_index_names_only_languages_in_which_there_is_something(browse, alpha, shelf):
    root = xml(browse(alpha).get("/sitemap.xml"))
    assert [one.text for one in root.iter(f"{SITEMAP}loc")] == [f"{HOST}/sitemap-zh-hant.xml", f"{HOST}/sitemap-en.xml"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one.text) for one in root.iter(f"{SITEMAP}lastmod"))
    assert browse(alpha).get("/sitemap-zh-hans.xml").status_code == 404


def test_a_sitemap_lists_public_pages_with_their_translations_both_ways(browse, alpha, shelf):
    def alternates(language):
        root = xml(browse(alpha).get(f"/sitemap-{language}.xml"))
        return {
            url.find(f"{SITEMAP}loc").text: {link.get("hreflang"): link.get("href") for link in url.iter(f"{XHTML}link")}
            for url in root
        }

    english, chinese = alternates("en"), alternates("zh-hant")
    first, other = (HOST + shelf[name].public_path for name in ("english", "chinese"))
    other = next(url for url in chinese if "/a/" in url)
    assert english[first] == chinese[other] == {"zh-Hant": other, "en": first, "x-default": first}
    assert english[f"{HOST}/en/a/{shelf['alone'].id}-parking"] == {}
    assert set(english[f"{HOST}/en/"]) == {"zh-Hant", "zh-Hans", "en", "x-default"}
    assert f"{HOST}/en/c/{shelf['alone'].category_id}-bills" in english
    assert not any("secret" in url for url in english)


def test_every_address_of_the_sitemaps_answers_and_says_of_itself_what_the_sitemap_says(browse, alpha, shelf):
    browser = browse(alpha)
    for language in ("en", "zh-hant"):
        for url in xml(browser.get(f"/sitemap-{language}.xml")):
            here = url.find(f"{SITEMAP}loc").text
            page = browser.get(here.removeprefix(HOST))
            assert page.status_code == 200
            assert re.search(r'rel="canonical" href="([^"]+)"', page.text)[1] == here
            told = dict(re.findall(r'rel="alternate" hreflang="([^"]+)" href="([^"]+)"', page.text))
            assert told == {link.get("hreflang"): link.get("href") for link in url.iter(f"{XHTML}link")}


def structured(page):
    return json.loads(re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)[1])


def test_an_article_says_what_it_is_in_json_ld(browse, alpha, shelf):
    article = shelf["english"]
    page = browse(alpha).get(article.public_path).text
    about, crumbs = structured(page)["@graph"]
    assert (about["@type"], about["headline"], about["inLanguage"]) == ("Article", "Refunds & <more>", "en")
    assert about["description"] == "How to get one."
    assert about["datePublished"] <= about["dateModified"]
    assert about["publisher"] == {"@type": "Organization", "name": "Alpha Hotels", "url": f"{HOST}/"}
    names = [item["name"] for item in crumbs["itemListElement"]]
    assert (crumbs["@type"], names) == ("BreadcrumbList", ["Help centre", "Bills", "Refunds & <more>"])
    assert all(item["item"].startswith(HOST) for item in crumbs["itemListElement"])
    assert "<more>" not in page.partition("ld+json")[2].partition("</script>")[0]


def test_the_home_page_is_the_organisations(browse, alpha, shelf):
    assert structured(browse(alpha).get("/en/").text)["@type"] == "Organization"


def test_only_a_category_that_is_marked_is_an_faq(browse, alpha, shelf, in_tenant, staff_browser):
    place = f"/en/c/{shelf['alone'].category_id}-bills"
    assert "FAQPage" not in browse(alpha).get(place).text
    answer = staff_browser(alpha, "manager").submit(
        "/desk/categories", {"is_faq": "yes"}, to=f"/desk/categories/{shelf['alone'].category_id}/faq"
    )
    assert answer.status_code == 303
    faq, _crumbs = structured(browse(alpha).get(place).text)["@graph"]
    asked = {one["name"]: one["acceptedAnswer"]["text"] for one in faq["mainEntity"]}
    assert asked == {"Refunds & <more>": "How to get one.", "Parking": "Behind the house."}


def test_an_agent_cannot_say_what_is_an_faq(alpha, shelf, staff_browser):
    address = f"/desk/categories/{shelf['alone'].category_id}/faq"
    assert staff_browser(alpha).submit("/desk/categories", {"is_faq": "yes"}, to=address).status_code == 403


def test_the_second_page_of_a_category_is_its_own_and_no_translation(browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        place = factories.category(session, "Bills")
        for _ in range(26):
            factories.article(session, category=place)
    page = browse(alpha).get(f"/en/c/{place.id}-bills?page=2").text
    assert f'rel="canonical" href="{HOST}/en/c/{place.id}-bills?page=2"' in page
    assert "hreflang=" not in page.partition("</head>")[0]


def test_an_article_is_there_as_its_author_wrote_it(browse, alpha, shelf):
    answer = browse(alpha).get(f"/en/a/{shelf['alone'].id}.md")
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("# Parking\n\nBehind the **house**.")
    assert answer.text.endswith(f"{HOST}/en/a/{shelf['alone'].id}-parking\n")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert f'href="/en/a/{shelf["alone"].id}.md"' in browse(alpha).get(shelf["alone"].public_path).text
    moved = browse(alpha).get(f"/zh-hans/a/{shelf['alone'].id}.md")
    assert (moved.status_code, moved.headers["Location"]) == (301, f"/en/a/{shelf['alone'].id}.md")


def test_the_list_for_models_holds_every_article_by_category(browse, alpha, shelf):
    text = browse(alpha).get("/llms.txt").text
    assert text.startswith("# Alpha Hotels\n\n> ")
    assert "## English: Bills\n" in text
    assert "## 繁體中文: 帳單\n" in text
    assert text.index("English: Bills") < text.index("繁體中文: 帳單")
    assert f"- [Parking]({HOST}/en/a/{shelf['alone'].id}.md)" in text


def test_the_feed_tells_what_changed_last_first(browse, alpha, shelf, in_tenant, travel):
    from datetime import timedelta

    travel(timedelta(hours=1))
    with in_tenant(alpha) as session:
        article = queries.get(session, shelf["english"].id, actor=SYSTEM)
        commands.change(session, article, values={"body": "New."}, revision=None, actor=SYSTEM)
    root = xml(browse(alpha).get("/en/feed.xml"))
    entries = root.findall(f"{ATOM}entry")
    assert [entry.find(f"{ATOM}title").text for entry in entries] == ["Refunds & <more>", "Parking"]
    assert root.find(f"{ATOM}updated").text == entries[0].find(f"{ATOM}updated").text
    for required in ("id", "title", "updated"):
        assert all(entry.find(f"{ATOM}{required}") is not None for entry in [root, *entries])
    assert 'type="application/atom+xml"' in browse(alpha).get("/en/").text


def test_a_language_without_articles_has_an_empty_feed(browse, alpha, shelf):
    assert xml(browse(alpha).get("/zh-hans/feed.xml")).findall(f"{ATOM}entry") == []


def test_what_xml_cannot_hold_does_not_break_it(browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        factories.article(session, title="A\ufffeB", summary="C\uffffD")
    assert "AB" in xml(browse(alpha).get("/en/feed.xml")).find(f"{ATOM}entry/{ATOM}title").text


def test_robots_txt_names_the_sitemap(browse, alpha):
    assert f"Sitemap: {HOST}/sitemap.xml" in browse(alpha).get("/robots.txt").text


@pytest.mark.parametrize("address", ["/nowhere", "/en/a/424242-x", "/en/search?q=x", "/en/requests", "/signin", "/account"])
def test_search_engines_keep_none_of_what_is_nothing_or_somebodys(browse, alpha, address):
    assert browse(alpha).get(address).headers["X-Robots-Tag"] == "noindex"


def surfaces(article):
    """Every public place that an article could show up in."""
    path = {"en": "en", "zh_Hant": "zh-hant", "zh_Hans": "zh-hans"}[article.language]
    return [
        "/sitemap.xml",
        f"/sitemap-{path}.xml",
        f"/{path}/feed.xml",
        "/llms.txt",
        f"/{path}/a/{article.id}.md",
        f"/{path}/a/{article.id}-x",
        f"/{path}/",
        f"/{path}/c/{article.category_id}-bills",
        f"/{path}/search?q=canary",
        f"/{path}/search/suggestions?q=canary",
        f"/{path}/requests/suggestions?subject=canary",
    ]


@pytest.fixture
def canary(in_tenant, alpha, shelf, run_due):
    """An article that was public and is withdrawn now; the rest of the shelf is still there."""
    with in_tenant(alpha) as session:
        place = session.scalar(select(Category))
        words = {"title": "Canary refunds", "summary": "canary", "body": "canary refunds more"}
        article = factories.article(session, category=place, **words)
    run_due()
    return article


@pytest.fixture
def withdraw(in_tenant, alpha):
    def gone(article):
        with in_tenant(alpha) as session:
            commands.withdraw(session, queries.get(session, article.id, actor=SYSTEM), actor=SYSTEM)

    return gone


@pytest.mark.parametrize("role", ["visitor", "customer", "agent", "admin"])
def test_a_withdrawn_article_is_nowhere_at_once_not_even_before_the_index_knows(
    browse, customer_browser, staff_browser, alpha, shelf, canary, withdraw, role
):
    """Staff too: who is signed in at the desk is a visitor at the portal."""
    browser = {"visitor": lambda: browse(alpha), "customer": lambda: customer_browser(alpha)}.get(
        role, lambda: staff_browser(alpha, role)
    )()
    shown = [address for address in surfaces(canary) if "anary" in browser.get(address).text]
    assert len(shown) >= 9
    withdraw(canary)
    related = shelf["english"].public_path
    assert [address for address in [*surfaces(canary), related] if _tells(browser.get(address))] == []


def _tells(answer):
    """Whether an answer shows the canary other than as what the reader typed."""
    said = answer.text
    for typed in ('value="canary"', "“canary”", "subject=canary", "q=canary", "q%3Dcanary", "Search: canary"):
        said = said.replace(typed, "")
    return "anary" in said


def test_what_caches_keep_must_be_asked_for_again_and_costs_nothing_unchanged(browse, alpha, canary, withdraw):
    browser = browse(alpha)
    for address in ("/sitemap.xml", "/sitemap-en.xml", "/en/feed.xml", "/llms.txt", f"/en/a/{canary.id}.md"):
        first = browser.get(address)
        assert first.headers["Cache-Control"] == "public, no-cache"
        assert "Set-Cookie" not in first.headers
        assert browser.get(address, **{"If-None-Match": first.headers["ETag"]}).status_code == 304
    tag = browser.get("/en/feed.xml").headers["ETag"]
    withdraw(canary)
    assert browser.get("/en/feed.xml", **{"If-None-Match": tag}).status_code == 200


def test_another_tenants_machines_read_nothing_of_ours(browse, beta, shelf):
    for address in ("/sitemap.xml", "/llms.txt", "/en/feed.xml"):
        assert "arking" not in browse(beta).get(address).text
    assert browse(beta).get(f"/en/a/{shelf['alone'].id}.md").status_code == 404


def test_more_articles_cost_no_more_statements(browse, alpha, shelf, in_tenant, count_statements):
    addresses = ("/sitemap.xml", "/sitemap-en.xml", "/en/feed.xml", "/llms.txt")

    def cost():
        browser = browse(alpha)
        browser.get(addresses[0])
        with count_statements() as seen:
            for address in addresses:
                browser.get(address)
        return len(seen)

    before = cost()
    with in_tenant(alpha) as session:
        place = session.scalar(select(Category))
        for _ in range(5):
            factories.article(session, category=place)
    assert cost() == before
    assert before <= 10


def test_the_public_path_is_the_portals_own_address(browse, alpha, in_tenant, shelf):
    with in_tenant(alpha) as session:
        article = session.scalar(select(Article).where(Article.title == "退款"))
    answer = browse(alpha).get(article.public_path)
    assert answer.status_code == 200
