"""Mistakes about what is kept for all houses in one place: rows of the platform, archives, drafts, marks, work."""

import io
import zipfile
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Response, request
from sqlalchemy import select

import wsgi
from kernel import database, jobs, settings
from kernel.errors import NotFound
from kernel.tenancy import Stand
from portal import brand, machines
from tenants import domains, registry, staff_links
from tenants.archive import exports
from tenants.models import HostName
from tests.isolation.houses import CANARY, Town

Patch = pytest.MonkeyPatch


def list_all_domains(patch: Patch, town: Town) -> None:
    patch.setattr(domains, "_rows", lambda home, tenant_id: home.scalars(select(HostName)).all())


def take_any_domain(patch: Patch, town: Town) -> None:
    def whosever(home: Any, tenant_id: int, host: str) -> HostName:
        row = home.get(HostName, host)
        if row is None:
            raise NotFound()
        return row

    patch.setattr(domains, "_mine", whosever)


def fetch_any_export(patch: Patch, town: Town) -> None:
    """Archives of all houses are looked for by the key alone."""
    theirs = town.foreign.mine.rows["data_export"]["key"]
    path = settings.current().home / "run" / "theirs.zip"
    fetch = exports.fetch

    def anywhere(session: Any, key: Any) -> Any:
        if key != theirs:
            return fetch(session, key)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("tables/ticket.csv", CANARY)
        path.write_bytes(packed.getvalue())
        with database.transaction(town.foreign.tenant.stand) as other:
            return other.scalars(select(exports.DataExport).where(exports.DataExport.key == key)).one(), path

    patch.setattr(exports, "fetch", anywhere)


def open_any_draft(patch: Patch, town: Town) -> None:
    read = brand.brand_drafts.read

    def anybodys(tenant: Any, draft: str) -> Any:
        try:
            return read(tenant, draft)
        except NotFound:
            return read(town.foreign.tenant, draft)

    patch.setattr(brand, "brand_drafts", SimpleNamespace(read=anybodys))


def keep_site_map(patch: Patch, town: Town) -> None:
    """What machines read is built once for everybody."""
    answer, known = machines.answer, dict[str, Any]()
    patch.setattr(machines, "answer", lambda body, kind: answer(known.setdefault(request.path, body), kind))


def one_mark_for_all(patch: Patch, town: Town) -> None:
    patch.setattr(Response, "add_etag", lambda answer, *_args, **_more: answer.set_etag(str(len(request.path))))


def believe_for_ever(patch: Patch, town: Town) -> None:
    """The registry's stamp is looked at, and nothing comes of it."""
    patch.setattr(registry, "_throw_away", lambda: None)


def first_house_for_each_job(patch: Patch, town: Town) -> None:
    """A worker remembers where a kind of work is done."""
    stand_of = jobs.stand_of
    first = dict[str, Stand]()
    patch.setattr(jobs, "stand_of", lambda row, placement="main": first.setdefault(row.job, stand_of(row, placement)))


def article_file_anywhere(patch: Patch, town: Town) -> None:
    view = wsgi.faces()["portal"].view_functions["article_files.file"]

    def found(file_id: str) -> Any:
        row = town.foreign.mine.rows["stored_file"]
        return town.foreign.mine.picture if file_id == str(row["public_id"]) else view(file_id=file_id)

    found.access = view.access  # type: ignore[attr-defined]
    patch.setitem(wsgi.faces()["portal"].view_functions, "article_files.file", found)


def invite_anywhere(patch: Patch, town: Town) -> None:
    look = staff_links.look

    def anywhere(session: Any, token: str, purpose: Any) -> Any:
        with database.transaction(town.foreign.tenant.stand) as other:
            try:
                return look(session, token, purpose)
            except staff_links.LinkExpired:
                return look(other, token, purpose)

    patch.setattr(staff_links, "look", anywhere)
