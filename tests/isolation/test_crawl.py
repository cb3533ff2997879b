"""Every route, as every role, asked for a stranger's rows in every place an id can stand: nothing shows, nothing changes."""

import pytest

from kernel.database import TenantBase
from tests.isolation import looks, oracles
from tests.isolation.callers import FACES, ROLES, caller_of
from tests.isolation.crawler import HARD_TO_PLEASE
from tests.isolation.houses import CANARY
from tests.isolation.places import asks, ids_of


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("face", "role"), ROLES)
def test_no_route_shows_tells_or_changes_anything_of_another_house(crawler, face, role):
    asking = crawler(face, role)
    wrong = asking.crawl()
    assert not wrong, "\n".join(wrong)
    unseen = asking.unanswered()
    assert not unseen, "\n".join(["what may be done must be seen to be done, or the crawl proves nothing:", *unseen])


@pytest.mark.parametrize("face", FACES)
def test_methods_that_a_route_does_not_have_reach_nothing(town, face):
    strongest = caller_of(town.own, face, FACES[face][-1])
    for path, ask in {ask.path(ids_of(ask, town.foreign.mine, town.row_id)): ask for ask in asks(face)}.items():
        for method in ("PUT", "DELETE"):
            answer = strongest.ask(method, path, data={"title": "x"})
            assert answer.status_code in (404, 405), f"{method} {ask.rule}"
            assert CANARY not in oracles.text_of(answer).replace(path, "")
    assert town.damage() == []


def test_every_excuse_is_for_a_route_that_exists(house):
    assert set(HARD_TO_PLEASE) <= {ask.name for face, _role in ROLES for ask in asks(face)}


def test_every_tenant_table_has_a_row_that_says_whose_it_is(town):
    """A new table is filled by itself; this fails when it could not be, or when a schema holds a table without a model."""
    schema = town.foreign.schema
    there = {name for (name,) in town.broom.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema])}
    assert there - {"alembic_version"} == set(TenantBase.metadata.tables)
    silent = []
    for table in TenantBase.metadata.sorted_tables:
        texts = "SELECT count(*) FROM {} x WHERE x::text LIKE '%{}%'".format(f'"{schema}"."{table.name}"', CANARY)
        has_text = any(column.type.python_type in (str, list, dict) for column in table.columns)
        if has_text and town.broom.execute(texts.encode()).fetchone() == (0,):
            silent.append(table.name)
    assert set(silent) <= _NOTHING_TO_SAY


# Tables whose only texts are digests and words of ours.
_NOTHING_TO_SAY = {"audit_seal", "data_export", "sign_in_code", "staff_link"}


def test_the_foreign_house_has_every_kind_of_thing_to_lose(town):
    """The oracle itself is sound: the rightful admin sees the canary where a stranger must not."""
    admin = caller_of(town.foreign, "desk", "admin")
    seen = [
        ask.name
        for ask in asks("desk")
        if ask.method == "GET"
        and CANARY in oracles.text_of(admin.ask("GET", ask.path(ids_of(ask, town.foreign.mine, town.row_id))))
    ]
    assert len(seen) > 20


_LOOKS = (
    *(looks.warm_caches, looks.own_search, looks.uploads, looks.faces_apart),
    *(looks.known_marks, looks.drafts, looks.others_domains, looks.moved_names),
)


@pytest.mark.parametrize("look", _LOOKS, ids=lambda look: look.__name__)
def test_nothing_is_wrong_where_the_crawl_does_not_come(town, look):
    assert list(look(town)) == []


ODD_HOSTS = {
    "capitals": lambda host: host.upper(),
    "a dot at the end": lambda host: host.replace(":", ".:"),
    "another port": lambda host: host.partition(":")[0] + ":81",
    "no port": lambda host: host.partition(":")[0],
    "a user before it": lambda host: f"x@{host}",
    "a path behind it": lambda host: f"{host}/x",
    "a second name behind it": lambda host: f"{host}, {host}",
    "a name below it": lambda host: f"x.{host}",
    "a null in it": lambda host: host.replace(".", "%00."),
    "another script": lambda host: f"xn--nxasmq6b.{host.partition('.')[2]}",
}


@pytest.mark.parametrize("odd", ODD_HOSTS)
def test_an_odd_spelling_of_a_strangers_host_takes_no_cookie_of_ours(town, odd):
    """Whatever is made of the name, it is the stranger's front door or nobody's: never their house with our key, or ours."""
    caller = caller_of(town.own, "desk", "admin")
    for path in ("/desk/", "/desk/customers", "/account"):
        answer = caller.ask("GET", path, host=ODD_HOSTS[odd](town.foreign.tenant.host))
        assert answer.status_code in (301, 303, 400, 404), answer.status_code
        assert CANARY not in oracles.text_of(answer)
        assert "inhouse" not in oracles.text_of(answer)


def test_an_unknown_host_is_a_page_that_names_nobody(town):
    answer = caller_of(town.own, "desk", "admin").ask("GET", "/en/", host="nobody.localhost:8000")
    assert answer.status_code == 404
    assert oracles.leaks(answer, oracles.foreign_words(town.foreign, is_operator=False)) == []
    assert town.own.tenant.name not in answer.text
