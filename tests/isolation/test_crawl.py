"""Every route of every face, asked for alpha's rows by each role of beta: nothing shows, nothing changes.

The crawl finds its routes in the URL maps, so a new route is asked too; one with an argument that `alphas_ids` does not know
fails here until it is given an id of alpha's.
"""

import hashlib
import io
import re
from collections.abc import Iterator

import pytest
from werkzeug.routing import Rule

import wsgi
from kernel import database, passwords
from kernel.actors import SYSTEM
from kernel.files import Upload
from knowledge_base.articles import snippets
from service_desk.tickets import commands as tickets
from service_desk.tickets import queries as ticket_queries
from tenants import sign_ins
from tenants.permissions import Role
from tests import factories

CANARY = "canary-7f3a"
PORTAL_ROLES = ("visitor", "customer")
DESK_ROLES = (None, Role.VIEWER, Role.AGENT, Role.MANAGER, Role.ADMIN)
# A tiny picture, so that the thumbnail routes have something to leak.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def alphas_ids(alpha, in_tenant) -> dict[str, str]:
    """Rows of alpha, each with the canary in its text, and their ids by the names that routes give them."""
    _count_far_ahead(alpha)
    with in_tenant(alpha) as session:
        owner = factories.customer(session, name=f"{CANARY} customer", email=f"{CANARY}@mail.example", notes=CANARY)
        upload = Upload(f"{CANARY}.png", io.BytesIO(PICTURE))
        ticket = factories.ticket(session, customer=owner, subject=f"{CANARY} subject", body=CANARY, uploads=[upload])
        agent = factories.staff_member(session, name=f"{CANARY} agent", email=f"{CANARY}@alpha.example")
        tickets.note(session, ticket, body=f"{CANARY} note", actor=agent.as_actor())
        file = ticket_queries.conversation(session, ticket, actor=agent.as_actor())[0].files[0]
        article = factories.article(session, title=f"{CANARY} article", body=CANARY)
        snippet = snippets.add(session, name=CANARY, words={"en": CANARY}, actor=SYSTEM)
        browser_of_agent = sign_ins.open_sign_in(session, face="desk", person_id=agent.id)
        request = sign_ins.ask_for_code(session, email=owner.email, language="en", return_to="", actor=owner.as_actor())
        return {
            "number": str(ticket.number),
            "public_id": str(ticket.public_id),
            "file_id": str(file.public_id),
            "customer_id": str(owner.id),
            "article_id": str(article.id),
            "category_id": str(article.category_id),
            "snippet_id": str(snippet.id),
            "record_id": str(owner.id),
            "view_id": "424242",
            "row_id": "7b0f2a52-0000-4000-8000-000000000000",
            "slug": "anything",
            "token": sign_ins.make_code(request).token,
            "token_digest": passwords.digest(browser_of_agent),
            "key": "x",
            "message_id": "424242",
            "language": "en",
            "code": "en",
            "chosen": "en",
            "format": "csv",
            "path": "x",
            "filename": "x",
        }


def _count_far_ahead(tenant) -> None:
    """Give alpha ids and numbers that beta has not come to, so that what answers to them can only be alpha's."""
    with database.owner_transaction() as connection:
        for sequence, start in (("ids", 7_000_000), ("ticket_numbers", 70_000)):
            connection.execute(f"SELECT setval('\"{tenant.stand.schema}\".{sequence}', {start})".encode())


@pytest.fixture(autouse=True)
def _no_csrf(house) -> Iterator[None]:
    """Forged forms are another test's matter: here every POST must come through to the view."""
    for face in wsgi.faces().values():
        face.config["WTF_CSRF_ENABLED"] = False
    yield
    for face in wsgi.faces().values():
        face.config["WTF_CSRF_ENABLED"] = True


def rules(face: str) -> list[Rule]:
    return sorted(wsgi.faces()[face].url_map.iter_rules(), key=lambda rule: rule.rule)


def address(rule: Rule, ids: dict[str, str]) -> str:
    unknown = set(rule.arguments) - set(ids)
    assert not unknown, f"{rule.rule}: say in alphas_ids what alpha's {', '.join(unknown)} is"
    return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda place: ids[place[1]], rule.rule)


def fingerprint(tenant) -> str:
    """A hash over every row of the tenant: what it has, whoever looks."""
    digest = hashlib.sha256()
    with database.owner_transaction() as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1"
        for (table,) in connection.execute(query, [tenant.stand.schema]).fetchall():
            rows = f'SELECT t::text FROM "{tenant.stand.schema}"."{table}" t ORDER BY 1'.encode()
            digest.update(repr(connection.execute(rows).fetchall()).encode())
    return digest.hexdigest()


def crawl(browser, face: str, ids: dict[str, str]) -> list[str]:
    """Ask every route by every method; return what went wrong."""
    wrong = []
    form = {
        **ids,
        "csrf_token": "x",
        "ids": ids["number"],
        "next": "/",
        "email": "someone@beta.example",
        "id": ids["customer_id"],
    }
    for rule in rules(face):
        if rule.endpoint == "signing_in.sign_out":
            continue  # would end the crawl's own sign-in
        path = address(rule, ids)
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            answer = browser.get(path) if method == "GET" else browser.post(path, form)
            if CANARY in answer.text:
                wrong.append(f"{method} {path} shows alpha's canary")
            if answer.status_code >= 500:
                wrong.append(f"{method} {path} answers {answer.status_code}")
            if _names_a_row(rule) and answer.status_code < 300:
                wrong.append(f"{method} {path} answers {answer.status_code} for a row of another tenant")
    return wrong


_NO_ROWS = {"language", "slug", "code", "chosen", "token", "format", "path", "filename", "key"}


def _names_a_row(rule: Rule) -> bool:
    return bool(set(rule.arguments) - _NO_ROWS)


@pytest.mark.parametrize("role", PORTAL_ROLES)
def test_no_route_of_the_portal_shows_or_changes_a_row_of_another_tenant(
    alpha, beta, alphas_ids, browse, customer_browser, role
):
    browser = customer_browser(beta, "wu@mail.example") if role == "customer" else browse(beta)
    before = fingerprint(alpha)
    assert crawl(browser, "portal", alphas_ids) == []
    assert fingerprint(alpha) == before


@pytest.mark.parametrize("role", DESK_ROLES)
def test_no_route_of_the_desk_shows_or_changes_a_row_of_another_tenant(alpha, beta, alphas_ids, browse, staff_browser, role):
    browser = staff_browser(beta, role) if role else browse(beta)
    before = fingerprint(alpha)
    assert crawl(browser, "desk", alphas_ids) == []
    assert fingerprint(alpha) == before


def test_no_route_of_the_platform_shows_a_row_of_a_tenant(alpha, alphas_ids, browse):
    before = fingerprint(alpha)
    assert crawl(browse(None), "operators", alphas_ids) == []
    assert fingerprint(alpha) == before


def test_a_sign_in_of_one_tenant_is_none_at_another(alpha, beta, staff_browser, in_tenant):
    browser = staff_browser(alpha, Role.ADMIN)
    browser.host = browser.host.replace("alpha", "beta")
    for cookie in list(browser.client._cookies.values()):
        browser.client.set_cookie(cookie.key, cookie.value, domain=browser.host.partition(":")[0])
    answer = browser.get("/desk/")
    assert answer.status_code == 303
    assert "/desk/signin" in answer.headers["Location"]


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Tenant", "X-Original-Host", "Forwarded"])
def test_the_tenant_is_what_the_host_says_whatever_other_headers_claim(alpha, beta, browse, header):
    value = "host=alpha.localhost:8000" if header == "Forwarded" else "alpha.localhost:8000"
    assert browse(beta).get("/en/", **{header: value}).text.count("Alpha Hotels") == 0


def test_an_unknown_host_is_a_page_that_names_nobody(alpha, browse):
    browser = browse(alpha)
    browser.host = "nobody.localhost:8000"
    answer = browser.get("/en/")
    assert answer.status_code == 404
    assert "Alpha" not in answer.text
