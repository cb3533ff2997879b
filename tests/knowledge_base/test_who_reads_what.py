"""K06 and P05: every kind of reader, at every place where an article could show, and every kind of article.

Each article is a canary: its words and its category's name are its own, so that a place that shows any of them tells on itself.
"""

import io
import re
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from crm.customers import commands as customers
from crm.customers import queries as customer_queries
from kernel import settings
from kernel.actors import SYSTEM, VISITOR, Actor
from kernel.files import Upload
from kernel.i18n import ENGLISH
from knowledge_base.articles import arranging, jobs, media, queries
from knowledge_base.articles.models import ArticleKind, ArticleStatus, Visibility
from knowledge_base.search.documents import Question
from knowledge_base.search.engines import engine_of
from tenants.permissions import Role
from tests import factories
from tests.browsing import FormReader

READERS = ("visitor", "customer", "gold", "agent")
# Who reads what, once it is published.
AUDIENCES = {
    "public": {"visitor", "customer", "gold", "agent"},
    "customers": {"customer", "gold", "agent"},
    "groups": {"gold", "agent"},
    "staff": {"agent"},
}
STATES = ("draft", "in_review", "approved", "scheduled", "archived")
KINDS = (*AUDIENCES, *STATES)


def may_read(reader, kind):
    return reader in AUDIENCES.get(kind, {"agent"})


@pytest.fixture(scope="module")
def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "#369").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def shelf(alpha, in_tenant, picture):
    """One article of each kind, each with a picture, in a category of its own."""
    made = {}
    with in_tenant(alpha) as session:
        for kind in KINDS:
            place = factories.category(session, f"Shelf-{kind}")
            [file] = media.store(session, [Upload(f"{kind}.png", io.BytesIO(picture))])
            body = f"Canary-{kind} walks. ![p](/files/{file.public_id})"
            status = ArticleStatus(kind) if kind in STATES else ArticleStatus.PUBLISHED
            article = factories.article(session, title=f"Canary-{kind}", body=body, category=place, status=status)
            if kind in AUDIENCES:
                _open_to(session, article, Visibility(kind))
            made[kind] = {"id": article.id, "category": place.id, "file": str(file.public_id)}
        customers.add(session, name="Mei", email="mei@mail.example", actor=SYSTEM)
        customers.add(session, name="Gold", email="gold@mail.example", tags=["gold"], actor=SYSTEM)
    return made


@pytest.fixture(params=["whoosh", "postgres"])
def indexed(request, house, alpha, in_tenant, shelf):
    """The search index that knows them all, made in one go, of each engine."""
    settings.use(replace(house, search_backend=request.param))
    with in_tenant(alpha) as session:
        jobs.reindex(session)
    yield
    settings.use(house)
    shutil.rmtree(house.home / "search", ignore_errors=True)


def _open_to(session, article, visibility):
    wanted = arranging.Arrangement(
        category=article.category,
        kind=ArticleKind.ANSWER,
        visibility=visibility,
        groups=("gold",),
        owner_id=None,
        review_by=None,
        expires_at=None,
    )
    arranging.arrange(session, article, wanted, actor=SYSTEM)


@pytest.fixture
def open_as(alpha, browse, customer_browser):
    """Open the portal as one of its readers; staff read it as a visitor does, and have the desk."""
    names = {"customer": "mei@mail.example", "gold": "gold@mail.example"}
    return lambda reader: customer_browser(alpha, names[reader]) if reader in names else browse(alpha)


PORTAL_READERS = ("visitor", "customer", "gold")


@pytest.mark.parametrize("reader", PORTAL_READERS)
def test_pages_categories_files_and_votes_of_the_portal(shelf, open_as, reader):
    browser = open_as(reader)
    token = FormReader.hidden_fields(browser.get("/en/requests/new").text, "/en/requests/new")
    opened, named = set(), []
    for kind, ids in shelf.items():
        answers = [browser.get(path) for path in (f"/en/a/{ids['id']}", f"/en/c/{ids['category']}", f"/files/{ids['file']}")]
        answers.append(browser.post(f"/en/a/{ids['id']}/vote", {**token, "helpful": "yes"}))
        assert len({answer.status_code == 404 for answer in answers}) == 1, kind
        if answers[0].status_code != 404:
            opened.add(kind)
        named += [kind for answer in answers if answer.status_code == 404 and f"anary-{kind}" in answer.text]
    assert opened == {kind for kind in KINDS if may_read(reader, kind)}
    assert named == []


LISTS = ("/en/", "/en/search?q=canary", "/en/search/suggestions?q=canary", "/en/requests/suggestions?subject=canary")


@pytest.mark.parametrize("reader", PORTAL_READERS)
def test_lists_search_and_suggestions_of_the_portal(shelf, indexed, open_as, reader):
    browser = open_as(reader)
    for path in LISTS:
        page = browser.get(path).text
        shown = {kind for kind in KINDS if f"anary-{kind}" in page or f"Shelf-{kind}" in page}
        assert shown <= {kind for kind in KINDS if may_read(reader, kind)}, path
        assert "public" in shown, path


ADDRESSES = ("/en/a/{id}", "/en/a/{id}-anything", "/zh-hant/a/{id}", "/en/c/{category}", "/zh-hans/c/{category}-x")


def test_a_visitor_learns_not_even_the_address_of_what_is_not_public(shelf, open_as):
    """P05: a draft's or an internal article's slug is not there, and no redirect gives its title away."""
    visitor = open_as("visitor")
    for kind in KINDS[1:]:
        for path in ADDRESSES:
            answer = visitor.get(path.format(**shelf[kind]))
            assert (answer.status_code, f"anary-{kind}" in answer.text) == (404, False), (kind, path)


@pytest.mark.parametrize("reader", READERS)
def test_every_query_that_readers_have(alpha, in_tenant, shelf, reader):
    actor = {
        "visitor": VISITOR,
        "customer": Actor(kind="customer", id=1),
        "gold": Actor(kind="customer", id=1, groups=frozenset({"gold", "other"})),
        "agent": Actor(kind="staff", id=1, permissions=frozenset({"article.read"})),
    }[reader]
    ids = {kind: one["id"] for kind, one in shelf.items()}
    expected = {ids[kind] for kind in KINDS if may_read(reader, kind)}
    with in_tenant(alpha) as session:
        in_categories = queries.in_category(session, [one["category"] for one in shelf.values()], ENGLISH, actor=actor)
        roots = queries.tree(session, ENGLISH, actor=actor)
        found = {
            "listed": {one.id for one in queries.listed(session, list(ids.values()), actor=actor)},
            "in_category": {one.id for one in in_categories},
            "popular": {one.id for one in queries.popular(session, ENGLISH, actor=actor, limit=50)},
            "tree": {
                ids[kind] for kind in KINDS if any(r.article_count and r.category.id == shelf[kind]["category"] for r in roots)
            },
        }
    assert found == dict.fromkeys(found, expected)


def test_the_index_gives_visitors_nothing_to_filter(alpha, in_tenant, shelf, indexed):
    """What is not public is no hit even before the database is asked: no count, snippet or correction can leak."""
    with in_tenant(alpha) as session:
        hits = engine_of(session).search(Question(words="canary", language="en")).hits
    assert {hit.article_id for hit in hits} == {shelf["public"]["id"]}


def test_staff_search_finds_what_is_for_staff(alpha, staff_browser, shelf):
    page = staff_browser(alpha).get("/desk/articles?q=canary-staff").text
    assert page.count('class="main"') == 1


DESK = (
    *("/desk/articles", "/desk/articles/{id}", "/desk/articles/{id}/history", "/desk/articles/{id}/as-readers"),
    *("/desk/files/{file}", "/desk/snippets", "/desk/articles/translations", "/desk/categories"),
    "/desk/categories/{category}/articles",
)


@pytest.mark.parametrize("reader", PORTAL_READERS)
def test_the_desk_is_closed_to_readers(shelf, open_as, reader):
    browser = open_as(reader)
    for path in DESK:
        answer = browser.get(path.format(**shelf["draft"]))
        assert (answer.status_code, "/desk/signin" in answer.headers["Location"]) == (303, True), path


def test_the_preview_says_who_sees_it(alpha, staff_browser, shelf):
    browser = staff_browser(alpha)
    seen = {}
    for kind in ("public", "groups", "staff", "draft"):
        page = " ".join(browser.get(f"/desk/articles/{shelf[kind]['id']}/as-readers").text.split())
        who = re.findall(r'<span>([^<]+)</span><span class="chip tone-(\w+)"', page)
        seen[kind] = [name for name, tone in who if tone == "success"]
    group = "Customers of the group “gold”"
    assert seen == {"public": ["Visitors", "Signed-in customers"], "groups": [group], "staff": [], "draft": []}


def test_somebody_who_leaves_a_group_reads_its_articles_no_longer(alpha, in_tenant, customer_browser, shelf):
    browser = customer_browser(alpha, "gold@mail.example")
    path = f"/en/a/{shelf['groups']['id']}-canary-groups"
    assert browser.get(path).status_code == 200
    with in_tenant(alpha) as session:
        gold = customer_queries.by_email(session, "gold@mail.example")
        customers.change(session, gold, values={"tags": []}, version=None, actor=SYSTEM)
    assert browser.get(path).status_code == 404


def test_a_change_of_audience_counts_at_once(alpha, browse, staff_browser, shelf, indexed, run_due):
    manager, ids = staff_browser(alpha, Role.MANAGER), shelf["public"]
    form = {"category": ids["category"], "kind": "answer", "visibility": "staff", "owner": ""}
    assert manager.submit(f"/desk/articles/{ids['id']}/settings", form).status_code == 303
    assert browse(alpha).get(f"/en/a/{ids['id']}-canary-public").status_code == 404
    assert "anary-public" not in browse(alpha).get("/en/search?q=canary").text
    run_due()
    assert "anary-public" not in browse(alpha).get("/en/search?q=canary").text
