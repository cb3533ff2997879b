"""Further ways of looking at the town, besides the crawl: each returns what is wrong, as sentences."""

import io
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pyotp
from sqlalchemy import text, update
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.test import TestResponse

import wsgi
from kernel import clock, database, jobs, settings
from tenants import registry
from tenants.models import RegistryStamp
from tests.isolation import oracles
from tests.isolation.callers import Caller, caller_of
from tests.isolation.houses import CANARY, DOMAIN, Town
from tests.isolation.places import asks, ids_of
from web import brand_drafts


def warm_caches(town: Town) -> Iterator[str]:
    """What one house has just asked for must not be answered from at the other."""
    words = oracles.foreign_words(town.foreign, is_operator=False)
    for path in _questions(town):
        for role in ("visitor", "customer"):
            warm = caller_of(town.foreign, "portal", role).ask("GET", path)
            if warm.status_code >= 400:
                yield f"{path} answers {warm.status_code} at the other house"
            if "inhouse-" in oracles.text_of(warm):
                yield f"{path} shows our house at the other"
            for leak in oracles.leaks(caller_of(town.own, "portal", role).ask("GET", path), words, [path]):
                yield f"{path} {leak}"


def _questions(town: Town) -> Iterator[str]:
    for question in (CANARY, "canary", "article"):
        yield f"/en/search?q={question}"
        yield f"/en/search/suggestions?q={question}"
        yield f"/en/requests/suggestions?subject={question}"
    yield from ("/en/", "/brand.css", f"/en/a/{town.foreign.mine.id_of('article')}-x", *_FOR_MACHINES)


_FOR_MACHINES = ("/robots.txt", "/sitemap.xml", "/sitemap-en.xml", "/en/feed.xml", "/llms.txt")


def known_marks(town: Town) -> Iterator[str]:
    """What a cache holds of one house is not still good at the other: the mark of an answer stands for what is in it."""
    for path in _FOR_MACHINES:
        theirs = caller_of(town.foreign, "portal", "visitor").ask("GET", path)
        mark = {"If-None-Match": theirs.headers["ETag"]} if "ETag" in theirs.headers else {}
        ours = caller_of(town.own, "portal", "visitor").ask("GET", path, headers=mark)
        if ours.status_code != 200:
            yield f"{path} answers {ours.status_code} to a mark of another house"


def drafts(town: Town) -> Iterator[str]:
    """A draft of another house's look, signed for that house, opens at no other."""
    tenants = (town.foreign.tenant, town.own.tenant)
    for signer, expected in zip(tenants, (404, 200), strict=True):
        draft = brand_drafts.sign(signer, {"phone": CANARY}, theme="light")
        for path in ("/en/preview", "/brand.css"):
            answer = caller_of(town.own, "portal", "visitor").ask("GET", path, query_string={"draft": draft})
            if answer.status_code != expected:
                yield f"{path} answers {answer.status_code} to a draft of {signer.slug}"


def others_domains(town: Town) -> Iterator[str]:
    """A domain is taken away, looked after and made the main address by its own house alone."""
    caller = caller_of(town.own, "desk", "admin")
    for step in ("remove", "check", "primary"):
        answer = caller.ask("POST", f"/desk/settings/domain/{step}", data={"host": DOMAIN})
        if answer.status_code != 404:
            yield f"{step} answers {answer.status_code} to a domain of another house"
        yield from (f"{step} changes {table} of another house" for table in town.damage())


def moved_names(town: Town) -> Iterator[str]:
    """A name that goes to another house leads there from the next look at the registry, and nowhere else."""
    first, then = town.foreign, town.own
    visitor = caller_of(town.own, "portal", "visitor")
    for house in (first, then):
        town.broom.execute("UPDATE platform.host_name SET tenant_id = %s WHERE host = %s", [house.tenant.id, DOMAIN])
        with database.transaction() as session:
            session.execute(update(RegistryStamp).values(version=RegistryStamp.version + 1))
        registry._looked_at = 0.0  # a second has passed
        answer = visitor.ask("GET", "/en/", host=settings.current().with_port(DOMAIN))
        if urlsplit(answer.headers.get("Location", "")).netloc != house.tenant.host:
            yield f"a name of {house.tenant.slug} leads to {answer.headers.get('Location')}"
    town.restore()
    registry.forget()


def own_search(town: Town) -> Iterator[str]:
    """A house finds its own articles, or its index is not its own."""
    found = caller_of(town.own, "portal", "visitor").ask("GET", "/en/search/suggestions?q=inhouse")
    if "inhouse-mine-article-title" not in found.text:
        yield "does not find its own article"


def uploads(town: Town) -> Iterator[str]:
    """A stranger's file sent anew, under names that climb: stored among one's own, and the stranger's is untouched."""
    caller = caller_of(town.own, "desk", "admin")
    row, shelf = town.foreign.mine.rows["stored_file"], town.foreign.mine
    place = f"../../{town.foreign.schema}/{row['sha256'][:2]}/{row['sha256']}"
    folder = settings.current().home / "files"
    known = {path.name for path in folder.iterdir()} | {town.own.schema}
    for name in (place, f"{place}.txt", f"{row['public_id']}.txt", "..\\..\\x.txt"):
        file = io.BytesIO(shelf.picture[8:]), name if name.endswith(".txt") else f"{name}.txt"
        form = {"kind": "note", "body": "A file", "files": file, "file_id": str(row["public_id"])}
        answer = caller.ask("POST", f"/desk/tickets/{town.own.mine.number}/reply", data=form)
        if answer.status_code != 303:
            yield f"an upload answers {answer.status_code}"
        yield from (f"an upload changes {table} of another house" for table in town.damage())
    yield from (f"a file lies in {path.name}" for path in folder.iterdir() if path.name not in known)


def faces_apart(town: Town) -> Iterator[str]:
    """The platform's pages are at the platform's host; at a tenant's there are none but its own of that address, and probes."""
    portal = {ask.path(ids_of(ask, town.own.mine, town.row_id)) for ask in asks("portal")}
    for caller in (caller_of(town.own, "operators", role) for role in ("visitor", "operator")):
        for ask in asks("operators"):
            path = ask.path(ids_of(ask, town.own.mine, town.row_id))
            if path in portal or path in ("/healthz", "/readyz"):
                continue
            answer = caller.ask(ask.method, path, host=town.own.tenant.host)
            if answer.status_code != 404:
                yield f"{ask.name} answers {answer.status_code} at a tenant's host"


def half_sign_in(town: Town) -> Iterator[str]:
    """Somebody whose own password was right may not go on as whoever has the same number next door."""
    secret = pyotp.random_base32()
    require = f"UPDATE \"{town.foreign.schema}\".staff_member SET totp_secret = '{secret}', totp_last_step = NULL"
    half = {"second_step": [town.foreign.mine.id_of("staff_member"), clock.now().isoformat()]}
    visitor = caller_of(town.foreign, "desk", "visitor")
    for host, goes_to in ((town.foreign.tenant.host, "/desk/"), (town.own.tenant.host, "/desk/signin")):
        town.broom.execute(require.encode())
        code = {"code": pyotp.TOTP(secret).at(clock.now())}
        answer = visitor.ask("POST", "/desk/signin/second-step", cookies=cookie_of("desk", host, half), data=code)
        if urlsplit(answer.headers.get("Location", "")).path != goes_to:
            yield f"half a sign-in of {host} leads to {answer.headers.get('Location')}"
    town.restore()


def cookie_of(face: str, host: str, values: dict[str, object]) -> str:
    """Return the Cookie header of somebody whom the face gave these values at `host`."""
    app = wsgi.faces()[face]
    with app.test_request_context(base_url=f"http://{host}/"):
        value = app.session_interface.get_signing_serializer(app).dumps(values)
    return f"{app.config['SESSION_COOKIE_NAME']}={value}"


def values_in(answer: TestResponse, face: str, host: str) -> dict[str, object]:
    """Return what the session cookie that came with an answer holds."""
    app = wsgi.faces()[face]
    with app.test_request_context(base_url=f"http://{host}/"):
        serializer = app.session_interface.get_signing_serializer(app)
        given = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith(app.config["SESSION_COOKIE_NAME"]))
        return dict(serializer.loads(given.partition("=")[2].partition(";")[0]))


def other_faces_tokens(town: Town) -> Iterator[str]:
    """A sign-in of one face is none at the other, as the cookie it is in or with the token in a cookie of the right name."""
    for given, shown, path in (("portal", "desk", "/desk/"), ("desk", "portal", "/account"), ("operators", "desk", "/desk/")):
        caller = caller_of(town.own, given, {"portal": "customer", "desk": "admin", "operators": "operator"}[given])
        name = wsgi.faces()[shown].config["SESSION_COOKIE_NAME"]
        visitor = caller_of(town.own, shown, "visitor")
        stolen = visitor.ask("GET", path, cookies=f"{name}={caller.cookie().partition('=')[2]}")
        forged = Caller(caller.client, shown, "visitor", town.own.tenant.host, caller.token).ask("GET", path)
        if (stolen.status_code, forged.status_code) != (303, 303):
            yield f"a sign-in of the {given} counts at the {shown}"


def gone_people(town: Town) -> Iterator[str]:
    """Who has left, was signed out or was given less to do is so at the next request."""
    caller = caller_of(town.own, "desk", "admin")
    for change in ("staff_member SET is_active = false", "sign_in SET ended_at = now()"):
        if caller.ask("GET", "/desk/").status_code != 200:
            yield "an administrator cannot come in"
        town.broom.execute(f'UPDATE "{town.own.schema}".{change}'.encode())
        if caller.ask("GET", "/desk/").status_code != 303:
            yield f"still comes in after {change}"
        town.restore()
    caller.ask("GET", "/desk/")
    town.broom.execute(f"UPDATE \"{town.own.schema}\".staff_member SET role = 'viewer'".encode())
    if caller.ask("POST", f"/desk/tickets/{town.own.mine.number}/tags", data={"tags": "x"}).status_code != 403:
        yield "still has the role of before"
    town.restore()


def letters(town: Town) -> Iterator[str]:
    """What goes out by mail after a reply in each house names that house, and leads there."""
    for house, other in ((town.own, town.foreign), (town.foreign, town.own)):
        caller = caller_of(house, "desk", "admin")
        caller.ask(
            "POST", f"/desk/tickets/{house.mine.number}/reply", data={"kind": "reply", "body": "Hello", "status": "solved"}
        )
        caller_of(house, "portal", "visitor").ask("POST", "/signin", data={"email": house.mine.email})
        jobs.run_due()
        mails = _captured(town, house.mine.email)
        if not mails:
            yield f"no mail to {house.tenant.name}'s customer"
        for mail in mails:
            links = set(re.findall(r"https?://([^/\s\"<]+)", mail))
            yield from (f"a mail of {house.tenant.slug} leads to {link}" for link in links if link != house.tenant.host)
            if other.tenant.name in mail or other.mine.mark in mail:
                yield f"a mail of {house.tenant.slug} names another house"
    town.restore()


def _captured(town: Town, email: str) -> list[str]:
    query = "SELECT sender || subject || text || html FROM platform.captured_mail WHERE to_address = %s"
    return [mail for (mail,) in town.broom.execute(query, [email]).fetchall()]


def forged_work(town: Town) -> Iterator[str]:
    """A tenant may promise itself work; whatever the promise says of whose it is, it is done at home."""
    row = {"mail_id": town.foreign.mine.id_of("mail")}
    insert = (
        "INSERT INTO platform.outbox (id, tenant_id, job, args, created_at, due_at, ring_at)"
        " VALUES (gen_random_uuid(), :tenant, 'notifications.send_mail', CAST(:args AS jsonb), :now, :now, :now)"
    )
    values = {"tenant": town.foreign.tenant.id, "args": json.dumps(row), "now": clock.now() - timedelta(minutes=1)}
    with database.transaction(town.own.tenant.stand) as session:
        session.execute(text(insert), values)
    jobs.run_due()
    # The promise itself names the other house; that is its lie, and no change there.
    changed = [table for table in town.damage() if table != "platform.outbox"]
    yield from (f"forged work changes {table} of another house" for table in changed)


def smuggled(town: Town, statement: str) -> Iterator[str]:
    """Send one statement as the tenant's role, with the names of a stranger's `{schema}` and `{role}` in it."""
    filled = statement.format(schema=town.foreign.schema, role=town.foreign.tenant.stand.role)
    session = database.session_at(town.own.tenant.stand)
    try:
        result = session.connection().exec_driver_sql(filled)
        yield f"lets through {statement}" if not result.returns_rows or result.fetchall() else "lets it be asked"
    except SQLAlchemyError:
        pass
    finally:
        database.settle(session, keep=False)
