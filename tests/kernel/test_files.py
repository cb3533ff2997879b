"""Files are judged by their content, stored by their hash, kept apart by tenant."""

import io
import zipfile

import pytest
from PIL import Image

from kernel import files
from kernel.files import FileEmpty, FileTooLarge, FileTypeRefused, TooManyFiles, Upload

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n"
EXE = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00" + b"\x00" * 200
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def upload(name, content):
    return Upload(name, io.BytesIO(content))


def picture(kind="PNG", size=(800, 600), **options):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


def archive(name="word/document.xml"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, "<w/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("a.png", picture("PNG"), "image/png"),
        ("a.JPG", picture("JPEG"), "image/jpeg"),
        ("a.gif", picture("GIF"), "image/gif"),
        ("a.webp", picture("WEBP"), "image/webp"),
        ("renamed.png", picture("JPEG"), "image/jpeg"),
        ("a.pdf", PDF, "application/pdf"),
        ("a.docx", archive(), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", archive("a.txt"), "application/zip"),
        ("a.mp4", MP4, "video/mp4"),
        ("a.txt", "退款\n".encode(), "text/plain"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("收據.pdf", PDF, "application/pdf"),
    ],
)
def test_what_a_file_is_follows_from_its_content(session, name, content, media_type):
    [stored] = files.store_all(session, [upload(name, content)])
    assert (stored.media_type, stored.size, stored.name) == (media_type, len(content), name)
    assert files.path_of(session, stored.sha256).read_bytes() == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", EXE),
        ("letter.pdf", EXE),
        ("letter.docx", EXE),
        ("notes.txt", EXE),
        ("setup.exe", EXE),
        ("page.html", b"<html></html>"),
        ("page.txt", b"<script>alert(1)</script>"),
        ("page.txt", b"\xef\xbb\xbf  <svg onload=alert(1)>"),
        ("run.txt", b"#!/bin/sh\nrm -rf /\n"),
        ("picture.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("picture.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("picture.png", b"\x89PNG\r\n\x1a\n"),
        ("script.js", b"alert(1)"),
        ("program.php", b"<?php ?>"),
        ("nothing", b"no ending at all"),
        (".htaccess", b"Deny from all"),
        ("\u200b.htaccess", b"Deny from all"),
        ("a.pdf.exe", PDF),
        ("text.pdf", b"not a pdf"),
        ("sound.mp3", b"not a sound"),
        ("binary.txt", b"text\x00with nul"),
    ],
)
def test_a_file_that_is_not_what_it_is_called_is_refused(session, name, content):
    with pytest.raises(FileTypeRefused):
        files.store_all(session, [upload(name, content)])


def test_a_picture_that_would_fill_the_memory_is_refused(session):
    with pytest.raises(FileTypeRefused):
        files.store_all(session, [upload("bomb.png", picture("PNG", (12_000, 6_000)))])


def test_a_file_of_twenty_megabytes_is_taken_and_one_byte_more_is_not(session):
    exactly = b"%PDF-" + b"x" * (files.MAX_BYTES - 5)
    assert files.store_all(session, [upload("big.pdf", exactly)])[0].size == files.MAX_BYTES
    with pytest.raises(FileTooLarge, match="20 MB"):
        files.store_all(session, [upload("big.pdf", exactly + b"x")])


def test_an_empty_file_is_refused_by_name(session):
    with pytest.raises(FileEmpty) as refusal:
        files.store_all(session, [upload("empty.pdf", b"")])
    assert "empty.pdf" in str(refusal.value)


def test_ten_files_are_taken_and_eleven_are_not(session):
    assert len(files.store_all(session, [upload(f"{n}.pdf", PDF) for n in range(10)])) == 10
    with pytest.raises(TooManyFiles):
        files.store_all(session, [upload(f"{n}.pdf", PDF) for n in range(11)])


def test_one_bad_file_among_good_ones_keeps_none(session, alpha):
    good = PDF + b"only here"
    with pytest.raises(FileTypeRefused):
        files.store_all(session, [upload("good.pdf", good), upload("bad.pdf", EXE)])
    assert not files.path_of(session, files.hashlib.sha256(good).hexdigest()).exists()


def test_a_picture_has_a_small_one_without_its_place_of_origin(session):
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    [stored] = files.store_all(session, [upload("a.jpg", picture("JPEG", (2000, 1000), exif=exif))])
    assert stored.is_picture
    small = files.path_of(session, stored.thumbnail_sha256).read_bytes()
    assert b"taken at home" not in small
    with Image.open(io.BytesIO(small)) as thumbnail:
        assert thumbnail.size == (320, 160)


def test_a_picture_cut_short_is_a_download_without_a_small_one(session):
    [stored] = files.store_all(session, [upload("half.png", picture("PNG")[:-200])])
    assert not stored.is_picture


def test_the_same_content_lies_on_disk_once(session):
    first, second = files.store_all(session, [upload("a.pdf", PDF), upload("b.pdf", PDF)])
    assert first.sha256 == second.sha256
    assert first.public_id != second.public_id


def test_tenants_are_apart_on_disk_too(session, alpha, beta, in_tenant):
    [mine] = files.store_all(session, [upload("a.pdf", PDF)])
    with in_tenant(beta) as other:
        assert not files.path_of(other, mine.sha256).exists()
        assert alpha.stand.schema not in str(files.path_of(other, mine.sha256))


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\mei\\photo.jpg", "photo.jpg"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a\x00b.pdf", "ab.pdf"),
        ("", "file"),
        ("///", "file"),
        ("收據 1.pdf", "收據 1.pdf"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_a_file_is_shown_under_a_harmless_name(sent, shown):
    assert files.label(sent) == shown
