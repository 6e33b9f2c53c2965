import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# For PostgreSQL: a page is many short queries, where starting helper processes or a compiler costs more than it
# saves. Reports run in a worker, which keeps both.
os.environ.setdefault("PGOPTIONS", "-c jit=off -c max_parallel_workers_per_gather=0")
application = get_wsgi_application()
