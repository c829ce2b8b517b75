from __future__ import annotations

import io
import re
import resource
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage, storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import resolve
from django.utils.timezone import now
from PIL import Image

from catalog import tasks
from catalog.models import ProductImage
from catalog.services import pictures
from catalog.services.pictures import darkroom, making
from catalog.services.pictures.headers import read_header
from catalog.tests.factories import make_product
from catalog.tests.pictures import (
    SCRIPT,
    SVG,
    encoded,
    hostile,
    picture,
    png_bomb,
    several_frames,
    taken_with_a_phone,
)

HOSTILE = list(hostile())


@pytest.fixture
def product(shop, media_root):
    return make_product(shop)


def add(product, data: bytes, name: str = "bowl.jpg", **more) -> ProductImage:
    return pictures.add_picture(product=product, file=SimpleUploadedFile(name, data), **more)


def a_while_ago():
    # SQLite's clock counts milliseconds only: this very moment may still lie ahead of it.
    return now() - timedelta(seconds=1)


def files_under(folder) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def opened(name: str) -> Image.Image:
    return Image.open(io.BytesIO(default_storage.open(name).read()))


# --- taking a picture in


def test_a_picture_is_shown_at_once_and_has_its_sizes_after_the_sweep(product):
    image = add(product, picture(size=(1000, 500)), alt="A bowl")

    assert (image.state, image.width, image.height) == ("waiting", 1000, 500)
    assert image.fallback == f"pictures/{image.uuid}/640.jpg"
    assert opened(image.fallback).size == (640, 320)
    assert image.url(320) == image.fallback_url
    assert image.srcset("webp") == ""

    assert tasks.make_waiting_pictures() == 1

    image.refresh_from_db()
    widths = [160, 320, 480, 640, 960, 1000]
    assert image.state == "ready"
    assert image.sizes == {"webp": widths, "avif": widths}
    assert [kind for kind, _ in image.sources] == ["image/avif", "image/webp"]
    assert image.url(320) == f"/media/pictures/{image.uuid}/320.webp"
    assert image.url(2000, "avif").endswith("/1000.avif")
    assert opened(f"pictures/{image.uuid}/480.avif").size == (480, 240)
    assert opened(f"pictures/{image.uuid}/og.jpg").size == (1200, 630)
    assert image.tint == "022"


def test_a_small_picture_is_never_blown_up(product):
    image = add(product, picture("PNG", size=(200, 100)))
    pictures.make_waiting()

    image.refresh_from_db()
    assert image.sizes["webp"] == [160, 200]
    assert image.fallback.endswith("/200.jpg")


def test_without_avif_there_is_only_webp(product, settings):
    settings.PICTURE_AVIF = False
    image = add(product, picture())
    pictures.make_waiting()

    image.refresh_from_db()
    assert list(image.sizes) == ["webp"]


def test_making_again_changes_nothing(product):
    image = add(product, picture())
    pictures.make_waiting()
    before = ProductImage.objects.values().get(pk=image.pk)

    assert not pictures.make_sizes(image.pk)
    assert pictures.make_waiting() == 0

    assert ProductImage.objects.values().get(pk=image.pk) == before


def test_it_is_turned_upright_and_keeps_no_word_about_where_it_was_taken(product, media_root):
    image = add(product, taken_with_a_phone())
    pictures.make_waiting()

    image.refresh_from_db()
    assert (image.width, image.height) == (300, 400)
    upright = opened(image.fallback).convert("RGB")
    red, green, blue = upright.getpixel((150, 20))
    assert red > 200
    assert green < 60
    assert blue < 60
    for name in files_under(media_root / "media"):
        data = (media_root / "media" / name).read_bytes()
        assert not opened(name).getexif()
        assert not any(word in data for word in (b"Secret", b"Exif", b"GPS", b"http"))


def test_transparent_parts_become_paper(product):
    image = add(product, picture("PNG", colour=(0, 0, 0, 0)))

    assert opened(image.fallback).getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "I;16", "RGBA", "CMYK", "YCbCr"])
def test_every_kind_of_pixel_is_taken(product, mode):
    format = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    image = add(product, encoded(Image.new(mode, (64, 48)), format))

    assert opened(image.fallback).size == (64, 48)


def test_a_colour_profile_is_applied_and_a_broken_one_ignored(product):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (profile, b"no profile at all"):
        image = add(product, picture("PNG", icc_profile=icc))
        assert "icc_profile" not in opened(image.fallback).info


def test_the_original_is_kept_where_nobody_can_ask_for_it(product, media_root, client):
    data = picture("PNG")
    image = add(product, data)

    assert storages["private"].open(image.original).read() == data
    assert image.original not in files_under(media_root / "media")
    assert client.get(f"/media/{image.original}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/cron.d/evil",
        "bowl\u202egpj.exe",
        "bowl.jpg\r\nSet-Cookie: a=b",
        "a" * 300 + ".jpg",
        "bowl.php",
        "bowl.svg",
        ".htaccess",
        "nul\x00byte.jpg",
        "con",
        "",
    ],
)
def test_the_name_that_was_sent_is_never_used(product, media_root, name):
    file = io.BytesIO(picture())
    file.name = name

    image = pictures.add_picture(product=product, file=file)

    assert files_under(media_root) == [
        f"media/pictures/{image.uuid}/300.jpg",
        f"private/pictures/{image.uuid}/original.jpg",
    ]


def test_new_pictures_go_to_the_end(product):
    first, second = add(product, picture()), add(product, picture())
    third = add(product, picture(), position=0)

    assert [first.position, second.position, third.position] == [0, 1, 0]


def test_a_product_holds_only_so_many(product, monkeypatch):
    monkeypatch.setattr("catalog.services.pictures.adding.MOST_PICTURES", 1)
    add(product, picture())

    with pytest.raises(pictures.BadPicture) as refusal:
        add(product, picture())

    assert refusal.value.code == "picture_too_many"
    assert product.images.count() == 1


def test_a_removed_picture_leaves_no_file(product, media_root, django_capture_on_commit_callbacks):
    image = add(product, picture())
    pictures.make_waiting()
    image.refresh_from_db()

    with django_capture_on_commit_callbacks(execute=True):
        pictures.remove_picture(image)

    assert not ProductImage.objects.exists()
    assert files_under(media_root) == []


# --- files that mean harm


@pytest.mark.parametrize(("what", "data"), HOSTILE, ids=[what for what, _ in HOSTILE])
def test_a_hostile_file_is_refused_quickly_and_leaves_nothing(product, media_root, what, data):
    memory, seconds = _peak_memory(), _seconds_of_work()

    with pytest.raises(pictures.BadPicture) as refusal:
        add(product, data)

    assert refusal.value.code.startswith("picture_")
    assert _seconds_of_work() - seconds < 2
    assert _peak_memory() - memory < 150_000_000
    assert not ProductImage.objects.exists()
    assert files_under(media_root) == []


def _seconds_of_work() -> float:
    """Of processors, children included: the clock on the wall counts the neighbours too."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _peak_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(
    "data",
    [
        picture() + SCRIPT,
        picture("PNG") + SVG,
        picture("WEBP") + b"PK\x03\x04" + SCRIPT,
        picture(comment=SCRIPT),
        picture(exif=b"Exif\x00\x00" + SCRIPT),
        picture("PNG", exif=b"Exif\x00\x00II*\x00garbage"),
    ],
    ids=["script behind", "svg behind", "zip behind", "comment", "exif", "broken exif"],
)
def test_what_hides_behind_a_picture_is_not_carried_over(product, media_root, data):
    add(product, data)
    pictures.make_waiting()

    served = [
        (media_root / "media" / name).read_bytes() for name in files_under(media_root / "media")
    ]
    assert len(served) > 4
    assert not any(b"script" in file or b"PK\x03\x04" in file for file in served)


@pytest.mark.parametrize(("what", "data"), list(several_frames()))
def test_several_frames_are_seen_in_the_header_and_named(what, data):
    with pytest.raises(pictures.BadPicture) as refusal:
        read_header(data)

    assert refusal.value.code == "picture_several_frames"


def test_the_pixels_are_counted_before_anything_is_decoded(product, monkeypatch):
    """K11: 20 KB that unpack to 169 million pixels."""

    def develop(*args, **kwargs):
        raise AssertionError("decoded a bomb")

    monkeypatch.setattr(darkroom, "_run", develop)
    bomb = png_bomb(13_000, 13_000)
    assert len(bomb) < 70_000

    with pytest.raises(pictures.BadPicture) as refusal:
        add(product, bomb)

    assert refusal.value.code == "picture_too_many_pixels"


def test_the_child_has_little_memory(product, monkeypatch):
    monkeypatch.setattr(darkroom, "MEMORY", 64 * 1024 * 1024)
    with pytest.raises(pictures.BadPicture) as refusal:
        add(product, picture("PNG", size=(4000, 4000)))
    assert refusal.value.facts == {"reason": "child"}

    monkeypatch.undo()
    assert add(product, picture("PNG", size=(4000, 4000))).is_shown


def test_the_child_has_little_time(product, monkeypatch):
    monkeypatch.setattr(darkroom, "DECODING_SECONDS", 0.001)

    with pytest.raises(pictures.BadPicture) as refusal:
        add(product, picture())

    assert refusal.value.facts == {"reason": "time"}
    assert not ProductImage.objects.exists()


def test_the_child_knows_no_secret(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "do not tell")

    assert set(darkroom._environment()) <= {"PATH", "LD_LIBRARY_PATH", "MALLOC_ARENA_MAX"}


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (1000, 3)])
def test_the_header_agrees_with_a_full_decoder(format, size):
    variants = [picture(format, size), picture(format, size, (9, 9, 9))]
    if format != "JPEG":
        variants.append(picture(format, size, (9, 9, 9, 99)))
    if format == "WEBP":
        variants.append(picture(format, size, lossless=True))
    if format == "JPEG":
        variants.append(picture(format, size, progressive=True))

    for data in variants:
        header = read_header(data)
        assert (header.format, header.width, header.height) == (format, *size)


# --- making sizes in the background


def test_two_workers_never_make_the_same_picture(product, monkeypatch):
    image = add(product, picture())
    rivals = []
    real = making._make
    monkeypatch.setattr(
        making, "_make", lambda image: (rivals.append(pictures.make_sizes(image.pk)), real(image))
    )

    assert pictures.make_sizes(image.pk)

    assert rivals == [False]


def test_a_picture_whose_worker_died_comes_up_again_and_is_given_up_after_five(product):
    image = add(product, picture())
    ProductImage.objects.filter(pk=image.pk).update(attempts=4, due_at=now() + timedelta(hours=1))
    assert pictures.make_waiting() == 0

    ProductImage.objects.filter(pk=image.pk).update(attempts=5, due_at=a_while_ago())
    assert pictures.make_waiting() == 0

    image.refresh_from_db()
    assert (image.state, image.failure) == ("failed", "Its sizes could not be made.")
    assert not image.is_shown


def test_trouble_with_the_disk_is_tried_again_later(product, monkeypatch):
    image = add(product, picture())

    def full(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(making, "store", full)
    assert pictures.make_waiting() == 0

    image.refresh_from_db()
    assert (image.state, image.attempts) == ("waiting", 1)
    assert image.failure == "No space left on device"
    assert image.due_at > now() + timedelta(minutes=1)
    assert image.is_shown

    monkeypatch.undo()
    ProductImage.objects.update(due_at=a_while_ago())
    assert pictures.make_waiting() == 1
    image.refresh_from_db()
    assert (image.state, image.failure) == ("ready", "")


def test_a_worker_is_woken_after_the_commit_and_its_absence_does_no_harm(
    product, settings, monkeypatch, django_capture_on_commit_callbacks
):
    settings.CELERY_TASK_ALWAYS_EAGER = False
    woken = []
    monkeypatch.setattr(
        tasks.make_picture_sizes, "apply_async", lambda args, **more: woken.append((args, more))
    )

    with django_capture_on_commit_callbacks() as callbacks:
        image = add(product, picture())
    assert woken == []
    for callback in callbacks:
        callback()

    assert woken == [([image.pk], {"retry": False})]


def test_in_one_process_the_request_does_not_wait_for_the_sizes(
    product, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        image = add(product, picture())

    image.refresh_from_db()
    assert image.state == "waiting"


# --- serving


def test_a_picture_is_served_for_ever_and_can_do_nothing_as_a_page(product, client):
    image = add(product, picture())
    pictures.make_waiting()
    image.refresh_from_db()

    for address, kind in [
        (image.fallback_url, "image/jpeg"),
        (image.url(160), "image/webp"),
        (image.url(160, "avif"), "image/avif"),
    ]:
        response = client.get(address)
        assert response.status_code == 200
        assert response["Content-Type"] == kind
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "immutable" in response["Cache-Control"]
        assert "Content-Disposition" not in response


@pytest.mark.parametrize(
    "path",
    [
        "../db.sqlite3",
        "pictures/../../db.sqlite3",
        "pictures/%2e%2e/secret_key",
        "/etc/passwd",
        "pictures/",
        "",
        "pictures/00000000-0000-0000-0000-000000000000/160.webp",
        "pictures/00000000-0000-0000-0000-000000000000/../../secret_key",
        "pictures\\x.jpg",
    ],
)
def test_nothing_but_pictures_is_found_there(media_root, client, db, path):
    (media_root / "secret_key").write_text("secret")

    assert client.get(f"/media/{path}").status_code == 404


def test_a_file_of_another_kind_is_only_ever_downloaded(media_root, client, db):
    folder = media_root / "media" / "pictures" / "00000000-0000-0000-0000-000000000000"
    folder.mkdir(parents=True)
    (folder / "page.html").write_bytes(SCRIPT)

    response = client.get(f"/media/pictures/{folder.name}/page.html")

    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == "attachment"


def test_the_view_itself_forbids_guessing_the_type(media_root, rf):
    """Whatever the middleware says: a server in front may have another opinion."""
    folder = media_root / "media" / "pictures" / "00000000-0000-0000-0000-000000000000"
    folder.mkdir(parents=True)
    (folder / "160.webp").write_bytes(SCRIPT)

    view, args, kwargs = resolve(f"/media/pictures/{folder.name}/160.webp")
    response = view(rf.get("/"), *args, **kwargs)

    assert response["X-Content-Type-Options"] == "nosniff"


def test_addresses_hold_nothing_but_what_is_expected_of_them(product):
    image = add(product, picture())

    assert re.fullmatch(r"/media/pictures/[0-9a-f-]{36}/300\.jpg", image.fallback_url)
