"""Answers for machines: never stale, because caches must ask again, and cheap when nothing changed."""

import re
from datetime import UTC, datetime
from xml.etree import ElementTree

from flask import Response, request

# What XML 1.0 cannot hold, even escaped; a title pasted from elsewhere may have it.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Element = ElementTree.Element


def answer(body: str | bytes, media_type: str) -> Response:
    """Return an answer that everybody may keep but must check before each use: what is withdrawn is gone at once."""
    response = Response(body, mimetype=media_type, headers={"Cache-Control": "public, no-cache"})
    response.add_etag()
    response.make_conditional(request)
    return response


def xml(root: Element, media_type: str = "application/xml") -> Response:
    return answer(ElementTree.tostring(root, "utf-8", xml_declaration=True), media_type)


def add(parent: Element, tag: str, text: str | None = None, **attributes: str) -> Element:
    """Add an element with what XML can hold of a text."""
    child = ElementTree.SubElement(parent, tag, {name.rstrip("_"): _storable(value) for name, value in attributes.items()})
    child.text = _storable(text) if text is not None else None
    return child


def _storable(text: str) -> str:
    return _NOT_XML.sub("", text)


def moment(at: datetime) -> str:
    """Write a moment as RFC 3339 and the W3C want it, to the second."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
