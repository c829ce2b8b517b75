import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('notifications', '0001_initial'), ('notifications', '0002_notifications'), ('notifications', '0003_webhooks'), ('notifications', '0004_stock_watch'), ('notifications', '0005_shop_news'), ('notifications', '0006_browsers_by_sign_in')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed'),
        ('accounts', '__first__'),
        ('catalog', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='StockWatch',
            fields=[
                ('stock_item', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='catalog.stockitem')),
                ('is_low', models.BooleanField()),
                ('crossings', models.PositiveIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'stock watches',
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoints', to='accounts.shop', verbose_name='shop')),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('description', models.CharField(blank=True, max_length=200, verbose_name='description')),
                ('events', models.JSONField(default=list, verbose_name='events')),
                ('secret', models.TextField(editable=False)),
                ('former_secret', models.TextField(blank=True, default='', editable=False)),
                ('former_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('is_enabled', models.BooleanField(default=True, verbose_name='on')),
                ('off_reason', models.CharField(blank=True, choices=[('by_hand', 'Switched off'), ('failing', 'Nothing was accepted for three days')], default='', max_length=10, verbose_name='why it is off')),
                ('off_at', models.DateTimeField(blank=True, null=True, verbose_name='switched off')),
                ('failures', models.PositiveIntegerField(default=0, editable=False, verbose_name='failures in a row')),
                ('failing_since', models.DateTimeField(blank=True, null=True, verbose_name='failing since')),
                ('last_success_at', models.DateTimeField(blank=True, null=True, verbose_name='last success')),
                ('claim', models.UUIDField(editable=False, null=True)),
                ('claimed_until', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('rests_until', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('served_at', models.DateTimeField(editable=False, null=True)),
                ('created_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
            ],
            options={
                'verbose_name': 'webhook endpoint',
                'verbose_name_plural': 'webhook endpoints',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.webhookendpoint')),
                ('event_id', models.UUIDField(editable=False, verbose_name='event id')),
                ('event', models.CharField(max_length=40, verbose_name='event')),
                ('subject', models.CharField(blank=True, max_length=60)),
                ('position', models.BigIntegerField(default=0)),
                ('body', models.TextField(verbose_name='body')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Given up')], default='waiting', max_length=10, verbose_name='state')),
                ('attempts', models.PositiveIntegerField(default=0, verbose_name='attempts')),
                ('last_status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='last answer')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last problem')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='created')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='next try')),
                ('first_tried_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True, verbose_name='delivered')),
            ],
            options={
                'verbose_name': 'webhook delivery',
                'verbose_name_plural': 'webhook deliveries',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'due_at'], name='webhooks_waiting'), models.Index(condition=models.Q(('state', 'waiting')), fields=['endpoint', 'subject', 'position'], name='webhooks_in_order'), models.Index(fields=['endpoint', '-id'], name='webhooks_of_endpoint'), models.Index(fields=['created_at'], name='webhooks_by_age')],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'event_id'), name='one_delivery_per_endpoint_and_event')],
            },
        ),
        migrations.CreateModel(
            name='Habits',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='habits', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('time_zone', models.CharField(blank=True, max_length=64, verbose_name='time zone')),
                ('language', models.CharField(blank=True, max_length=10, verbose_name='language')),
                ('quiet_from', models.TimeField(blank=True, null=True, verbose_name='quiet from')),
                ('quiet_until', models.TimeField(blank=True, null=True, verbose_name='quiet until')),
                ('digest_at', models.TimeField(blank=True, null=True, verbose_name='daily digest at')),
                ('digest_on', models.DateField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'habits',
                'verbose_name_plural': 'habits',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('quiet_from', None), ('quiet_until', None)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='quiet_hours_begin_and_end')],
            },
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('recipient', models.EmailField(max_length=254, verbose_name='to')),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('dedupe_key', models.CharField(max_length=120)),
                ('subject', models.CharField(max_length=200, verbose_name='subject')),
                ('text', models.TextField()),
                ('html', models.TextField(blank=True)),
                ('unsubscribe_url', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'verbose_name': 'mail',
                'verbose_name_plural': 'mail',
                'ordering': ['-pk'],
                'indexes': [models.Index(condition=models.Q(('sent_at', None)), fields=['due_at'], name='mail_waiting')],
                'constraints': [models.UniqueConstraint(fields=('recipient', 'dedupe_key'), name='written_once')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
                ('kind', models.CharField(max_length=40, verbose_name='kind')),
                ('dedupe_key', models.CharField(max_length=120)),
                ('facts', models.JSONField(default=dict)),
                ('path', models.CharField(max_length=300)),
                ('is_shown', models.BooleanField(default=True)),
                ('awaits_digest', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='told')),
                ('read_at', models.DateTimeField(blank=True, null=True, verbose_name='read')),
            ],
            options={
                'verbose_name': 'notification',
                'verbose_name_plural': 'notifications',
                'ordering': ['-created_at', '-pk'],
                'indexes': [models.Index(fields=['user', '-created_at', '-id'], name='inbox'), models.Index(condition=models.Q(('is_shown', True), ('read_at', None)), fields=['user'], name='inbox_unread'), models.Index(condition=models.Q(('awaits_digest', True)), fields=['user'], name='for_digest')],
                'constraints': [models.UniqueConstraint(fields=('user', 'dedupe_key'), name='told_once')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('kind', models.CharField(max_length=40)),
                ('channel', models.CharField(choices=[('in_app', 'On the site'), ('email', 'E-mail'), ('push', 'Push')], max_length=10)),
                ('is_on', models.BooleanField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'kind', 'channel'), name='one_preference_per_channel')],
            },
        ),
        migrations.CreateModel(
            name='PushSubscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='push_subscriptions', to=settings.AUTH_USER_MODEL)),
                ('session', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='push_subscription', to='accounts.browsersession')),
                ('endpoint', models.CharField(max_length=500, unique=True)),
                ('p256dh', models.CharField(max_length=100)),
                ('auth', models.CharField(max_length=40)),
                ('server_key', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='Push',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='written')),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='attempts')),
                ('last_error', models.CharField(blank=True, max_length=300, verbose_name='last error')),
                ('sent_at', models.DateTimeField(blank=True, null=True, verbose_name='sent')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pushes', to='notifications.pushsubscription')),
                ('notification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pushes', to='notifications.notification')),
            ],
            options={
                'verbose_name_plural': 'pushes',
                'indexes': [models.Index(condition=models.Q(('sent_at', None)), fields=['due_at'], name='push_waiting')],
                'constraints': [models.UniqueConstraint(fields=('subscription', 'notification'), name='pushed_once')],
            },
        ),
        migrations.CreateModel(
            name='ShopNews',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.shop')),
                ('day', models.DateField()),
                ('told_to', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'shop news',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('shop', 'day'), name='news_of_a_shop_and_day')],
            },
        ),
        migrations.CreateModel(
            name='WebhookAttempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('delivery', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tries', to='notifications.webhookdelivery')),
                ('made_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='when')),
                ('milliseconds', models.PositiveIntegerField(default=0, verbose_name='took ms')),
                ('url', models.CharField(max_length=500, verbose_name='address')),
                ('request_headers', models.JSONField(default=dict, verbose_name='headers sent')),
                ('status', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='answer')),
                ('response_headers', models.JSONField(default=dict, verbose_name='headers of the answer')),
                ('response_body', models.TextField(blank=True, verbose_name='body of the answer')),
                ('error', models.CharField(blank=True, max_length=300, verbose_name='problem')),
            ],
            options={
                'verbose_name': 'webhook attempt',
                'verbose_name_plural': 'webhook attempts',
                'ordering': ['pk'],
            },
        ),
    ]
