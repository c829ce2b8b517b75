from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [('core', '0001_squashed')]

    operations = [
        migrations.RemoveIndex('outboxevent', 'outbox_waiting'),
        migrations.AddIndex(
            'outboxevent',
            models.Index(condition=models.Q(('done_at', None)), fields=['id'], name='outbox_waiting'),
        ),
    ]
