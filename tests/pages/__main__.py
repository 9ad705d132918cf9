"""`python -m tests.pages FOLDER`: a picture of every state at each width, in light and dark, French and Arabic."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

from playwright.sync_api import sync_playwright

from aiguilleur.settings.load import load
from tests.conftest import ROOT
from tests.pages.conftest import shown
from tests.pages.states import STATES


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    settings, _ = load(ROOT / "config")
    sources = {name: replace(source, probes=()) for name, source in settings.sources.items()}
    policies = {name: replace(policy, probes={}) for name, policy in settings.policies.items()}
    site = replace(settings.site, journal=(), state_dir=None)
    settings = replace(settings, site=site, sources=sources, policies=policies)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for number, state in enumerate(STATES, 1):
            print(f"{number}/{len(STATES)} {state.name}")  # noqa: T201 (its output)
            for width, scheme, language in product((320, 768, 1280), ("light", "dark"), ("fr", "ar")):
                client = state.browser(settings)
                with shown(chromium, client, state, language=language, width=width, color_scheme=scheme) as page:
                    page.screenshot(path=folder / f"{state.name}-{width}-{scheme}-{language}.png", full_page=True)
        chromium.close()


if __name__ == "__main__":
    main()
