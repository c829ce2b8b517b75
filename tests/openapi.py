"""The reference as a file, docs/openapi.yaml, so that what a change breaks shows in its review.

`make openapi` writes it under the settings of a test run: a developer's own are not in it.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "docs" / "openapi.yaml"


def document() -> str:
    """What the code says today. Django has to be set up."""
    from drf_spectacular.generators import SchemaGenerator
    from drf_spectacular.renderers import OpenApiYamlRenderer

    schema = SchemaGenerator().get_schema(request=None, public=True)
    return OpenApiYamlRenderer().render(schema, renderer_context={}).decode()


def main() -> None:
    import django

    import tests.environment  # noqa: F401

    os.environ["DJANGO_SETTINGS_MODULE"] = "marketflow.settings"
    django.setup()
    FILE.write_text(document())


if __name__ == "__main__":
    main()
