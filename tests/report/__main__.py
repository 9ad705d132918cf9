"""`python -m tests.report FOLDER`: pictures of the report of a made-up year, at each width, in light, dark and print."""

from __future__ import annotations

import sys
import tempfile
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright

from aiguilleur.journal.scale import Report, Scope, files_in, masked, report
from aiguilleur.report import Names, page, told
from tests.journal.year import ACADEMIES, schools, write_year
from tests.report.figures import MADE_AT

_VISITS = 100_000
_GROUPS = {f"aten-{academy}": "aten" for academy in ACADEMIES}
_HOW = {"light": {"color_scheme": "light"}, "dark": {"color_scheme": "dark"}, "print": {"media": "print"}}
_KINDS = {"clg": "Collège", "lyc": "Lycée"}
NAMES = Names(
    {"aten": "ATEN", "educonnect": "EduConnect"} | {f"aten-{each}": f"ATEN {each}" for each in ACADEMIES},
    {each.etab: f"{_KINDS[each.etab[:3]]} {each.etab[4:]}" for each in schools()},
)


def year(scope: Scope = Scope()) -> Report:  # noqa: B008 (a constant)
    """The report of the year that `tests.journal.year` writes."""
    with tempfile.TemporaryDirectory() as folder:
        write_year(Path(folder), _VISITS)
        return report(files_in([folder]), scope, by=(), groups=_GROUPS)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    reports = {"report": year(), "report-school": masked(year(Scope(etab="clg-besancon-003")))}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, drawn in reports.items():
            text = page(told(drawn, NAMES, made_at=MADE_AT, zone=ZoneInfo("Europe/Paris")))
            (folder / f"{name}.html").write_text(text, encoding="utf-8")
            for width, (kind, how) in product((375, 1280), _HOW.items()):
                tab = chromium.new_page(viewport={"width": width, "height": 800})
                tab.emulate_media(**how)  # type: ignore[arg-type]
                tab.goto((folder / f"{name}.html").absolute().as_uri())
                tab.screenshot(path=folder / f"{name}-{width}-{kind}.png", full_page=True)
                tab.close()
        # The one that docs/operate.md shows.
        tab = chromium.new_page(viewport={"width": 1000, "height": 910}, color_scheme="light")
        tab.goto((folder / "report.html").absolute().as_uri())
        tab.screenshot(path=folder / "report.png")
        chromium.close()


if __name__ == "__main__":
    main()
