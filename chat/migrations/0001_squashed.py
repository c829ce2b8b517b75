import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('chat', '0001_initial')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed'),
        ('accounts', '__first__'),
        ('catalog', '0001_squashed'),
        ('orders', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='ContactRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('mail', 'E-mail addresses'), ('phone', 'Telephone numbers'), ('link', 'Links to other sites'), ('words', 'Words and phrases')], max_length=5, unique=True, verbose_name='what')),
                ('is_active', models.BooleanField(default=True, verbose_name='look for it')),
                ('entries', models.TextField(blank=True, help_text='One a line. For words: what to look for. For links, addresses and numbers: what is allowed, such as a site of a carrier.', verbose_name='entries')),
                ('notice', models.CharField(blank=True, help_text='Shown to whoever wrote it, and to nobody else.', max_length=300, verbose_name='what the sender is told')),
            ],
            options={
                'verbose_name': 'rule for contact details',
                'verbose_name_plural': 'rules for contact details',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('buyer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conversations', to=settings.AUTH_USER_MODEL)),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conversations', to='accounts.shop')),
                ('last_seq', models.PositiveIntegerField(default=0)),
                ('last_message_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last message')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='started')),
                ('blocked_by_buyer_at', models.DateTimeField(blank=True, null=True)),
                ('blocked_by_shop_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'conversation',
                'verbose_name_plural': 'conversations',
                'ordering': ['-last_message_at', '-pk'],
                'indexes': [models.Index(fields=['buyer', '-last_message_at'], name='conversations_of_buyer'), models.Index(fields=['shop', '-last_message_at'], name='conversations_of_shop')],
                'constraints': [models.UniqueConstraint(fields=('buyer', 'shop'), name='one_conversation_each')],
            },
        ),
        migrations.CreateModel(
            name='Desk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shop', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='desk', to='accounts.shop')),
                ('away_message', models.TextField(blank=True, help_text='Sent once a day to a buyer who writes while it is on.', max_length=1000, verbose_name='automatic answer')),
                ('is_away', models.BooleanField(default=False, help_text='During a vacation of the shop it is on by itself.', verbose_name='answer automatically')),
            ],
            options={
                'verbose_name': 'automatic answer',
                'verbose_name_plural': 'automatic answers',
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='chat.conversation')),
                ('seq', models.PositiveIntegerField()),
                ('client_id', models.UUIDField(default=uuid.uuid4)),
                ('kind', models.CharField(choices=[('text', 'Message'), ('away', 'Automatic answer'), ('proposal', 'Proposal'), ('event', 'Event')], default='text', max_length=8)),
                ('side', models.CharField(choices=[('buyer', 'Buyer'), ('shop', 'Shop')], max_length=5)),
                ('author', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('body', models.TextField(blank=True, verbose_name='text')),
                ('part', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='orders.sellerorder')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.product')),
                ('flags', models.CharField(blank=True, max_length=60, verbose_name='flagged for')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='sent')),
                ('edited_at', models.DateTimeField(blank=True, null=True, verbose_name='edited')),
                ('deleted_at', models.DateTimeField(blank=True, null=True, verbose_name='deleted')),
            ],
            options={
                'verbose_name': 'message',
                'verbose_name_plural': 'messages',
                'ordering': ['conversation_id', 'seq'],
                'indexes': [models.Index(fields=['part', 'created_at'], name='messages_about_a_part'), models.Index(condition=models.Q(('flags', ''), _negated=True), fields=['-created_at'], name='flagged_messages')],
                'constraints': [models.UniqueConstraint(fields=('conversation', 'seq'), name='one_message_per_number'), models.UniqueConstraint(fields=('conversation', 'author', 'client_id'), name='message_sent_once'), models.CheckConstraint(condition=models.Q(('seq__gte', 1), ('side__in', ['buyer', 'shop'])), name='message_of_a_side')],
            },
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='chat.message')),
                ('kind', models.CharField(choices=[('picture', 'Picture'), ('pdf', 'PDF')], max_length=7)),
                ('file', models.CharField(max_length=200)),
                ('name', models.CharField(max_length=120)),
                ('bytes', models.PositiveIntegerField()),
                ('width', models.PositiveIntegerField(default=0)),
                ('height', models.PositiveIntegerField(default=0)),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='proposal', to='chat.message')),
                ('kind', models.CharField(choices=[('refund', 'Partial refund'), ('cancellation', 'Cancellation'), ('return', 'Return')], max_length=12)),
                ('state', models.CharField(choices=[('open', 'Waiting for an answer'), ('accepted', 'Accepted'), ('declined', 'Declined'), ('withdrawn', 'Withdrawn')], default='open', max_length=9)),
                ('part', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='orders.sellerorder')),
                ('amount_minor', models.PositiveBigIntegerField(default=0)),
                ('currency', models.CharField(blank=True, max_length=3)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('refund', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposal', to='orders.refund')),
                ('parcel', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposal', to='orders.return')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'verbose_name': 'proposal',
                'verbose_name_plural': 'proposals',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'refund'), _negated=True), ('amount_minor__gt', 0), _connector='OR'), name='refund_of_something'), models.UniqueConstraint(condition=models.Q(('state', 'open')), fields=('part', 'kind'), name='one_open_proposal_of_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='QuickReply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quick_replies', to='accounts.shop')),
                ('title', models.CharField(max_length=60, verbose_name='name')),
                ('body', models.TextField(max_length=2000, verbose_name='text')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
            ],
            options={
                'verbose_name': 'quick reply',
                'verbose_name_plural': 'quick replies',
                'ordering': ['position', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='chat.conversation')),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='chat.message')),
                ('reporter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('side', models.CharField(choices=[('buyer', 'Buyer'), ('shop', 'Shop')], max_length=5, verbose_name='reported by')),
                ('reason', models.CharField(max_length=500, verbose_name='reason')),
                ('quoted', models.TextField(blank=True, verbose_name='text reported')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='reported')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('decision', models.CharField(blank=True, max_length=500, verbose_name='what was done')),
            ],
            options={
                'verbose_name': 'report',
                'verbose_name_plural': 'reports',
                'ordering': ['-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('conversation', 'reporter'), name='one_open_report_each')],
            },
        ),
        migrations.CreateModel(
            name='Seat',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seats', to='chat.conversation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seats', to=settings.AUTH_USER_MODEL)),
                ('side', models.CharField(choices=[('buyer', 'Buyer'), ('shop', 'Shop')], max_length=5)),
                ('read_seq', models.PositiveIntegerField(default=0)),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('conversation', 'user'), name='one_seat_each'), models.CheckConstraint(condition=models.Q(('side__in', ['buyer', 'shop'])), name='seat_on_a_side')],
            },
        ),
    ]
