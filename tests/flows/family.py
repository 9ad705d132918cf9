"""A family in front of its browser: what it does in the sandbox, and what it was shown on the way."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Frame, Locator, Page, Request

from aiguilleur.sandbox import Mode
from tests.conftest import Sandbox
from tests.flows.scenario import ROCHAT, Held, Scenario, Start

ATEN = "teleservices.academie.localhost"
ATEN_DIJON = "teleservices.dijon.localhost"
NATIONAL = "teleservices.education.localhost"
EDUCONNECT = "educonnect.education.localhost"
AIGUILLEUR = "aiguilleur.academie.localhost"
SERVED_BY = {ATEN: "aten-besancon", ATEN_DIJON: "aten-dijon", NATIONAL: "educonnect"}
#: Where a source asks for a name and a password, or which account: written out, so that no page vouches for itself.
LOGIN_PAGES = {
    (ATEN, "/login/ct_logon_vk.jsp"),
    (ATEN_DIJON, "/login/ct_logon_vk.jsp"),
    (EDUCONNECT, "/idp/profile/SAML2/Redirect/SSO"),
    (EDUCONNECT, "/idp/profile/SAML2/login"),
    ("franceconnect.gouv.localhost", "/api/v2/authorize"),
    ("cas.eclat.localhost", "/login"),
}
#: In the address of a source that is asked through the browser.
_QUESTION = "SAMLRequest="
#: What the CAS calls the source that a session is held at.
SELECTIONS = {
    Held.ATEN: "BESANC-ATS_parent_eleve_2D",
    Held.ATEN_DIJON: "DIJON-ATS_parent_eleve_2D",
    Held.EDUCONNECT: "EDU",
    Held.FRANCECONNECT: "EDU",
}


class Family:
    """One browser, and a record of the pages and requests since `forget`."""

    def __init__(self, page: Page, sandbox: Sandbox) -> None:
        self.page = page
        self.sandbox = sandbox
        #: The addresses of the login pages that were shown, and of the questions that the browser carried.
        self.logins: list[str] = []
        self.trips: list[str] = []
        page.on("framenavigated", self._shown)
        page.on("request", self._requested)

    def forget(self) -> None:
        """Record from here on."""
        self.logins.clear()
        self.trips.clear()

    def where(self) -> tuple[str | None, str | None]:
        """The simulated site that the browser is on: which service, by which source; a page that posts is no stop."""
        body = self.page.locator("body:not([data-service=posting])")
        service = body.get_attribute("data-service")
        if service == "down":
            # The page of a source that is down knows nothing; its address says whose it is.
            return "panne", SERVED_BY[urlsplit(self.page.url).hostname or ""]
        return service, body.get_attribute("data-source")

    def mire(self) -> tuple[str, ...]:
        """The accounts that the mire offers at first sight, in their order."""
        return tuple(button.get_attribute("value") or "" for button in self._accounts())

    def ill(self) -> tuple[str, ...]:
        """Those of them that are shown ill."""
        shown = [button for button in self._accounts() if button.locator(".ill").count()]
        return tuple(button.get_attribute("value") or "" for button in shown)

    def choose(self, source: str) -> None:
        """One click on the mire."""
        self.page.click(f"button[name=source][value={source}]")

    def log_in(self) -> None:
        """Type a name and a password where they are asked for."""
        self.page.fill("[name=user]", "parent1")
        self.page.fill("[name=password]", "parent1")
        self.page.click("text=Se connecter")

    def hold(self, held: Held) -> None:
        """Open a session at a source, on that source's own pages; a dead one ends at once and leaves its cookie."""
        match held:
            case Held.ATEN | Held.DEAD_ATEN:
                self.page.goto(self.sandbox.at(ATEN, "/ts"))
            case Held.ATEN_DIJON:
                self.page.goto(self.sandbox.at(ATEN_DIJON, "/ts"))
            case Held.EDUCONNECT | Held.FRANCECONNECT:
                self.page.goto(self.sandbox.at(EDUCONNECT))
        if held is Held.FRANCECONNECT:
            self.page.click("#franceconnect")
            self.page.click("text=Continuer en tant qu'Angela")
        else:
            self.log_in()
        assert self.where()[0] in ("teleservices", "educonnect")
        if held is Held.DEAD_ATEN:
            self.sandbox.world.expire("aten-besancon")

    def into_portal(self, held: Held, school: str = ROCHAT) -> None:
        """Enter a school's portal by its standard mire, through a source where a session is open."""
        self.page.goto(self.sandbox.at(f"{school}.eclat.localhost"))
        self.page.click("text=Se connecter")
        self.page.click(f"a[href*='{SELECTIONS[held]}']")
        assert self.where()[0] == "ent"

    def prepare(self, scenario: Scenario) -> None:
        """Everything before the click on the link."""
        for held in scenario.held:
            self.hold(held)
        match scenario.start:
            case Start.ECLAT:
                self.into_portal(scenario.held[-1], scenario.school)
            case Start.SCOLARITE_ATEN:
                self.page.goto(self.sandbox.at(ATEN_DIJON if Held.ATEN_DIJON in scenario.held else ATEN, "/ts"))
                self.page.click("text=Scolarité Services")
            case Start.SCOLARITE_NATIONAL:
                self.page.goto(self.sandbox.at(NATIONAL))
                self.page.click("text=Scolarité Services")
            case Start.PUBLIC:
                self.page.goto(self.sandbox.at(f"{scenario.school}.eclat.localhost"))
            case Start.QR_CODE | Start.OLD_CHOICE:
                self.page.goto("about:blank")
        if scenario.fault:
            self.sandbox.world.switches.set(scenario.fault.source, scenario.fault.mode)
            if scenario.fault.seen:
                self.sandbox.canaries.fly(scenario.fault.source)

    def follow(self, scenario: Scenario) -> None:
        """The click on the link, or the address that was scanned or kept."""
        link = f"/vers/teleservices/{scenario.school}"
        match scenario.start:
            case Start.ECLAT:
                self.page.click("text=Téléservices")
            case Start.SCOLARITE_ATEN | Start.SCOLARITE_NATIONAL:
                self.page.click("text=Espace numérique de travail")
            case Start.PUBLIC:
                self.page.click("text=Téléservices (lien public)")
            case Start.QR_CODE:
                self.page.goto(self.sandbox.at(AIGUILLEUR, f"{link}?de=affiche"))
            case Start.OLD_CHOICE:
                self.page.goto(self.sandbox.at(AIGUILLEUR, f"{link}?source=aten-besancon"))

    def mend(self, scenario: Scenario) -> None:
        """The fault ends, where the situation says so."""
        if scenario.fault and scenario.fault.mended:
            self.sandbox.world.switches.set(scenario.fault.source, Mode.WELL)

    def _accounts(self) -> list[Locator]:
        self.page.locator("form > .choices").first.wait_for()
        return self.page.locator("form > .choices button[name=source]").all()

    def _shown(self, frame: Frame) -> None:
        parts = urlsplit(frame.url)
        if (parts.hostname, parts.path) in LOGIN_PAGES and _QUESTION not in parts.query:
            self.logins.append(frame.url)

    def _requested(self, request: Request) -> None:
        if request.is_navigation_request() and _QUESTION in urlsplit(request.url).query:
            self.trips.append(request.url)
