"""Whatever an author writes, nothing of it runs: in a real browser, with the Content-Security-Policy switched off.

The pages come from the application in this very process, so that all payloads fit into a few page loads.
"""

from urllib.parse import urlsplit

import pytest

from kernel.actors import SYSTEM
from knowledge_base.articles import snippets
from knowledge_base.articles.models import ArticleStatus
from tenants.permissions import Role
from tests import factories
from tests.knowledge_base.payloads import PAYLOADS

_LISTEN = "window.ran = []; for (const name of ['alert', 'confirm', 'prompt']) window[name] = () => window.ran.push(name)"
# Touches everything as a reader might, and asks where the links would lead.
_TOUCH = """() => {
  const kinds = ['click', 'mouseover', 'pointerenter', 'focus', 'focusin', 'toggle', 'animationstart', 'keydown', 'beforematch']
  const touch = element => kinds.forEach(kind => element.dispatchEvent(new Event(kind, {bubbles: true})))
  document.addEventListener('click', event => event.preventDefault(), true)
  document.querySelectorAll('main *').forEach(touch)
  const target = form => new URL(form.getAttribute('action') ?? '', location.href)
  const actions = [...document.querySelectorAll('main form')].map(target)
  return [...document.querySelectorAll('main a'), ...actions].map(one => one.protocol)
}"""
# A colon alone is what a browser calls an address that it cannot read.
_HARMLESS = {"http:", "https:", "mailto:", "tel:", ":"}
_OWN_HEADERS = ("content-length", "set-cookie")


@pytest.fixture
def page_of(chromium):
    """`page_of(browser, path)` opens what the in-process `browser` is answered; returns the page and what ran on it."""
    context = chromium.new_context(bypass_csp=True)
    context.add_init_script(_LISTEN)
    page = context.new_page()

    def opened(browser, path):
        def answer(route):
            url = urlsplit(route.request.url)
            got = browser.get(url.path + (f"?{url.query}" if url.query else ""))
            headers = {name: value for name, value in got.headers.items() if name.lower() not in _OWN_HEADERS}
            route.fulfill(status=got.status_code, headers=headers, body=got.data)

        page.unroute_all()
        page.route("**/*", answer)
        page.goto(f"http://{browser.host}{path}", wait_until="load")
        protocols = set(page.evaluate(_TOUCH))
        page.wait_for_timeout(100)
        return page, page.evaluate("window.ran"), protocols

    yield opened
    context.close()


def everything_in(session):
    """One article whose every part is made of attacks."""
    place = factories.category(session, "<img src=x onerror=alert(1)><script>alert(1)</script>")
    snippets.add(session, name="evil", words={"en": "\n\n".join(PAYLOADS)}, actor=SYSTEM)
    body = "\n\n".join(["## Start", *PAYLOADS, "{{snippet:evil}}", *(f"> [!NOTE]\n> {payload}" for payload in PAYLOADS)])
    words = {"title": '"><svg onload=alert(1)><script>alert(1)</script>', "summary": "</title><img src=x onerror=alert(1)>"}
    keywords = ["<img src=x onerror=alert(1)>"]
    return factories.article(session, body=body, category=place, keywords=keywords, **words)


def test_the_ear_hears_an_attack_that_gets_through(chromium, page_of, browse, alpha):
    page, _ran, _protocols = page_of(browse(alpha), "/en/")
    page.set_content(f"<script>{_LISTEN}</script><main><img src=x onerror=alert(1)><a href=javascript:alert(1)>x</a></main>")
    assert "javascript:" in page.evaluate(_TOUCH)
    page.wait_for_function("window.ran.length > 0")


@pytest.mark.timeout(180)
def test_nothing_of_an_article_runs_for_readers_or_staff(alpha, browse, staff_browser, in_tenant, page_of):
    with in_tenant(alpha) as session:
        article = everything_in(session)
        simplified = factories.article(session, body=article.body, title=article.title, language="zh_Hans")
        draft = factories.article(session, body=article.body, title=article.title, status=ArticleStatus.DRAFT)
    reader, manager = browse(alpha), staff_browser(alpha, Role.MANAGER)
    public = reader.get(f"/en/a/{article.id}").headers["Location"]
    converted = browse(alpha).get(f"/zh-hant/a/{simplified.id}").headers["Location"]
    category = reader.get(f"/en/c/{article.category_id}").headers["Location"]
    own = (f"{draft.id}", f"{article.id}/edit", f"{article.id}/as-readers", f"{article.id}/history", "translations")
    desk = ["/desk/articles", *(f"/desk/articles/{path}" for path in own), "/desk/categories", "/desk/snippets"]
    visits = [(reader, path) for path in (public, converted, category, "/en/")] + [(manager, path) for path in desk]
    for browser, path in visits:
        page, ran, protocols = page_of(browser, path)
        assert (path, ran, protocols - _HARMLESS) == (path, [], set())
        assert page.title()
