"""PostgreSQL's generated search columns. SQLite's index is made after every migrate."""

from django.db import migrations

from catalog.search_index import ADD_TO_POSTGRESQL, TAKE_FROM_POSTGRESQL


def run(statements):
    def on_postgresql(apps, schema_editor):
        if schema_editor.connection.vendor == "postgresql":
            for statement in statements:
                schema_editor.execute(statement)

    return on_postgresql


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_squashed")]

    operations = [
        migrations.RunPython(
            run(ADD_TO_POSTGRESQL), run(TAKE_FROM_POSTGRESQL), elidable=False
        ),
    ]
