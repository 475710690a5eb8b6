"""The pages of all subjects, as one web application. Filled by whoever serves."""

from collections.abc import Callable

from fastapi import FastAPI

from pilotage.cases import panels as cases_panels
from pilotage.cases.values_today import Places
from pilotage.machinery.web.app import make_app
from pilotage.machinery.web.values import WebSettings
from pilotage.operations import pages


def make_site(read: Callable[[], Places], settings: WebSettings) -> FastAPI:
    """The application with the Today page and the panels of every subject on it."""
    panels = (*cases_panels.today_panels(read), *pages.today_panels(read))
    return make_app([pages.today_page()], panels, settings)
