"""Taking an import back."""

from __future__ import annotations

import pytest

from catalog.models import ImportJob, Product, ProductImage, StockItem, StockMovement, Variant
from catalog.services import inventory
from catalog.services.importing import jobs
from catalog.tests.factories import make_product, make_variant, stock_of
from catalog.tests.importing.files import mug, table
from catalog.tests.ledger import digest
from marketflow.core import invariants

PICTURE = "https://pictures.example/{}.jpg"


@pytest.fixture
def imports(shop, tmp_path):
    def run(*rows: dict, **how) -> ImportJob:
        path = tmp_path / "products.csv"
        path.write_text(table(*rows))
        return jobs.run(path, shop=shop, **how)

    return run


@pytest.fixture
def books():
    yield
    assert not [finding for finding in invariants.prove() if finding.rows]


def the_market() -> str:
    # Events, and the times of changes, are history: they don't go back.
    return digest(leaving_out=("updated_at", "payload", "created_at", "due_at", "done_at"))


def test_new_products_are_gone_again(imports, shop, books):
    make_variant(shop, "Oak bowl")
    products = list(Product.objects.order_by("pk").values())
    variants = list(Variant.objects.order_by("pk").values())
    job = imports(mug(image=PICTURE.format(1)), mug(handle="cup", name="Size", value="S"))

    undone = jobs.undo(job)

    assert (undone.undone, undone.kept) == (2, [])
    assert list(Product.objects.order_by("pk").values()) == products
    assert list(Variant.objects.order_by("pk").values()) == variants
    assert not ProductImage.objects.exists()
    job.refresh_from_db()
    assert job.state == "undone"
    assert job.rows.filter(outcome="created", product=None).count() == 2


def test_a_counted_product_is_archived_with_an_empty_shelf(imports, books):
    job = imports(mug(tracker="shopify", quantity=7))

    undone = jobs.undo(job)

    assert undone.kept == []
    product = Product.objects.get()
    assert product.state == "archived"
    assert stock_of(product.variants.get()) == (0, 0)
    assert [m.delta for m in StockMovement.objects.order_by("pk")] == [7, -7]


def test_after_an_undo_the_file_goes_in_again(imports, books):
    rows = [mug(tracker="shopify", quantity=7), mug(handle="cup")]
    jobs.undo(imports(*rows))

    job = imports(*rows)

    assert (job.counts["created"], job.counts["updated"]) == (1, 1)
    assert set(Product.objects.values_list("handle", "state")) == {
        ("mug", "published"),
        ("cup", "published"),
    }
    assert StockItem.objects.get().on_hand == 7

    Product.objects.update(state="archived")
    assert imports(*rows).counts["unchanged"] == 2


def test_promised_goods_are_not_taken_off_the_shelf(imports, books):
    job = imports(mug(tracker="shopify", quantity=7))
    item = StockItem.objects.get()
    inventory.reserve({item.pk: 2})

    undone = jobs.undo(job)

    assert undone.kept == [("mug", str(inventory.BelowAllocated.message))]
    assert stock_of(item.variant) == (7, 2)
    assert Product.objects.get().state == "archived"
    inventory.release({item.pk: 2})


def test_changed_values_go_back(imports, shop, books):
    imports(
        mug(vendor="Fern", sku="M1", tracker="shopify", quantity=7, type="Home > Mugs",
            tags="a, b", image=PICTURE.format(1), compare_at="20"),
    )  # fmt: skip
    before = the_market()
    movements = StockMovement.objects.count()

    job = imports(
        mug(vendor="Other", sku="M1", tracker="shopify", quantity=3, type="Home > Cups",
            tags="c", image=PICTURE.format(2), title="Cup", price="9", compare_at="",
            name="Size", value="S", body="<p>New</p>"),
        mug(value="L", title="", sku="M2"),
    )  # fmt: skip
    assert job.counts["updated"] == 1
    assert the_market() != before

    undone = jobs.undo(job)

    assert undone.kept == []
    product = Product.objects.get()
    assert (product.title, product.brand, product.tags) == ("Mug", "Fern", ["a", "b"])
    assert product.category.full_name == "Home > Mugs"
    assert (product.option1_name, product.description, product.price_minor) == ("", "", 1250)
    only = product.variants.get()
    assert (only.price_minor, only.compare_at_minor, only.option1) == (1250, 2000, "")
    assert (only.imported_quantity, stock_of(only)) == (7, (7, 0))
    assert [image.source_url for image in product.images.all()] == [PICTURE.format(1)]
    # The book of the stock is never erased: there and back again are two lines.
    assert StockMovement.objects.count() == movements + 2
    again = imports(
        mug(vendor="Fern", sku="M1", tracker="shopify", quantity=7, type="Home > Mugs",
            tags="a, b", image=PICTURE.format(1), compare_at="20"),
    )  # fmt: skip
    assert again.counts["unchanged"] == 1


def test_what_somebody_changed_since_stays_and_is_named(imports):
    imports(mug(vendor="Fern"))
    job = imports(mug(vendor="Other", title="Cup"))
    Product.objects.update(brand="By hand")

    undone = jobs.undo(job)

    product = Product.objects.get()
    assert (product.title, product.brand) == ("Mug", "By hand")
    assert undone.undone == 0
    assert undone.kept == [("mug", "brand was changed since.")]


def test_a_later_import_is_undone_first(imports):
    first = imports(mug())
    second = imports(mug(price="9"))

    undone = jobs.undo(first)
    assert undone.kept == [("mug", "A later import changed it. Undo that one first.")]
    assert Product.objects.get().price_minor == 900

    assert jobs.undo(second).kept == []
    assert Product.objects.get().price_minor == 1250


def test_an_import_that_changed_nothing_is_no_later_import(imports):
    first = imports(mug())
    imports(mug())

    assert jobs.undo(first).kept == []
    assert not Product.objects.exists()


def test_a_new_variant_goes_and_an_ordered_one_is_only_retired(imports, shop, monkeypatch):
    imports(mug(name="Size", value="S"))
    job = imports(mug(name="Size", value="S"), mug(value="L", title=""), mug(value="XL", title=""))
    ordered = Variant.objects.get(option1="XL")
    _refuse_to_delete(monkeypatch, ordered.pk)

    assert jobs.undo(job).kept == []

    active = Variant.objects.order_by("pk").values_list("option1", "is_active")
    assert list(active) == [("S", True), ("XL", False)]


def test_an_ordered_product_is_archived(imports, monkeypatch):
    job = imports(mug())
    _refuse_to_delete(monkeypatch, Variant.objects.get().pk)

    assert jobs.undo(job).kept == []

    assert Product.objects.get().state == "archived"


def _refuse_to_delete(monkeypatch, variant_id):
    """As the order lines do, which this app can't see."""
    from django.db.models import ProtectedError

    for model in (Variant, Product):
        real = model.delete

        def delete(row, *args, real=real, **kwargs):
            variants = [row.pk] if isinstance(row, Variant) else row.variants.values_list("pk")
            if variant_id in [pk if isinstance(pk, int) else pk[0] for pk in variants]:
                raise ProtectedError("named by an order line", {row})
            return real(row, *args, **kwargs)

        monkeypatch.setattr(model, "delete", delete)


def test_an_import_is_undone_once_and_a_trial_never(imports, shop):
    job = imports(mug())
    jobs.undo(job)
    make_product(shop, "Oak bowl")
    trial = ImportJob.objects.create(shop=shop, file_name="x", state="done", is_dry_run=True)
    running = ImportJob.objects.create(shop=shop, file_name="x", state="running")
    before = digest(with_diary=True)

    for other in (job, trial, running):
        with pytest.raises(jobs.NotUndoable) as refusal:
            jobs.undo(other)
        assert refusal.value.code == "import_not_undoable"

    assert digest(with_diary=True) == before


def test_a_product_deleted_by_hand_is_no_trouble(imports):
    job = imports(mug(), mug(handle="cup"))
    Product.objects.get(handle="mug").delete()

    assert jobs.undo(job).kept == []
    assert not Product.objects.exists()


def test_an_old_sku_that_is_taken_by_now_is_named(imports, shop):
    imports(mug(sku="OLD", name="Size", value="S"))
    job = imports(mug(sku="NEW", name="Size", value="S"))
    make_variant(shop, "Oak bowl", sku="OLD")

    undone = jobs.undo(job)

    assert undone.kept == [("mug", "The old values are not free any more.")]
    assert Variant.objects.get(product__handle="mug").sku == "NEW"


def test_the_files_of_taken_back_pictures_go_as_well(
    imports, media_root, django_capture_on_commit_callbacks
):
    from catalog.services.pictures import adding
    from catalog.tests.pictures import picture

    job = imports(mug(image=PICTURE.format(1)))
    image = ProductImage.objects.get()
    adding.develop_fallback(image, picture())
    image.save()
    assert len(pictures_under(media_root)) == 2

    with django_capture_on_commit_callbacks(execute=True):
        jobs.undo(job)

    assert pictures_under(media_root) == []


def pictures_under(folder):
    return [path for path in folder.rglob("pictures/*/*") if path.is_file()]


def test_lists_hear_of_it(imports):
    imports(mug(price="20"))
    job = imports(mug(price="5"))
    assert Product.objects.get().price_minor == 500

    jobs.undo(job)

    assert Product.objects.get().price_minor == 2000
