"""Documents on paper: PDFs drawn from what was written down when they were issued."""

from orders.documents.drawing import draw

__all__ = ["draw"]
