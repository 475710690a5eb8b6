"""The frame of every page: layout, session, live updates, forms, static files. It knows no subject and no page.

Subjects declare a `Page` or a `Panel` (`values.py`); `app.py` makes the application of them, `serving.py` serves it.
"""
