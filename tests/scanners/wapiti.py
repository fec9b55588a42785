"""Wapiti, whose store of its own lets a reader stay while it writes.

When an attack's time is over, Wapiti leaves the reading of its pages where it stood, with SQLite's lock, and then fails
to note what it has attacked: "database is locked". With a write-ahead log readers hold up nobody.
"""

import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine
from wapitiCore.main.wapiti import wapiti_asyncio_wrapper


@event.listens_for(Engine, "connect")
def _with_a_write_ahead_log(connection, _record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


sys.exit(wapiti_asyncio_wrapper())
