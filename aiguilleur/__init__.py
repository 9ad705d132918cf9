"""The link that finds out which identity source knows a visitor and sends the browser to the right address."""

__version__ = "0.1.0"
