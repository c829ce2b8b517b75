import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('analytics', '0001_initial'), ('analytics', '0002_more_figures'), ('analytics', '0003_vitals_and_errors')]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed'),
        ('catalog', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='PageVital',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('page', models.CharField(max_length=100, verbose_name='page')),
                ('metric', models.CharField(choices=[('lcp', 'Largest contentful paint'), ('inp', 'Interaction to next paint'), ('cls', 'Cumulative layout shift')], max_length=3, verbose_name='vital')),
                ('device', models.CharField(choices=[('phone', 'Phones'), ('desktop', 'Larger screens')], max_length=7, verbose_name='device')),
                ('up_to', models.PositiveIntegerField(verbose_name='up to')),
                ('times', models.PositiveIntegerField(verbose_name='times')),
            ],
            options={
                'verbose_name': 'vital of a page',
                'verbose_name_plural': 'vitals of pages',
                'ordering': ['-day', 'page', 'metric', 'device', 'up_to'],
                'constraints': [models.UniqueConstraint(fields=('day', 'page', 'metric', 'device', 'up_to'), name='one_row_a_bucket')],
            },
        ),
        migrations.CreateModel(
            name='ScriptError',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('message', models.CharField(max_length=120, verbose_name='message')),
                ('module', models.CharField(max_length=100, verbose_name='module')),
                ('line', models.PositiveIntegerField(verbose_name='line')),
                ('times', models.PositiveIntegerField(verbose_name='times')),
            ],
            options={
                'verbose_name': 'error of a script',
                'verbose_name_plural': 'errors of scripts',
                'ordering': ['-day', 'module', 'line', 'message'],
                'constraints': [models.UniqueConstraint(fields=('day', 'module', 'line', 'message'), name='one_row_an_error')],
            },
        ),
        migrations.CreateModel(
            name='DailySales',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='daily_sales', to='accounts.shop')),
                ('currency', models.CharField(max_length=3)),
                ('orders', models.PositiveIntegerField(verbose_name='orders')),
                ('units', models.PositiveIntegerField(verbose_name='units')),
                ('gross_minor', models.PositiveBigIntegerField(verbose_name='sales, delivery included')),
                ('discount_minor', models.PositiveBigIntegerField(default=0, verbose_name='taken off by promotions')),
                ('refunded_minor', models.PositiveBigIntegerField(default=0, verbose_name='refunded')),
                ('new_buyers', models.PositiveIntegerField(default=0, verbose_name='new buyers')),
                ('returning_buyers', models.PositiveIntegerField(default=0, verbose_name='returning buyers')),
            ],
            options={
                'verbose_name': 'sales of a day',
                'verbose_name_plural': 'sales by day',
                'ordering': ['-day', 'shop'],
                'constraints': [models.UniqueConstraint(fields=('day', 'shop', 'currency'), name='one_row_a_day')],
            },
        ),
        migrations.CreateModel(
            name='ProductTraffic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='day')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='traffic', to='catalog.product')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.shop')),
                ('currency', models.CharField(max_length=3)),
                ('orders', models.PositiveIntegerField(verbose_name='orders')),
                ('units', models.PositiveIntegerField(verbose_name='units')),
                ('sales_minor', models.PositiveBigIntegerField(verbose_name='sales')),
            ],
            options={
                'verbose_name': 'traffic of a product',
                'verbose_name_plural': 'traffic of products',
                'ordering': ['-day', 'product'],
                'indexes': [models.Index(fields=['shop', 'day'], name='traffic_of_shop')],
                'constraints': [models.UniqueConstraint(fields=('day', 'product', 'currency'), name='one_row_a_day_and_product')],
            },
        ),
    ]
