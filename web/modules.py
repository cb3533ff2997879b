"""Which module a page belongs to, said once for each blueprint; where it is switched off, its pages are not there."""

from flask import Blueprint, current_app, request

from kernel.errors import NotFound
from tenants import modules
from tenants.modules import Module
from web import hosts


def belongs_to(blueprint: Blueprint, module: Module) -> Blueprint:
    """Say that all pages of `blueprint` are part of `module`."""
    blueprint.module = module  # type: ignore[attr-defined]
    return blueprint


def of(blueprint: str | None) -> Module | None:
    found: Module | None = getattr(current_app.blueprints.get(blueprint or ""), "module", None)
    return found


def is_on(module: str | None) -> bool:
    tenant = hosts.tenant()
    return module is None or tenant is None or modules.is_on(tenant, module)


def has_page(endpoint: str) -> bool:
    """Whether the page is there for this tenant: for links to other rooms."""
    return is_on(of(endpoint.rpartition(".")[0]))


def refuse_what_is_off() -> None:
    """Raise `NotFound` for a page of a module that the tenant does not use, before anybody is asked who they are."""
    if not is_on(of(request.blueprint)):
        raise NotFound()
