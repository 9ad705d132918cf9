"""What gunicorn loads: the application of the folder `AIGUILLEUR_CONFIG`, as it is now; nothing raises here."""

from aiguilleur.web.reload import Reloading

app = Reloading()
