"""One formatter for structlog and the standard logging module: JSON lines, or colours on a
terminal. django-structlog binds the request id and carries it into tasks."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:  # The settings load this module.
    from django.http import HttpRequest

SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_structlog() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def logging_config(level: str) -> dict[str, Any]:
    """A `LOGGING` setting that writes everything from `level` up to standard error."""
    is_terminal = sys.stderr.isatty()
    renderer = (
        structlog.dev.ConsoleRenderer() if is_terminal else structlog.processors.JSONRenderer()
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                # Records of plain `logging` get the same keys as structlog's own.
                "foreign_pre_chain": SHARED,
                "processor": renderer,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["console"], "level": level},
    }


def bind_address(sender: object, request: HttpRequest, **_others: object) -> None:
    """Every line of a request says whose it is, as limits count them: see `address_of`."""
    from marketflow.core.rate_limits import address_of

    structlog.contextvars.bind_contextvars(ip=address_of(request))
