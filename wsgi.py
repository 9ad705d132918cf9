"""What gunicorn loads: the application for the folder `AIGUILLEUR_CONFIG`; it never raises on bad settings."""

from aiguilleur.web.start import application

app = application()
