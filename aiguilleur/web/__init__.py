"""The pages and addresses that browsers see; it translates requests and decisions, and decides nothing."""

from aiguilleur.web.app import create_app

__all__ = ["create_app"]
