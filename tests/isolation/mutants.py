"""A manual of mistakes: each is one that programmers make, made here for the length of a test, and how it is found.

A mutant is a sentence, what it breaks, and where to look: a caller and the endpoints to crawl, or one of `looks`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.isolation import looks
from tests.isolation.houses import Town
from tests.isolation.mistakes import keys, places, rights, shared_things, sights

Break = Callable[[pytest.MonkeyPatch, Town], Any]
Look = Callable[[Town], Iterator[str]]


@dataclass(frozen=True)
class Mutant:
    """A mistake and the look that finds it: `(face, role, endpoint, …)` for a crawl, or a function of `looks`."""

    mistake: str
    breaks: Break
    look: tuple[str, ...] | Look


def _smuggled(statement: str) -> Look:
    return lambda town: looks.smuggled(town, statement)


HOME = ("portal", "visitor", "home.page")
MUTANTS = (
    # Where a transaction stands.
    Mutant("every session stands in the first tenant's schema", places.stand_in_the_first_schema, HOME),
    Mutant(
        "the search path is switched, the role is not: the application is the owner",
        places.be_the_owner,
        _smuggled("SELECT subject FROM {schema}.ticket"),
    ),
    Mutant(
        "one tenant's role is granted to another's",
        places.grant_role,
        _smuggled("SELECT subject FROM {schema}.ticket"),
    ),
    Mutant(
        "the registry may be read by tenants",
        places.grant_registry,
        _smuggled("SELECT name FROM customer UNION SELECT name FROM platform.tenant"),
    ),
    Mutant(
        "the outbox takes rows in any tenant's name",
        places.drop_outbox_policy,
        _smuggled(
            "INSERT INTO platform.outbox (id, tenant_role, job, args, created_at, due_at, ring_at)"
            " VALUES (gen_random_uuid(), '{role}', 'articles.repair_index', '{{}}', now(), now(), now())"
        ),
    ),
    Mutant(
        "the driver takes several statements at once",
        places.take_many_statements,
        _smuggled("SELECT 1; RESET ROLE; SET ROLE {role}; SELECT subject FROM {schema}.ticket"),
    ),
    Mutant("a whole statement may switch the role", places.take_any_statement, _smuggled("SET LOCAL ROLE {role}")),
    # Whose house it is.
    Mutant("the registry's cache is keyed without the host", places.remember_any_host, HOME),
    Mutant("the host is taken from X-Forwarded-Host", places.host_from_header("X-Forwarded-Host"), HOME),
    Mutant("the host is taken from Forwarded", places.host_from_header("Forwarded"), HOME),
    Mutant("the tenant is taken from X-Tenant", places.host_from_header("X-Tenant"), HOME),
    Mutant("a proxy is believed that is not there", places.believe_proxies, HOME),
    Mutant("the tenant is taken from a cookie", places.host_from_cookie, HOME),
    Mutant("the tenant is taken from the query", places.host_from_query, ("portal", "customer", "home.page")),
    Mutant("canonical links repeat the host that a header claims", places.links_by_header, HOME),
    Mutant("the platform's pages answer at tenants' hosts", places.platform_everywhere, looks.faces_apart),
    # Files, indexes, caches.
    Mutant("files of all tenants lie in one folder", places.one_folder_for_files, looks.uploads),
    Mutant("an upload is stored under the name it came with", places.file_under_its_name, looks.uploads),
    Mutant("a file is looked up by its id alone, wherever it lies", places.file_anywhere, ("desk", "viewer", "tickets.file")),
    Mutant("all tenants share one search index", places.one_index, looks.own_search),
    Mutant("suggestions are cached by the words alone", places.cache_suggestions, looks.warm_caches),
    Mutant("search results are cached by the words alone", places.cache_results, looks.warm_caches),
    Mutant("the category tree is cached by the language alone", places.cache_tree, looks.warm_caches),
    Mutant("whole pages are cached by their path", places.cache_pages, looks.warm_caches),
    Mutant("the tenant's colours are cached for all", places.cache_brand, looks.warm_caches),
    # Keys.
    Mutant(
        "staff are looked up without their tenant at sign-in",
        keys.sign_in_anywhere,
        ("desk", "visitor", "signing_in.by_password"),
    ),
    Mutant("sign-ins of all tenants are in one table", keys.one_table_of_sign_ins, ("desk", "admin", "inbox.listing")),
    Mutant("a sign-in does not say at which face", keys.forget_the_face, looks.other_faces_tokens),
    Mutant("the session cookie is signed alike at every host", keys.sign_alike, looks.half_sign_in),
    Mutant("who has left stays signed in", keys.keep_leavers, looks.gone_people),
    Mutant("permissions are remembered with the sign-in", keys.remember_permissions, looks.gone_people),
    Mutant("a mailed link opens at any house", keys.link_anywhere, ("portal", "visitor", "signing_in.link_page")),
    Mutant("a browser of anybody can be signed out", keys.end_any_sign_in, ("desk", "admin", "my_settings.end_sign_in")),
    Mutant("the session cookie goes to all subdomains", keys.cookie_for_all, ("desk", "visitor", "signing_in.by_password")),
    Mutant(
        "one is sent on to wherever the form says", keys.redirect_anywhere, ("desk", "admin", "my_settings.change_language")
    ),
    # What is seen.
    Mutant("a customer sees all tickets", sights.all_tickets, ("portal", "customer", "requests.listing")),
    Mutant("visitors see drafts", sights.drafts, ("portal", "visitor", "help_centre.category")),
    Mutant("customers read internal notes", sights.notes, ("portal", "customer", "requests.show")),
    Mutant("an attachment is found under any ticket", sights.file_of_any_ticket, ("desk", "viewer", "tickets.file")),
    Mutant("saved views are everybody's", sights.all_views, ("desk", "agent", "inbox.listing", "inbox.delete_view")),
    Mutant("the bell rings with colleagues' news", sights.all_bells, ("desk", "agent", "bell.page")),
    Mutant("colleagues' browsers are listed", sights.all_browsers, ("desk", "agent", "my_settings.page")),
    Mutant("a bulk action takes any id it is given", sights.bulk_anything, ("desk", "admin", "inbox.bulk")),
    Mutant("an export holds every tenant's rows", sights.export_everything, ("desk", "manager", "customers.export")),
    Mutant(
        "a stranger's ticket is forbidden, not missing",
        sights.forbidden_not_missing,
        ("desk", "viewer", "tickets.page"),
    ),
    Mutant("a refusal names whose it is", sights.refusal_names_owner, ("desk", "viewer", "tickets.page")),
    Mutant("the console shows what is in a house", sights.console_shows_rows, ("operators", "operator", "upkeep.page")),
    Mutant("the desk's pages may be kept by any cache", sights.public_pages, ("desk", "viewer", "inbox.listing")),
    Mutant("files may be kept by any cache", sights.public_files, ("portal", "visitor", "requests.file")),
    # Who may.
    Mutant("a route's permission is dropped", rights.drop_permission, ("desk", "viewer", "customers.export")),
    Mutant("a route asks for the wrong permission", rights.wrong_permission, ("desk", "agent", "categories.add")),
    Mutant("only GET asks for a sign-in", rights.gate_get_only, ("desk", "visitor", "ticket_facts.set_status")),
    Mutant("viewers hold what agents hold", rights.viewers_write, ("desk", "viewer", "ticket_facts.rename")),
    Mutant("the permission is asked for after the write", rights.ask_afterwards, ("desk", "viewer", "ticket_facts.set_tags")),
    Mutant("a refusal keeps what was written", rights.keep_refused, ("desk", "viewer", "ticket_facts.set_tags")),
    # Work and letters.
    Mutant("a job believes the tenant that its row names", places.believe_the_row, looks.forged_work),
    Mutant("letters lead to another tenant's host", places.letters_elsewhere, looks.letters),
    Mutant("letters are signed with the first tenant's name", places.letters_in_anothers_name, looks.letters),
    # What is kept for all houses in one place.
    Mutant("the domains of all tenants are listed", shared_things.list_all_domains, ("desk", "admin", "settings_domains.page")),
    Mutant("a domain is taken away by its name alone", shared_things.take_any_domain, looks.others_domains),
    Mutant(
        "an archive is fetched by its key, whosever it is",
        shared_things.fetch_any_export,
        ("desk", "admin", "settings_exporting.download"),
    ),
    Mutant("a draft opens at any house", shared_things.open_any_draft, looks.drafts),
    Mutant("what machines read is built once for all", shared_things.keep_site_map, looks.warm_caches),
    Mutant("one mark stands for what all houses answer", shared_things.one_mark_for_all, looks.known_marks),
    Mutant("the registry is believed for ever", shared_things.believe_for_ever, looks.moved_names),
    Mutant("a worker remembers where a kind of work is done", shared_things.first_house_for_each_job, looks.letters),
    Mutant(
        "a picture in an article is looked up by its id alone",
        shared_things.article_file_anywhere,
        ("portal", "visitor", "article_files.file"),
    ),
    Mutant("an invitation opens at any house", shared_things.invite_anywhere, ("desk", "visitor", "arriving.welcome")),
)
