"""A door to each language for the faces whose addresses name none: the desk before one signs in, and the platform's pages."""

from flask import Blueprint, Flask, request, url_for
from werkzeug.wrappers import Response

from kernel.errors import NotFound
from kernel.i18n import BY_PATH, Language
from web import htmx, languages
from web.access import public
from web.returning import here, local_path

blueprint = Blueprint("choosing_language", __name__)


def install(app: Flask, prefix: str = "/") -> None:
    """Open the door below `prefix`, and tell every template of the face its address as `language_url`."""
    app.register_blueprint(blueprint, url_prefix=prefix)
    app.context_processor(lambda: {"language_url": _url})


@blueprint.get("/language/<language>")
@public("a visitor may be spoken to in any of our languages")
def choose(language: str) -> Response:
    """Go on in another language, and remember it."""
    chosen = BY_PATH.get(language)
    if chosen is None:
        raise NotFound()
    response = htmx.redirect_to(local_path(request.args.get("next"), "/"))
    languages.remember(response, chosen)
    return response


def _url(language: Language) -> str:
    return url_for("choosing_language.choose", language=language.path, next=here() or None)
