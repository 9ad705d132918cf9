"""Visits that arrive whether or not the ones before them were answered, from a process of their own."""

from tests.load.arrivals import Arrivals, Row, Visit, arriving, by_status, percentile, punctual

__all__ = ["Arrivals", "Row", "Visit", "arriving", "by_status", "percentile", "punctual"]
