import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import django_countries.fields
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('accounts', '0001_initial'), ('accounts', '0002_money'), ('accounts', '0003_payouts'), ('accounts', '0004_connected_accounts'), ('accounts', '0005_api_keys'), ('accounts', '0006_devices'), ('accounts', '0007_socket_tickets'), ('accounts', '0008_data_exports'), ('accounts', '0009_low_stock'), ('accounts', '0010_drafts_of_applications'), ('accounts', '0011_shop_follows')]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='Shop',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('name', models.CharField(max_length=80, verbose_name='shop name')),
                ('slug', models.SlugField(max_length=90, unique=True, verbose_name='address in the market')),
                ('state', models.CharField(choices=[('applied', 'In review'), ('refused', 'Needs changes'), ('open', 'Open'), ('suspended', 'Suspended')], default='applied', max_length=10, verbose_name='state')),
                ('state_reason', models.CharField(blank=True, max_length=500, verbose_name='reason')),
                ('tagline', models.CharField(blank=True, max_length=140, verbose_name='one line about the shop')),
                ('about', models.TextField(blank=True, verbose_name='about the shop')),
                ('city', models.CharField(blank=True, max_length=80, verbose_name='town')),
                ('country', django_countries.fields.CountryField(max_length=2, verbose_name='ships from')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='contact e-mail')),
                ('legal_name', models.CharField(blank=True, max_length=140, verbose_name='name of the trader')),
                ('legal_address', models.TextField(blank=True, verbose_name='address of the trader')),
                ('vat_number', models.CharField(blank=True, max_length=24, verbose_name='VAT number')),
                ('terms', models.TextField(blank=True, verbose_name='terms')),
                ('returns_policy', models.TextField(blank=True, verbose_name='returns policy')),
                ('returns_days', models.PositiveSmallIntegerField(default=30, verbose_name='days to return')),
                ('away_from', models.DateField(blank=True, null=True, verbose_name='away from')),
                ('away_until', models.DateField(blank=True, null=True, verbose_name='away until')),
                ('away_note', models.CharField(blank=True, max_length=200, verbose_name='note to buyers')),
                ('low_stock_at', models.PositiveSmallIntegerField(db_default=3, default=3, verbose_name='tell us when so few units are left')),
                ('payout_schedule', models.CharField(choices=[('daily', 'Every day'), ('weekly', 'Every Monday'), ('monthly', 'On the first of the month'), ('manual', 'When the shop asks for it')], default='weekly', max_length=10, verbose_name='payouts')),
                ('payout_minimum_minor', models.PositiveBigIntegerField(default=0, verbose_name='smallest payout')),
                ('payouts_held', models.CharField(blank=True, editable=False, max_length=500, verbose_name='payouts held')),
                ('applied_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='applied')),
                ('opened_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='opened')),
            ],
            options={
                'verbose_name': 'shop',
                'verbose_name_plural': 'shops',
                'ordering': ['name', 'pk'],
                'indexes': [models.Index(fields=['state', 'name'], name='shop_listing')],
                'constraints': [models.CheckConstraint(condition=models.Q(('away_from', None), ('away_until', None), ('away_until__gte', models.F('away_from')), _connector='OR'), name='vacation_ends_after_it_begins', violation_error_message='The last day of the vacation is before its first.')],
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='name')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('is_staff', models.BooleanField(default=False, verbose_name='staff')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='joined')),
                ('wants_news', models.BooleanField(default=False, verbose_name='news by e-mail')),
                ('session_version', models.PositiveIntegerField(default=1, editable=False)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'constraints': [models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='one_account_per_email')],
            },
        ),
        migrations.CreateModel(
            name='Address',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='full name')),
                ('line1', models.CharField(max_length=120, verbose_name='address line 1')),
                ('line2', models.CharField(blank=True, max_length=120, verbose_name='address line 2')),
                ('postcode', models.CharField(blank=True, max_length=16, verbose_name='postcode')),
                ('city', models.CharField(max_length=80, verbose_name='town or city')),
                ('region', models.CharField(blank=True, max_length=80, verbose_name='region')),
                ('country', django_countries.fields.CountryField(max_length=2, verbose_name='country')),
                ('phone', models.CharField(blank=True, max_length=32, verbose_name='phone')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to=settings.AUTH_USER_MODEL)),
                ('is_default', models.BooleanField(default=False, verbose_name='use by default')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'address',
                'verbose_name_plural': 'addresses',
                'ordering': ['-is_default', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_default', True)), fields=('user',), name='one_default_address')],
            },
        ),
        migrations.CreateModel(
            name='BrowserSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='browser_sessions', to=settings.AUTH_USER_MODEL)),
                ('session_key', models.CharField(editable=False, max_length=40, unique=True)),
                ('address', models.CharField(blank=True, max_length=45, verbose_name='address')),
                ('agent', models.CharField(blank=True, max_length=300, verbose_name='browser')),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='signed in')),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='last seen')),
            ],
            options={
                'verbose_name': 'session',
                'verbose_name_plural': 'sessions',
                'ordering': ['-seen_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='DataExport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='data_exports', to=settings.AUTH_USER_MODEL)),
                ('stored_as', models.CharField(blank=True, max_length=200)),
                ('requested_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('ready_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='RefreshFamily',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='token_families', to=settings.AUTH_USER_MODEL)),
                ('address', models.CharField(blank=True, db_default='', max_length=45)),
                ('agent', models.CharField(blank=True, db_default='', max_length=300)),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name_plural': 'refresh families',
            },
        ),
        migrations.CreateModel(
            name='RefreshLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('family', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='links', to='accounts.refreshfamily')),
                ('jti', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('parent', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='successor', to='accounts.refreshlink')),
                ('issued_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='BankAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bank_accounts', to='accounts.shop')),
                ('holder', models.CharField(max_length=140, verbose_name='account holder')),
                ('iban', models.CharField(max_length=34, verbose_name='IBAN')),
                ('provider_account', models.CharField(blank=True, max_length=60)),
                ('provider_ready_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('added_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='added')),
                ('usable_from', models.DateTimeField(verbose_name='pays out from')),
                ('told', models.JSONField(default=list, editable=False)),
                ('replaced_at', models.DateTimeField(blank=True, null=True, verbose_name='replaced')),
            ],
            options={
                'verbose_name': 'bank account',
                'verbose_name_plural': 'bank accounts',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('shop',), name='one_bank_account_in_use')],
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='accounts.shop')),
                ('made_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('prefix', models.CharField(editable=False, max_length=16, verbose_name='begins with')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('scopes', models.JSONField(default=list, verbose_name='may')),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='made')),
                ('expires_at', models.DateTimeField(blank=True, null=True, verbose_name='expires')),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last used')),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='revoked')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('digest', ''), _negated=True), name='api_key_has_a_digest')],
            },
        ),
        migrations.CreateModel(
            name='ShopDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('values', models.JSONField(default=dict)),
                ('saved_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='ShopFollow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='follows', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='follows', to='accounts.shop')),
                ('is_muted', models.BooleanField(default=False, verbose_name='muted')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='since')),
            ],
            options={
                'verbose_name': 'followed shop',
                'verbose_name_plural': 'followed shops',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('is_muted', False)), fields=['shop', 'id'], name='followers')],
                'constraints': [models.UniqueConstraint(fields=('user', 'shop'), name='followed_once')],
            },
        ),
        migrations.CreateModel(
            name='ShopInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='accounts.shop')),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('fulfilment', 'Fulfilment'), ('support', 'Support')], default='manager', max_length=10, verbose_name='role')),
                ('invited_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='invited')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(fields=('shop', 'email'), name='one_invitation_per_address')],
            },
        ),
        migrations.CreateModel(
            name='ShopMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='accounts.shop')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('manager', 'Manager'), ('fulfilment', 'Fulfilment'), ('support', 'Support')], default='manager', max_length=10, verbose_name='role')),
                ('joined_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='joined')),
            ],
            options={
                'verbose_name': 'member',
                'verbose_name_plural': 'members',
                'ordering': ['shop', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('shop', 'user'), name='one_seat_per_person')],
            },
        ),
        migrations.CreateModel(
            name='SocketTicket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='socket_tickets', to=settings.AUTH_USER_MODEL)),
                ('session_key', models.CharField(blank=True, editable=False, max_length=40)),
                ('family', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.refreshfamily')),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('family__isnull', False), ('session_key', '')), models.Q(models.Q(('session_key', ''), _negated=True), ('family__isnull', True)), _connector='OR'), name='socket_ticket_comes_from_one_sign_in')],
            },
        ),
        migrations.AddField(
            model_name='shop',
            name='members',
            field=models.ManyToManyField(related_name='member_of', through='accounts.ShopMember', to=settings.AUTH_USER_MODEL),
        ),
    ]
