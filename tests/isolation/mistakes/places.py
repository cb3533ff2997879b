"""Mistakes about where one stands: the wrong schema, host, folder, cache or letterhead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from flask import request
from werkzeug.middleware.proxy_fix import ProxyFix

import wsgi
from kernel import database, files, jobs, settings
from kernel.tenancy import Stand
from knowledge_base.articles import finding, queries
from knowledge_base.search.whoosh_index import WhooshBackend
from notifications import jobs as notifications
from portal import navigation
from tenants import registry
from tests.isolation.houses import Town
from web import assets, hosts, lifecycle

Patch = pytest.MonkeyPatch


def stand_in_the_first_schema(patch: Patch, town: Town) -> None:
    patch.setattr(lifecycle, "_stand", lambda: town.foreign.tenant.stand)


@contextmanager
def be_the_owner(patch: Patch, town: Town) -> Iterator[None]:
    patch.setattr(Stand, "sql", property(lambda stand: f'SET LOCAL search_path TO "{stand.schema}", ext'))
    owner = database.make_engine(settings.current().owner_database_url)
    patch.setitem(database._engines, "main", owner)
    yield
    owner.dispose()


@contextmanager
def grant_role(patch: Patch, town: Town) -> Iterator[None]:
    foreign, own = town.foreign.tenant.stand.role, town.own.tenant.stand.role
    town.broom.execute(f'GRANT "{foreign}" TO "{own}"'.encode())
    yield
    town.broom.execute(f'REVOKE "{foreign}" FROM "{own}"'.encode())


@contextmanager
def grant_registry(patch: Patch, town: Town) -> Iterator[None]:
    town.broom.execute("GRANT SELECT ON platform.tenant TO frontdesk_tenant")
    yield
    town.broom.execute("REVOKE SELECT ON platform.tenant FROM frontdesk_tenant")


@contextmanager
def drop_outbox_policy(patch: Patch, town: Town) -> Iterator[None]:
    town.broom.execute("CREATE POLICY any_name ON platform.outbox FOR INSERT TO frontdesk_tenant WITH CHECK (true)")
    yield
    town.broom.execute("DROP POLICY any_name ON platform.outbox")


def take_many_statements(patch: Patch, town: Town) -> None:
    patch.setattr(database.OneStatementCursor, "_execute_send", psycopg.Cursor._execute_send)


def take_any_statement(patch: Patch, town: Town) -> None:
    patch.setattr(database, "_STEPS_OUT", SimpleNamespace(match=lambda statement: None))


def remember_any_host(patch: Patch, town: Town) -> None:
    patch.setattr(hosts, "registry", SimpleNamespace(at=lambda host: _at(town.foreign.tenant.host)))


def _at(host: str) -> Any:
    """Return the tenant at `host`, which believes that it was asked for by the name in the address."""
    found = registry.at(host)
    return replace(found, host=request.host) if found else None


def _host_is(patch: Patch, chosen: Callable[[], str | None]) -> None:
    patch.setattr(hosts, "registry", SimpleNamespace(at=lambda host: _at(chosen() or host)))


def host_from_header(name: str) -> Callable[[Patch, Town], None]:
    def break_it(patch: Patch, town: Town) -> None:
        def claimed() -> str | None:
            value = request.headers.get(name, "").removeprefix("host=").partition(";")[0]
            return value if "." in value or not value else settings.current().tenant_host(value)

        _host_is(patch, claimed)

    return break_it


def believe_proxies(patch: Patch, town: Town) -> None:
    patch.setattr(wsgi, "front_door", ProxyFix(wsgi.front_door, x_host=1))


def host_from_cookie(patch: Patch, town: Town) -> None:
    _host_is(patch, lambda: request.cookies.get("host"))


def host_from_query(patch: Patch, town: Town) -> None:
    _host_is(patch, lambda: settings.current().tenant_host(slug) if (slug := _of_ours(town)) else None)


def _of_ours(town: Town) -> str | None:
    slug = request.args.get("tenant")
    return slug if slug in (town.own.tenant.slug, town.foreign.tenant.slug) else None


def links_by_header(patch: Patch, town: Town) -> None:
    def absolute(path: str) -> str:
        return f"http://{request.headers.get('X-Forwarded-Host', request.host)}{path}"

    patch.setattr(navigation, "absolute", absolute)


def platform_everywhere(patch: Patch, town: Town) -> None:
    front_door = wsgi.front_door

    def by_path(environ: Any, start_response: Any) -> Any:
        is_platforms = environ["PATH_INFO"].startswith(("/ops", "/dev"))
        return (wsgi.faces()["operators"] if is_platforms else front_door)(environ, start_response)

    patch.setattr(wsgi, "front_door", by_path)


def one_folder_for_files(patch: Patch, town: Town) -> None:
    folder = settings.current().home / "files"
    patch.setattr(files, "path_of", lambda session, sha256: folder / sha256[:2] / sha256)


def file_under_its_name(patch: Patch, town: Town) -> None:
    store = files._store

    def store_by_name(session: Any, name: str, content: bytes, media_type: str) -> Any:
        folder = settings.current().home / "files" / database.stand_of(session).schema
        (folder / "x" / name.removesuffix(".txt")).resolve().write_bytes(content)
        return store(session, name.rpartition("/")[2], content, media_type)

    patch.setattr(files, "label", lambda name: name.removeprefix("../"))
    patch.setattr(files, "_store", store_by_name)


def file_anywhere(patch: Patch, town: Town) -> None:
    app = wsgi.faces()["desk"]
    view = app.view_functions["tickets.file"]

    def found(number: int, file_id: str) -> Any:
        row = town.foreign.mine.rows["stored_file"]
        return town.foreign.mine.picture if file_id == str(row["public_id"]) else view(number=number, file_id=file_id)

    found.access = view.access  # type: ignore[attr-defined]
    patch.setitem(app.view_functions, "tickets.file", found)


def one_index(patch: Patch, town: Town) -> None:
    shared = settings.current().home / "search" / town.foreign.schema
    patch.setattr(finding, "engine_of", lambda session: WhooshBackend(shared))


def cache_suggestions(patch: Patch, town: Town) -> None:
    patch.setattr(finding, "suggest", _by_words(finding.suggest))


def cache_results(patch: Patch, town: Town) -> None:
    patch.setattr(finding, "find", _by_words(finding.find))


def _by_words(find: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[str, Any] = {}

    def found(session: Any, words: str, *rest: Any, **more: Any) -> Any:
        if words not in known:
            known[words] = find(session, words, *rest, **more)
        return known[words]

    return found


def cache_tree(patch: Patch, town: Town) -> None:
    tree, known = queries.tree, dict[Any, Any]()

    def remembered(session: Any, language: Any, *, actor: Any) -> Any:
        if language not in known:
            known[language] = tree(session, language, actor=actor)
        return known[language]

    patch.setattr(queries, "tree", remembered)


def cache_pages(patch: Patch, town: Town) -> None:
    app = wsgi.faces()["portal"]
    view, known = app.view_functions["home.page"], dict[str, Any]()

    def remembered(**arguments: Any) -> Any:
        if request.path not in known:
            known[request.path] = view(**arguments)
        return known[request.path]

    remembered.access = view.access  # type: ignore[attr-defined]
    patch.setitem(app.view_functions, "home.page", remembered)


def cache_brand(patch: Patch, town: Town) -> None:
    """The style sheet itself would not tell whose it is; here it says so, as one with a logo's address would."""

    @lru_cache(maxsize=1)
    def first() -> str:
        tenant = hosts.tenant()
        return f"/* {tenant.name if tenant else ''} */"

    patch.setattr(assets, "brand_css", lambda color: first())


def believe_the_row(patch: Patch, town: Town) -> None:
    def named(row: Any, placement: str = "main") -> Stand:
        facts = registry.by_id(row.tenant_id)
        assert facts is not None
        return facts.stand

    patch.setattr(jobs, "stand_of", named)


def letters_elsewhere(patch: Patch, town: Town) -> None:
    patch.setattr(notifications, "_url", lambda session, path: town.foreign.tenant.url(path))


def letters_in_anothers_name(patch: Patch, town: Town) -> None:
    facts = SimpleNamespace(of=lambda session: replace(registry.of(session), name=town.foreign.tenant.name))
    patch.setattr(notifications, "registry", facts)
