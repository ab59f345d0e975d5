"""The WSGI application that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from laoke.config.terminal import steady_output

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "laoke.config.settings")
steady_output()  # on Windows the serving process is started anew, not forked from the command
application = get_wsgi_application()
