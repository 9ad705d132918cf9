"""The sheet of those who answer the phone is one page of paper."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

from aiguilleur.support import as_sheet, catalogue

pytestmark = pytest.mark.browser


def test_the_sheet_is_one_page_of_paper(chromium: Browser) -> None:
    page = chromium.new_page()
    page.set_content(as_sheet(catalogue()))
    printed = page.pdf(prefer_css_page_size=True)
    page.close()

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
