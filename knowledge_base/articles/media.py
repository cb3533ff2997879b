"""The help centre's files: stored for articles, and open to whoever may read an article that shows them."""

import io
import uuid

from PIL import Image, UnidentifiedImageError
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import files
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.files import StoredFile, Upload
from knowledge_base.articles import queries
from knowledge_base.articles.models import Article, ArticleFile
from tenants.permissions import Permission


def store(session: Session, uploads: list[Upload]) -> list[StoredFile]:
    """Store files for articles; until an article shows them, only staff can open them.  Raises what `kernel.files` refuses."""
    stored = files.store_all(session, uploads)
    session.add_all(ArticleFile(file_id=file.id) for file in stored)
    session.flush()
    return stored


def markdown_of(session: Session, file: StoredFile) -> str:
    """Return the Markdown that shows a picture or film, or offers any other file."""
    words = file.name.replace("[", "(").replace("]", ")")
    address = f"/files/{file.public_id}"
    if file.is_picture:
        return f"![{words}]({address}{_size(session, file)})"
    return f"{'@' if file.media_type == 'video/mp4' else ''}[{words}]({address})"


def _size(session: Session, file: StoredFile) -> str:
    """Return a picture's size as it is shown, as the address tells it; nothing where it cannot be read."""
    try:
        with Image.open(io.BytesIO(files.read(session, file.sha256))) as picture:
            width, height = picture.size
            is_turned = picture.getexif().get(0x0112) in (5, 6, 7, 8)
    except (UnidentifiedImageError, OSError, ValueError):
        return ""
    return f"#{height}x{width}" if is_turned else f"#{width}x{height}"


def get(session: Session, public_id: uuid.UUID, *, actor: Actor) -> StoredFile:
    """Return a file of the help centre that `actor` may open: all of them for staff, else those of articles that they may read.

    Raises `NotFound`.
    """
    query = select(StoredFile).join(ArticleFile, ArticleFile.file_id == StoredFile.id).where(StoredFile.public_id == public_id)
    if not (actor.kind == "system" or actor.may(Permission.ARTICLE_READ)):
        shown = queries.visible_to(actor).where(Article.file_ids.contains([public_id]))
        query = query.where(shown.with_only_columns(Article.id).exists())
    file = session.scalar(query)
    if file is None:
        raise NotFound()
    return file
