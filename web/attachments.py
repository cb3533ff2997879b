"""Files on their way in and out."""

import io
import uuid
from urllib.parse import quote

from flask import Response, abort, request, send_file
from sqlalchemy.orm import Session

from kernel import files
from kernel.files import StoredFile, Upload
from web.lifecycle import session


def arrived(field: str = "files") -> list[Upload]:
    """Return the files that came with the form; a file input left empty sends one without a name."""
    return [Upload(storage.filename or "", storage.stream) for storage in request.files.getlist(field) if storage.filename]


def parse_id(text: str) -> uuid.UUID:
    """Return a public id from a URL; what is no such id is not found."""
    try:
        return uuid.UUID(text)
    except ValueError:
        abort(404)


def send(file: StoredFile, *, thumbnail: bool = False, place: Session | None = None) -> Response:
    """Send a stored file.  Pictures may be shown in the page, all else is a download; nothing in it may run.

    `place` is a session in the house that the file belongs to, where that is not the request's own.
    """
    sha256 = file.thumbnail_sha256 if thumbnail and file.thumbnail_sha256 else file.sha256
    try:
        content = io.BytesIO(files.read(place or session, sha256))
    except FileNotFoundError:
        abort(404)
    media_type = "image/webp" if thumbnail and file.thumbnail_sha256 else file.media_type
    response: Response = send_file(content, mimetype=media_type, conditional=True, etag=sha256, max_age=3600)
    disposition = "inline" if file.is_picture else "attachment"
    response.headers["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(file.name)}"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
