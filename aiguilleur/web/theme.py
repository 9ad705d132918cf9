"""What a deployment puts over the shipped pages: templates, static files and translations, from a folder of its own."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, send_from_directory
from jinja2 import ChoiceLoader, FileSystemLoader

from aiguilleur.web import languages


def install(app: Flask, theme: Path | None) -> None:
    """Look in `templates/`, `static/` and `locale/` of the theme first, then in what is shipped."""
    if theme is None:
        languages.install(app)
        return
    shipped = app.jinja_loader
    app.jinja_loader = ChoiceLoader([FileSystemLoader(theme / "templates"), *((shipped,) if shipped else ())])
    languages.install(app, (theme / "locale",))

    def static(filename: str) -> Response:
        # The name is checked by what sends it: it leads out of neither folder.
        return send_from_directory(_folder(app, theme, filename), filename, max_age=app.get_send_file_max_age(filename))

    app.view_functions["static"] = static


def static_file(app: Flask, theme: Path | None, name: str) -> Path:
    """The static file that pages get under this name."""
    return _folder(app, theme, name) / name


def _folder(app: Flask, theme: Path | None, name: str) -> Path:
    own = theme / "static" if theme else None
    return own if own and (own / name).is_file() else Path(app.static_folder or "")
