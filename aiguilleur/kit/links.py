"""The links of one school, for each place where they are put."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from aiguilleur.core.model import Arrival, School
from aiguilleur.kit.cases import Case, Place, Today, cases
from aiguilleur.settings.model import Settings, Site, Target

#: Entries that a deployment may name in `entries`; a link carries only one that it has named.
PORTAL, POSTER, SHARED = "eclat", "affiche", "poste-partage"


@dataclass(frozen=True, slots=True)
class Links:
    """The links to one service."""

    target: Target
    #: To paste in the connected zone of the school's portal.
    portal: str
    #: « Ce n'est pas le bon compte ? », to paste below it.
    other_account: str
    #: For a public page or a mail.
    elsewhere: str
    #: In the QR code of the poster.
    poster: str
    #: To be typed from a sheet of paper.
    typed: str
    #: Where the link leads today from the portal, and from elsewhere.
    from_portal: tuple[Case, ...]
    from_elsewhere: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Kit:
    """What one school is given."""

    school: School
    links: tuple[Links, ...]
    #: The service that the school's short address and its workstations are for.
    main: Links
    #: For the desktops of the school's computers.
    shortcut: str
    #: The school's mire on each of the hosts that schools already use.
    short: tuple[str, ...]


def kit_of(today: Today, school: School) -> Kit:
    """The kit of a school, as it stands today."""
    settings = today.settings
    links = {name: _links(today, target, school) for name, target in settings.targets.items()}
    main = links[settings.site.mire_target or next(iter(links))]
    return Kit(
        school=school,
        links=tuple(links.values()),
        main=main,
        shortcut=_address(settings.site, f"/mire/{school.etab}", SHARED, vers=main.target.id),
        short=_short(settings, school),
    )


def _links(today: Today, target: Target, school: School) -> Links:
    site = today.settings.site
    path = f"/vers/{target.id}/{school.etab}"
    portal = f"{school.etab}.{site.portal_suffix}" if site.portal_suffix else None
    arrival = Arrival.SAME_SITE if _same_site(portal, site.public_url) else Arrival.CROSS_SITE
    short = _short(today.settings, school) if target.id == site.mire_target else ()
    return Links(
        target=target,
        portal=_address(site, path, PORTAL),
        other_account=_address(site, f"/mire/{school.etab}", PORTAL, vers=target.id),
        elsewhere=_address(site, path),
        poster=_address(site, path, POSTER),
        typed=short[0] if short else _address(site, path),
        from_portal=cases(today, target.id, school, Place(_entry(site, PORTAL), arrival, portal)),
        from_elsewhere=cases(today, target.id, school, Place()),
    )


def _address(site: Site, path: str, entry: str = "", **query: str) -> str:
    query |= {"de": entry} if entry in site.entries else {}
    address = site.public_url.rstrip("/") + path
    return f"{address}?{urlencode(query)}" if query else address


def _entry(site: Site, entry: str) -> str | None:
    return entry if entry in site.entries else None


def _short(settings: Settings, school: School) -> tuple[str, ...]:
    return tuple(f"https://{host}/{school.etab}" for host in sorted(settings.site.mire_hosts))


def _same_site(host: str | None, public_url: str) -> bool:
    """Whether browsers call a click from that host same-site: in France, by the last two labels."""
    ours = urlsplit(public_url).hostname or ""
    return host is not None and host.split(".")[-2:] == ours.split(".")[-2:]
