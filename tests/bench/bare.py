"""The yardstick: the least that Flask, SQLAlchemy and Jinja can do for a page of 25 rows, under the same web server."""

import os

from flask import Flask, render_template_string
from sqlalchemy import create_engine, text

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Bare</title></head><body><h1>Tickets</h1>
<table>{% for row in rows %}
<tr><td>{{ row.number }}</td><td>{{ row.subject }}</td><td>{{ row.status }}</td></tr>
{% endfor %}</table>
</body></html>"""

application = Flask(__name__)
_engine = create_engine(os.environ["BARE_DATABASE_URL"], pool_size=5)
_QUERY = text(f'SELECT number, subject, status FROM "{os.environ["BARE_SCHEMA"]}".ticket ORDER BY updated_at DESC LIMIT 25')


@application.get("/")
def page() -> str:
    with _engine.connect() as connection:
        return render_template_string(_PAGE, rows=connection.execute(_QUERY).all())
