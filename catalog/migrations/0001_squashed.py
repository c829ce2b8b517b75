import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('catalog', '0001_initial'), ('catalog', '0003_stock_sync'), ('catalog', '0004_recommendations'), ('catalog', '0005_changes')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed'),
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Category',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=255, unique=True)),
                ('depth', models.PositiveIntegerField()),
                ('numchild', models.PositiveIntegerField(default=0)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('slug', models.SlugField(max_length=140, unique=True, verbose_name='slug')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('google_id', models.PositiveIntegerField(blank=True, null=True, unique=True)),
                ('full_name', models.CharField(blank=True, db_index=True, max_length=500, verbose_name='full name')),
            ],
            options={
                'verbose_name': 'category',
                'verbose_name_plural': 'categories',
            },
        ),
        migrations.CreateModel(
            name='SearchMiss',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('term', models.CharField(max_length=200, unique=True, verbose_name='searched for')),
                ('times', models.PositiveIntegerField(default=1, verbose_name='times')),
                ('last_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last')),
            ],
            options={
                'verbose_name': 'search without result',
                'verbose_name_plural': 'searches without result',
                'ordering': ['-times', 'term'],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='accounts.shop')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('slug', models.SlugField(allow_unicode=True, max_length=220, unique=True, verbose_name='address')),
                ('handle', models.CharField(blank=True, max_length=255, verbose_name='handle')),
                ('description', models.TextField(blank=True, verbose_name='description')),
                ('brand', models.CharField(blank=True, max_length=120, verbose_name='brand')),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='products', to='catalog.category')),
                ('tags', models.JSONField(blank=True, default=list, verbose_name='tags')),
                ('condition', models.CharField(choices=[('new', 'New'), ('refurbished', 'Refurbished'), ('used', 'Used')], default='new', max_length=12, verbose_name='condition')),
                ('tax_class', models.CharField(choices=[('standard', 'Standard rate'), ('reduced', 'Reduced rate'), ('zero', 'Zero rate')], default='standard', max_length=10, verbose_name='tax class')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('published', 'Published'), ('archived', 'Archived')], default='draft', max_length=10, verbose_name='state')),
                ('is_listed', models.BooleanField(default=True, verbose_name='in lists and search')),
                ('option1_name', models.CharField(blank=True, max_length=60, verbose_name='first option')),
                ('option2_name', models.CharField(blank=True, max_length=60, verbose_name='second option')),
                ('option3_name', models.CharField(blank=True, max_length=60, verbose_name='third option')),
                ('seo_title', models.CharField(blank=True, max_length=120, verbose_name='title for search engines')),
                ('seo_description', models.CharField(blank=True, max_length=320, verbose_name='description for search engines')),
                ('price_minor', models.PositiveBigIntegerField(default=0, editable=False, verbose_name='lowest price')),
                ('units_sold', models.PositiveIntegerField(default=0, editable=False, verbose_name='units sold')),
                ('rating_average', models.DecimalField(decimal_places=2, default=0, editable=False, max_digits=3)),
                ('rating_count', models.PositiveIntegerField(default=0, editable=False)),
                ('keywords', models.TextField(blank=True, default='', editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated')),
                ('published_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='published')),
            ],
            options={
                'verbose_name': 'product',
                'verbose_name_plural': 'products',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('is_listed', True), ('state', 'published')), fields=['-published_at', '-id'], name='product_newest'), models.Index(condition=models.Q(('is_listed', True), ('state', 'published')), fields=['price_minor', 'id'], name='product_price'), models.Index(condition=models.Q(('is_listed', True), ('state', 'published')), fields=['-units_sold', '-id'], name='product_popular'), models.Index(condition=models.Q(('is_listed', True), ('state', 'published')), fields=['category', '-units_sold'], name='product_in_category'), models.Index(fields=['shop', 'state', '-id'], name='product_of_shop'), models.Index(fields=['shop', 'updated_at', 'id'], name='product_by_change')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('handle', ''), _negated=True), fields=('shop', 'handle'), name='one_product_per_handle')],
            },
        ),
        migrations.CreateModel(
            name='ProductImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='catalog.product')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('alt', models.CharField(blank=True, max_length=250, verbose_name="description for those who can't see it")),
                ('source_url', models.CharField(blank=True, editable=False, max_length=2000)),
                ('state', models.CharField(choices=[('remote', 'Not fetched yet'), ('waiting', 'Sizes to be made'), ('ready', 'Ready'), ('failed', 'Failed')], default='waiting', editable=False, max_length=10)),
                ('failure', models.CharField(blank=True, editable=False, max_length=200)),
                ('attempts', models.PositiveSmallIntegerField(default=0, editable=False)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('original', models.CharField(blank=True, editable=False, max_length=200)),
                ('fallback', models.CharField(blank=True, editable=False, max_length=200)),
                ('width', models.PositiveIntegerField(editable=False, null=True)),
                ('height', models.PositiveIntegerField(editable=False, null=True)),
                ('sizes', models.JSONField(default=dict, editable=False)),
                ('tint', models.CharField(blank=True, editable=False, max_length=6)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'verbose_name': 'picture',
                'verbose_name_plural': 'pictures',
                'ordering': ['position', 'pk'],
                'indexes': [models.Index(condition=models.Q(('state__in', ['remote', 'waiting'])), fields=['due_at'], name='picture_to_make')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('source_url', ''), _negated=True), fields=('product', 'source_url'), name='picture_imported_once')],
            },
        ),
        migrations.CreateModel(
            name='Variant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='variants', to='catalog.product')),
                ('shop', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='variants', to='accounts.shop')),
                ('sku', models.CharField(blank=True, max_length=64, verbose_name='SKU')),
                ('option1', models.CharField(blank=True, max_length=120, verbose_name='first option')),
                ('option2', models.CharField(blank=True, max_length=120, verbose_name='second option')),
                ('option3', models.CharField(blank=True, max_length=120, verbose_name='third option')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('price_minor', models.PositiveBigIntegerField(verbose_name='price')),
                ('compare_at_minor', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='former price')),
                ('currency', models.CharField(editable=False, max_length=3)),
                ('weight_grams', models.PositiveIntegerField(blank=True, null=True, verbose_name='weight in grams')),
                ('barcode', models.CharField(blank=True, max_length=32, verbose_name='barcode')),
                ('needs_shipping', models.BooleanField(default=True, verbose_name='is shipped')),
                ('is_active', models.BooleanField(default=True, verbose_name='for sale')),
                ('imported_quantity', models.PositiveIntegerField(blank=True, editable=False, null=True)),
                ('image', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.productimage')),
            ],
            options={
                'verbose_name': 'variant',
                'verbose_name_plural': 'variants',
                'ordering': ['position', 'pk'],
                'indexes': [models.Index(fields=['product', 'position'], name='variant_in_order'), models.Index(fields=['option1'], name='variant_option1'), models.Index(django.db.models.functions.text.Upper('sku'), name='variant_by_sku')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('sku', ''), _negated=True), fields=('shop', 'sku'), name='sku_unique_in_shop', violation_error_message='This SKU is used by another product of the shop.'), models.CheckConstraint(condition=models.Q(('price_minor__lte', 1000000000000)), name='variant_price_is_sane'), models.CheckConstraint(condition=models.Q(('compare_at_minor', None), ('compare_at_minor__gt', models.F('price_minor')), _connector='OR'), name='former_price_is_above', violation_error_message='The former price must be above the price.')],
            },
        ),
        migrations.CreateModel(
            name='StockItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('variant', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='stock', to='catalog.variant')),
                ('on_hand', models.PositiveIntegerField(default=0, verbose_name='on hand')),
                ('allocated', models.PositiveIntegerField(default=0, verbose_name='promised to orders')),
                ('changed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='changed')),
                ('counted_at', models.DateTimeField(editable=False, null=True, verbose_name='counted')),
            ],
            options={
                'verbose_name': 'stock item',
                'verbose_name_plural': 'stock',
                'indexes': [models.Index(fields=['changed_at', 'id'], name='stock_by_change')],
                'constraints': [models.CheckConstraint(condition=models.Q(('allocated__lte', models.F('on_hand'))), name='stock_is_never_oversold')],
            },
        ),
        migrations.CreateModel(
            name='Synonym',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('term', models.CharField(max_length=60, unique=True, verbose_name='people search for')),
                ('means', models.CharField(max_length=200, verbose_name='also look for')),
            ],
            options={
                'verbose_name': 'synonym',
                'verbose_name_plural': 'synonyms',
                'ordering': ['term'],
            },
        ),
        migrations.CreateModel(
            name='ImportJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='import_jobs', to='accounts.shop')),
                ('started_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('file_name', models.CharField(max_length=255, verbose_name='file')),
                ('stored_as', models.CharField(blank=True, max_length=255)),
                ('format', models.CharField(max_length=20, verbose_name='format')),
                ('is_dry_run', models.BooleanField(default=False, verbose_name='dry run')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('undone', 'Undone')], default='waiting', max_length=10, verbose_name='state')),
                ('failure', models.TextField(blank=True, verbose_name='why it failed')),
                ('counts', models.JSONField(default=dict, verbose_name='counts')),
                ('records_read', models.PositiveIntegerField(default=0, verbose_name='rows read')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='catalog.importjob')),
                ('record', models.PositiveIntegerField(verbose_name='row')),
                ('line', models.PositiveIntegerField(default=0, verbose_name='line')),
                ('outcome', models.CharField(choices=[('created', 'New'), ('updated', 'Changed'), ('unchanged', 'Unchanged'), ('warning', 'Warning'), ('skipped', 'Skipped'), ('error', 'Error')], max_length=10, verbose_name='outcome')),
                ('column', models.CharField(blank=True, max_length=120, verbose_name='column')),
                ('code', models.CharField(blank=True, max_length=60)),
                ('message', models.TextField(blank=True, verbose_name='message')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.product')),
                ('handle', models.CharField(blank=True, max_length=255, verbose_name='product')),
                ('changes', models.JSONField(default=dict, verbose_name='changes')),
            ],
            options={
                'verbose_name': 'import row',
                'verbose_name_plural': 'import rows',
                'ordering': ['record', 'pk'],
                'indexes': [models.Index(fields=['job', 'outcome'], name='import_outcomes')],
            },
        ),
        migrations.CreateModel(
            name='ProductAttribute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attributes', to='catalog.product')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('value', models.CharField(max_length=200, verbose_name='value')),
                ('position', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'attribute',
                'verbose_name_plural': 'attributes',
                'ordering': ['position', 'pk'],
                'indexes': [models.Index(fields=['name', 'value'], name='attribute_facet')],
                'constraints': [models.UniqueConstraint(fields=('product', 'name', 'value'), name='attribute_said_once')],
            },
        ),
        migrations.CreateModel(
            name='Recommendation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recommendations', to='catalog.product')),
                ('other', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product')),
                ('score', models.PositiveIntegerField(verbose_name='score')),
                ('together', models.PositiveIntegerField(verbose_name='orders that hold both')),
            ],
            options={
                'verbose_name': 'recommendation',
                'verbose_name_plural': 'recommendations',
                'ordering': ['-score', 'pk'],
                'indexes': [models.Index(fields=['product', '-score'], name='recommended_with')],
                'constraints': [models.UniqueConstraint(fields=('product', 'other'), name='one_score_per_pair'), models.CheckConstraint(condition=models.Q(('product', models.F('other')), _negated=True), name='nothing_recommends_itself')],
            },
        ),
        migrations.CreateModel(
            name='StockMovement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stock_item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='catalog.stockitem')),
                ('kind', models.CharField(choices=[('opening', 'Opening'), ('receipt', 'Receipt'), ('sale', 'Sale'), ('return', 'Return'), ('correction', 'Correction')], max_length=10, verbose_name='kind')),
                ('delta', models.IntegerField(verbose_name='change')),
                ('order_line_ref', models.BigIntegerField(blank=True, null=True)),
                ('dedupe_key', models.CharField(max_length=120, unique=True)),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('moved_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='when')),
                ('as_of', models.DateTimeField(blank=True, null=True, verbose_name='counted')),
            ],
            options={
                'verbose_name': 'stock movement',
                'verbose_name_plural': 'stock movements',
                'ordering': ['-pk'],
                'indexes': [models.Index(fields=['order_line_ref'], name='movement_of_line')],
            },
        ),
    ]
