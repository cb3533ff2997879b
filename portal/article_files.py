"""The files of articles: open to whoever may read an article that shows them."""

from flask import Blueprint
from werkzeug.wrappers import Response

from knowledge_base.articles import media
from tenants.modules import Module
from web import access, attachments, modules
from web.access import public
from web.lifecycle import session

blueprint = modules.belongs_to(Blueprint("article_files", __name__), Module.KNOWLEDGE_BASE)


@blueprint.get("/files/<file_id>")
@public("whether a reader may open it is decided by the articles that show it")
def file(file_id: str) -> Response:
    return attachments.send(media.get(session, attachments.parse_id(file_id), actor=access.actor()))
