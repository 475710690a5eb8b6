"""`import pilotage` is for authors: it costs pydantic and the standard library, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"

HEAVY = {"sqlalchemy", "dbos", "fastapi", "starlette", "httpx2", "numpy", "sklearn", "psycopg", "uvicorn", "alembic"}
READER = "import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"


def test_the_face_loads_no_database_no_engine_no_web_framework() -> None:
    """A module of an author's that imports pilotage starts at once, in an editor and in a test."""
    loaded = _packages("import pilotage")
    assert loaded & HEAVY == set()
    assert "pilotage" in loaded


def test_the_face_loads_pydantic_and_the_standard_library_alone() -> None:
    """What is loaded beyond the standard library is pydantic and what pydantic stands on."""
    ground = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
    beyond = (
        {name for name in _packages("import pilotage") if not name.startswith("_sysconfigdata")}
        - _packages("import pydantic")
        - ground
        - set(sys.stdlib_module_names)
    )
    assert beyond == {"pilotage"}


def test_a_heavy_import_is_seen() -> None:
    """The reader sees what a statement loads in an interpreter of its own."""
    assert "sqlalchemy" in _packages("import sqlalchemy")


def _packages(statement: str) -> set[str]:
    command = [sys.executable, "-c", READER.format(statement=statement)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return {name.partition(".")[0] for name in json.loads(done.stdout)}
