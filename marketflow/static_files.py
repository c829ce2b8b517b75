"""How static files are stored in production: hashed, compressed, kept for a year."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Also rewrite the imports between ES modules to the hashed names.

    So modules need no import map, and the pages no inline script.
    """

    support_js_module_import_aggregation = True
