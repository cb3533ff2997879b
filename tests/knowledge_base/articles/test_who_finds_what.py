"""Who finds what, on every surface of search, with either engine: what a reader may not see is nowhere, not even in a count."""

import shutil
from dataclasses import dataclass, replace

import pytest

from kernel import settings
from kernel.actors import SYSTEM, VISITOR
from kernel.i18n import ENGLISH
from knowledge_base.articles import commands, finding, queries
from knowledge_base.articles.models import ArticleStatus
from tenants.permissions import Role
from tests import factories

SECRET, WORD, MISSPELT = "Zebra crossing", "zebra", "zebrra"


@pytest.fixture(params=["whoosh", "postgres"], autouse=True)
def backend(request, house):
    settings.use(replace(house, search_backend=request.param))
    yield request.param
    settings.use(house)
    shutil.rmtree(house.home / "search", ignore_errors=True)


@dataclass
class Reader:
    """Somebody, and how they look at the pages: `surfaces` holds what each shows for a word, by name."""

    actor: object
    browser: object
    is_staff: bool

    def surfaces(self, session, article_id):
        found = finding.find(session, WORD, ENGLISH, actor=self.actor)
        pages = {
            "results": f"/en/search?q={WORD}",
            "results of its category": f"/en/search?q={WORD}&category=1",
            "suggestions": "/en/search/suggestions?q=zeb",
            "articles while writing": f"/en/requests/suggestions?subject={WORD}",
            "correction": f"/en/search?q={MISSPELT}",
        }
        return {
            "find": [find.article.id for find in found.finds],
            "count": found.total,
            "categories": found.categories,
            "snippets": [text for find in found.finds for text, _ in find.snippet],
            "suggest": [one.id for one in finding.suggest(session, "zeb", ENGLISH, actor=self.actor)],
            "corrected": finding.find(session, MISSPELT, ENGLISH, actor=self.actor).corrected,
            **{name: SECRET in self.browser.get(path).text for name, path in pages.items()},
        }


@pytest.fixture(params=["visitor", "customer", "agent"])
def reader(request, alpha, in_tenant, browse, customer_browser, staff_browser):
    if request.param == "visitor":
        return Reader(VISITOR, browse(alpha), False)
    if request.param == "customer":
        browser = customer_browser(alpha)
        with in_tenant(alpha) as session:
            return Reader(factories.customer(session, email="an@mail.example").as_actor(), browser, False)
    browser = staff_browser(alpha, Role.AGENT)
    with in_tenant(alpha) as session:
        return Reader(factories.staff_member(session).as_actor(), browser, True)


@pytest.fixture
def hidden(request, alpha, in_tenant, run_due):
    """Make an article that is not (or no longer) for readers, in an index that may not know yet."""

    def make(state):
        with in_tenant(alpha) as session:
            factories.article(session, title="Opening hours", body="From nine to five.")
            status = ArticleStatus.DRAFT if state == "draft" else ArticleStatus.PUBLISHED
            article_id = factories.article(session, title=SECRET, body="The zebra is black and white.", status=status).id
        run_due()
        if state.startswith("withdrawn"):
            with in_tenant(alpha) as session:
                commands.withdraw(session, queries.get(session, article_id, actor=SYSTEM), actor=SYSTEM)
            if state == "withdrawn":
                run_due()
        return article_id

    return make


@pytest.mark.parametrize("state", ["draft", "withdrawn", "withdrawn a moment ago"])
def test_what_readers_may_not_see_is_nowhere(reader, hidden, state, alpha, in_tenant):
    article_id = hidden(state)
    with in_tenant(alpha) as session:
        seen = reader.surfaces(session, article_id)
    if reader.is_staff:
        assert seen["find"] == seen["suggest"] == [article_id]
        return
    if state == "withdrawn a moment ago":
        # The word itself is no secret until the index has heard of it, a second later; the article is from the commit on.
        assert seen.pop("corrected") in (None, WORD)
    assert {name: shown for name, shown in seen.items() if shown} == {}


def test_what_they_may_see_is_there(reader, hidden, alpha, in_tenant):
    article_id = hidden("published")
    with in_tenant(alpha) as session:
        seen = reader.surfaces(session, article_id)
    surfaces = {"find", "count", "categories", "snippets", "suggest"}
    # At the portal a member of staff is a visitor.
    surfaces |= set() if reader.is_staff else {"results", "suggestions"}
    assert {name for name in surfaces if not seen[name]} == set()
