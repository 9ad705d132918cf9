"""The least that Flask can do: one redirect, under the same server and its settings."""

from __future__ import annotations

from flask import Flask, Response, redirect


class Empty(Flask):
    """An application that the shipped server configuration takes for ours."""

    def watch(self) -> None:
        """Nothing is followed."""


app = Empty(__name__)


@app.get("/vers/<target>/<etab>")
def vers(target: str, etab: str) -> Response:
    answer = redirect(f"https://{target}.education.example/", 303)
    answer.headers["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]
