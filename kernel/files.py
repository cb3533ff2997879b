"""Files that people attach: judged by content, stored by hash, on disk before the transaction that names them."""

import hashlib
import io
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import puremagic
from PIL import Image, ImageOps, UnidentifiedImageError
from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, sealing, settings
from kernel.database import TenantBase, tenant_id_column
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l

MAX_BYTES = 20 * 1024 * 1024
MAX_FILES = 10
# A JPEG is shrunk while it is decoded, so even a 108-megapixel phone's is cheap; anything else is decoded whole first.
_MAX_PIXELS = {"JPEG": 120_000_000}
_MAX_PIXELS_OTHERWISE = 25_000_000
_THUMBNAIL = (320, 320)
_NAME_LENGTH = 150


def _is_plain_text(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return b"\x00" not in head and not start.startswith((b"<", b"#!", b"mz", b"\x7felf"))


# What a file may be called -> what its content may look like.  Anything else is refused: no markup, no programs, no SVG.
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_KINDS: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    ".pdf": ("application/pdf", lambda head: head.startswith(b"%PDF-")),
    ".docx": (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        lambda head: head.startswith(_ZIP),
    ),
    ".xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", lambda head: head.startswith(_ZIP)),
    ".pptx": (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        lambda head: head.startswith(_ZIP),
    ),
    ".doc": ("application/msword", lambda head: head.startswith(_OLE)),
    ".xls": ("application/vnd.ms-excel", lambda head: head.startswith(_OLE)),
    ".ppt": ("application/vnd.ms-powerpoint", lambda head: head.startswith(_OLE)),
    ".zip": ("application/zip", lambda head: head.startswith(_ZIP)),
    ".mp4": ("video/mp4", lambda head: head[4:8] == b"ftyp"),
    ".mov": ("video/quicktime", lambda head: head[4:8] == b"ftyp"),
    ".heic": ("image/heic", lambda head: head[4:8] == b"ftyp"),
    ".m4a": ("audio/mp4", lambda head: head[4:8] == b"ftyp"),
    ".mp3": ("audio/mpeg", lambda head: head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"))),
    ".txt": ("text/plain", _is_plain_text),
    ".csv": ("text/csv", _is_plain_text),
    ".log": ("text/plain", _is_plain_text),
}
_PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
_PICTURE_ENDINGS = {".jpg", ".jpeg", ".png", ".gif", ".webp"}
ACCEPTED = ",".join([*sorted(_PICTURE_ENDINGS), *_KINDS])


class FileRefused(DomainError):
    """A file that is not taken; the message belongs beside the form's files."""


class FileTooLarge(FileRefused):
    message = _l("%(name)s is larger than 20 MB. Send a smaller version, or a link to it.")


class FileTypeRefused(FileRefused):
    message = _l("%(name)s is not a picture, document, sound or film that we can accept. Its content decides, not its name.")


class FileEmpty(FileRefused):
    message = _l("%(name)s is empty.")


class TooManyFiles(FileRefused):
    message = _l("You can attach up to 10 files at a time.")


class StoredFile(TenantBase):
    """A file of this tenant.  `name` is what the sender called it, a label only; the path follows from `sha256`."""

    __tablename__ = "stored_file"

    id: Mapped[int] = tenant_id_column()
    public_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), unique=True)
    sha256: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    thumbnail_sha256: Mapped[str | None]
    created_at: Mapped[datetime]

    @property
    def is_picture(self) -> bool:
        return self.thumbnail_sha256 is not None


@dataclass(frozen=True)
class Upload:
    """A file as it arrived: the sender's name for it and a stream to read."""

    name: str
    stream: IO[bytes]


def store_all(session: Session, uploads: list[Upload]) -> list[StoredFile]:
    """Store up to ten files of up to 20 MB, or raise without having kept any of them."""
    if len(uploads) > MAX_FILES:
        raise TooManyFiles()
    checked = [(upload, *_read(upload)) for upload in uploads]
    return [_store(session, label(upload.name), content, media_type) for upload, content, media_type in checked]


def label(name: str) -> str:
    """Return what a file is shown as: its last path part without control or invisible characters, its ending kept."""
    base = "".join(letter for letter in name.replace("\\", "/").rsplit("/", 1)[-1] if letter.isprintable()).strip() or "file"
    stem, ending = os.path.splitext(base)
    return stem[: _NAME_LENGTH - len(ending)] + ending[:20]


def _read(upload: Upload, kind: Callable[[str, bytes], str] | None = None) -> tuple[bytes, str]:
    content = upload.stream.read(MAX_BYTES + 1)
    name = label(upload.name)
    if len(content) > MAX_BYTES:
        raise FileTooLarge(name=name)
    if not content:
        raise FileEmpty(name=name)
    return content, (kind or _media_type)(name, content)


def _media_type(name: str, content: bytes) -> str:
    ending = os.path.splitext(name)[1].lower()
    if ending in _PICTURE_ENDINGS:
        return _picture_type(name, content)
    media_type, fits = _KINDS.get(ending, ("", None))
    if fits is None or not fits(content[:4096]) or _is_program(content):
        raise FileTypeRefused(name=name)
    return media_type


def _picture_type(name: str, content: bytes) -> str:
    """Believe only what decodes, and nothing that would fill the memory when it does (ASVS 5.2.6)."""
    try:
        with Image.open(io.BytesIO(content), formats=list(_PICTURES)) as picture:
            if picture.width * picture.height > _MAX_PIXELS.get(str(picture.format), _MAX_PIXELS_OTHERWISE):
                raise FileTypeRefused(name=name)
            return _PICTURES[str(picture.format)]
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise FileTypeRefused(name=name) from error


def _is_program(content: bytes) -> bool:
    try:
        kinds = puremagic.magic_string(content[:4096])
    except puremagic.PureError:
        return False
    programs = {".exe", ".dll", ".elf", ".sh", ".bat", ".com", ".scr", ".msi", ".html", ".svg", ".js"}
    return bool(kinds) and kinds[0].confidence >= 0.8 and kinds[0].extension in programs


def _store(session: Session, name: str, content: bytes, media_type: str) -> StoredFile:
    thumbnail = _thumbnail(content) if media_type in _PICTURES.values() else None
    file = StoredFile(
        public_id=uuid.uuid4(),
        sha256=keep(session, content),
        name=name,
        media_type=media_type,
        size=len(content),
        thumbnail_sha256=keep(session, thumbnail) if thumbnail else None,
        created_at=clock.now(),
    )
    session.add(file)
    session.flush()
    return file


_LOGO_KINDS = ("PNG", "JPEG", "WEBP")
_LOGO_BOX, LOGO_BYTES = (600, 180), 200_000


class LogoRefused(FileRefused):
    message = _l("%(name)s is not a PNG, JPEG or WebP picture that we can read.")


def store_logo(session: Session, upload: Upload, *, name: str) -> tuple[StoredFile, int, int]:
    """Store a picture to be shown on every page, drawn anew and small, with its width and height.

    Nothing of the file but its pixels is kept, so that nothing can hide in it.  Drawings (SVG) are refused: they are programs.
    """
    content, _media = _read(Upload(label(upload.name), upload.stream), kind=_logo_type)
    try:
        with Image.open(io.BytesIO(content), formats=list(_LOGO_KINDS)) as picture:
            drawn = ImageOps.exif_transpose(picture).convert("RGBA")
    except Exception as error:
        # A picture that is cut short or lies about itself raises almost anything.
        raise LogoRefused(name=label(upload.name)) from error
    drawn.thumbnail(_LOGO_BOX, Image.Resampling.LANCZOS)
    small, media_type = _encoded(drawn)
    stored = _store(session, f"{name}.{media_type.rpartition('/')[2]}", small, media_type)
    return stored, drawn.width, drawn.height


def _encoded(picture: Image.Image) -> tuple[bytes, str]:
    for kind, options in (("PNG", {"optimize": True}), ("WEBP", {"quality": 85})):
        out = io.BytesIO()
        picture.save(out, kind, **options)
        if out.tell() <= LOGO_BYTES:
            break
    return out.getvalue(), _PICTURES[kind]


def _logo_type(name: str, content: bytes) -> str:
    try:
        return _picture_type(name, content)
    except FileTypeRefused as error:
        raise LogoRefused(name=name) from error


def _thumbnail(content: bytes) -> bytes | None:
    try:
        with Image.open(io.BytesIO(content), formats=list(_PICTURES)) as picture:
            picture.thumbnail(_THUMBNAIL)
            out = io.BytesIO()
            ImageOps.exif_transpose(picture).convert("RGB").save(out, "WEBP", quality=75)
            return out.getvalue()
    except Exception:
        # A picture cut short or with damaged EXIF raises almost anything; it is kept and offered as a download.
        return None


def path_of(session: Session, sha256: str) -> Path:
    """Return where a file of the session's tenant lies; the schema in the path keeps tenants apart on disk too."""
    return settings.current().home / "files" / database.stand_of(session).schema / sha256[:2] / sha256


def read(session: Session, sha256: str) -> bytes:
    """Return a file's content, opened if it is sealed.  Raises `FileNotFoundError`."""
    plain = path_of(session, sha256)
    sealed = _sealed(plain)
    if sealed.exists():
        return sealing.unseal_bytes(session, sealed.read_bytes(), purpose=f"file {sha256}")
    return plain.read_bytes()


def _sealed(path: Path) -> Path:
    return path.with_name(f"{path.name}.sealed")


def keep(session: Session, content: bytes) -> str:
    """Put `content` on disk, synced and under its final name, before anything in the database can point at it.

    Returns its sha256.  With `FRONTDESK_SEAL_FILES` it is sealed; what lies there from before stays as it is.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(session, sha256)
    if path.exists() or _sealed(path).exists():
        return sha256
    if settings.current().seals_files:
        _write(_sealed(path), sealing.seal_bytes(session, content, purpose=f"file {sha256}"))
    else:
        _write(path, content)
    return sha256


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
