import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import django_countries.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('carts', '0001_initial'), ('carts', '0002_promotions'), ('carts', '0003_notes_and_billing'), ('carts', '0004_prices_of_wishes'), ('carts', '0005_waiting_lines')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed'),
        ('accounts', '__first__'),
        ('catalog', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Cart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('buyer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='carts', to=settings.AUTH_USER_MODEL)),
                ('token_hash', models.CharField(blank=True, max_length=64, null=True)),
                ('country', django_countries.fields.CountryField(blank=True, max_length=2, verbose_name='country')),
                ('postcode', models.CharField(blank=True, max_length=16, verbose_name='postcode')),
                ('shipping', models.JSONField(blank=True, default=dict)),
                ('coupons', models.JSONField(blank=True, default=list)),
                ('notes', models.JSONField(blank=True, default=dict)),
                ('checkout', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ordered_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'cart',
                'verbose_name_plural': 'carts',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ordered_at', None)), fields=('buyer',), name='one_open_cart_per_buyer'), models.UniqueConstraint(condition=models.Q(('ordered_at', None)), fields=('token_hash',), name='one_open_cart_per_token'), models.CheckConstraint(condition=models.Q(('buyer__isnull', False), ('token_hash__isnull', False), _connector='OR'), name='cart_belongs_to_somebody')],
            },
        ),
        migrations.CreateModel(
            name='CartLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('cart', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='carts.cart')),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.variant')),
                ('quantity', models.PositiveIntegerField(default=1, verbose_name='quantity')),
                ('seen_price_minor', models.PositiveBigIntegerField(null=True)),
                ('is_saved', models.BooleanField(default=False, verbose_name='saved for later')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('cart', 'variant'), name='one_line_per_variant'), models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 999)), name='line_is_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='accounts.shop', verbose_name='shop')),
                ('name', models.CharField(help_text='Buyers read this.', max_length=80, verbose_name='name')),
                ('code', models.CharField(blank=True, help_text='Letters, digits and hyphens. Leave blank: it applies by itself.', max_length=40, verbose_name='code')),
                ('is_active', models.BooleanField(default=True, verbose_name='switched on')),
                ('starts_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='from')),
                ('ends_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('kind', models.CharField(choices=[('percent', 'Percent off'), ('amount', 'Amount off'), ('free_shipping', 'Free delivery'), ('buy_get', 'Buy some, get some')], default='percent', max_length=15, verbose_name='kind')),
                ('basis_points', models.PositiveIntegerField(default=10000, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10000)], verbose_name='percent')),
                ('amount_minor', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='amount')),
                ('buy_quantity', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='units to buy')),
                ('get_quantity', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='units to get')),
                ('currency', models.CharField(editable=False, max_length=3)),
                ('minimum_minor', models.PositiveBigIntegerField(blank=True, default=0, help_text='Of the goods it is about.', verbose_name='from a value of')),
                ('first_order_only', models.BooleanField(default=False, verbose_name='first order only')),
                ('market_basis_points', models.PositiveIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(10000)], verbose_name='paid by the marketplace, percent')),
                ('max_uses', models.PositiveIntegerField(blank=True, null=True, verbose_name='uses in all')),
                ('max_per_buyer', models.PositiveIntegerField(blank=True, null=True, verbose_name='uses per buyer')),
                ('used', models.PositiveIntegerField(default=0, editable=False, verbose_name='used')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('categories', models.ManyToManyField(blank=True, related_name='+', to='catalog.category', verbose_name='categories')),
                ('products', models.ManyToManyField(blank=True, related_name='+', to='catalog.product', verbose_name='products')),
            ],
            options={
                'verbose_name': 'promotion',
                'verbose_name_plural': 'promotions',
                'ordering': ['position', 'pk'],
                'indexes': [models.Index(condition=models.Q(('code', ''), ('is_active', True)), fields=['shop'], name='automatic_promotions'), models.Index(condition=models.Q(('code', ''), _negated=True), fields=['code'], name='coupons_by_code')],
                'constraints': [models.UniqueConstraint(condition=models.Q(models.Q(('code', ''), _negated=True), ('shop__isnull', False)), fields=('shop', 'code'), name='one_coupon_per_code_of_shop'), models.UniqueConstraint(condition=models.Q(models.Q(('code', ''), _negated=True), ('shop__isnull', True)), fields=('code',), name='one_coupon_per_code_of_market'), models.CheckConstraint(condition=models.Q(('max_uses', None), ('used__lte', models.F('max_uses')), _connector='OR'), name='promotion_used_within_its_limit'), models.CheckConstraint(condition=models.Q(('kind', 'free_shipping'), models.Q(('basis_points__gte', 1), ('basis_points__lte', 10000), ('kind', 'percent')), models.Q(('amount_minor__gte', 1), ('amount_minor__isnull', False), ('kind', 'amount')), models.Q(('basis_points__gte', 1), ('basis_points__lte', 10000), ('buy_quantity__gte', 1), ('buy_quantity__isnull', False), ('get_quantity__gte', 1), ('get_quantity__isnull', False), ('kind', 'buy_get')), _connector='OR'), name='promotion_says_how_much'), models.CheckConstraint(condition=models.Q(('market_basis_points__lte', 10000)), name='promotion_share_is_a_part'), models.CheckConstraint(condition=models.Q(('first_order_only', False), models.Q(('max_per_buyer', 1), ('max_per_buyer__isnull', False)), _connector='OR'), name='first_order_comes_once'), models.CheckConstraint(condition=models.Q(('ends_at', None), ('ends_at__gt', models.F('starts_at')), _connector='OR'), name='promotion_ends_after_its_start')],
            },
        ),
        migrations.CreateModel(
            name='ShippingOption',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shipping_options', to='accounts.shop')),
                ('name', models.CharField(max_length=60, verbose_name='name')),
                ('countries', django_countries.fields.CountryField(blank=True, max_length=746, multiple=True, verbose_name='countries')),
                ('price_minor', models.PositiveBigIntegerField(verbose_name='price')),
                ('free_above_minor', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='free from')),
                ('currency', models.CharField(editable=False, max_length=3)),
                ('min_days', models.PositiveSmallIntegerField(default=2, verbose_name='delivery from, days')),
                ('max_days', models.PositiveSmallIntegerField(default=5, verbose_name='delivery to, days')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='offered')),
            ],
            options={
                'verbose_name': 'shipping option',
                'verbose_name_plural': 'shipping options',
                'ordering': ['position', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('max_days__gte', models.F('min_days'))), name='delivery_days_in_order')],
            },
        ),
        migrations.CreateModel(
            name='TaxRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', django_countries.fields.CountryField(max_length=2, verbose_name='country')),
                ('tax_class', models.CharField(choices=[('standard', 'Standard rate'), ('reduced', 'Reduced rate'), ('zero', 'Zero rate')], max_length=10, verbose_name='tax class')),
                ('basis_points', models.PositiveIntegerField(verbose_name='rate in hundredths of a percent')),
                ('valid_from', models.DateField(verbose_name='valid from')),
            ],
            options={
                'verbose_name': 'tax rate',
                'verbose_name_plural': 'tax rates',
                'ordering': ['country', 'tax_class', '-valid_from'],
                'constraints': [models.UniqueConstraint(fields=('country', 'tax_class', 'valid_from'), name='one_rate_a_day'), models.CheckConstraint(condition=models.Q(('basis_points__lte', 10000)), name='rate_is_a_part')],
            },
        ),
        migrations.CreateModel(
            name='WishListItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='wish_list', to=settings.AUTH_USER_MODEL)),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product')),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_minor', models.PositiveBigIntegerField(db_default=0)),
            ],
            options={
                'verbose_name': 'wish',
                'verbose_name_plural': 'wish list',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('user', 'product'), name='wished_once')],
            },
        ),
        migrations.CreateModel(
            name='BackInStockRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('variant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.variant')),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('told_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'request to be told',
                'verbose_name_plural': 'requests to be told',
                'ordering': ['pk'],
                'indexes': [models.Index(condition=models.Q(('told_at', None)), fields=['variant', 'id'], name='waiting_line'), models.Index(fields=['variant', 'told_at'], name='told_of_stock')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('told_at', None)), fields=('user', 'variant'), name='waits_once_for_a_variant')],
            },
        ),
    ]
