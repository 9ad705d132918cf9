"""The kit of one school: its links, where they lead, and the files that go with them; built from settings."""

from aiguilleur.kit.cases import Case, Today
from aiguilleur.kit.files import desktop_file, qr_picture, qr_svg, url_file, webloc_file
from aiguilleur.kit.links import Kit, Links, kit_of

__all__ = ["Case", "Kit", "Links", "Today", "desktop_file", "kit_of", "qr_picture", "qr_svg", "url_file", "webloc_file"]
