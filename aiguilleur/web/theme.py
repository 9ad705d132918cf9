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
    own, ours = theme / "static", Path(app.static_folder or "")

    def static(filename: str) -> Response:
        folder = own if (own / filename).is_file() else ours
        # The name is checked by what sends it: it leads out of neither folder.
        return send_from_directory(folder, filename, max_age=app.get_send_file_max_age(filename))

    app.view_functions["static"] = static
