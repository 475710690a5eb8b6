# The only definition of every check. People, pre-commit and CI call it through ./dev.

set positional-arguments

# List what ./dev can do
[default]
help:
    @just --justfile "{{ justfile() }}" --list --unsorted --list-heading "{{ heading }}" --list-prefix '    ./dev '

heading := "From a clean clone each of these sets up what it needs, and then does the thing.\n\n"

# Run the tickets example: thousands of requests on their way to a help desk
[no-cd]
[no-exit-message]
demo *args:
    @pilotage demo "$@"

# Run the tests; `./dev test --fast` leaves out the slow ones; other arguments go to pytest
[no-exit-message]
test *args:
    @python tools/tests.py "$@"

# Kill processes, the database and connections, 200 times on each database; `./dev crash 20 --sqlite` is shorter
[no-exit-message]
crash *args:
    @python tools/crash.py "$@"

# Style, spelling and the changelog's fragments
lint:
    ruff check
    ruff format --check
    codespell
    @python tools/fragments.py

# Put into shape what can be put into shape by itself
fix:
    ruff check --fix
    ruff format

# Types: basedpyright strict
types *args:
    basedpyright "$@"

# Import rules between subjects and inside them
contracts:
    lint-imports --no-logo

# Build the documentation into site/; `./dev docs serve` shows it and follows changes
docs *args:
    zensical ${*:-build --clean --strict}

# Measure: `./dev bench` lists the scenarios
[no-exit-message]
bench *args:
    @python -m benchmarks "$@"

# Which lines no test reaches
coverage *args:
    coverage erase
    -coverage run -m pytest "$@"
    coverage combine --quiet
    coverage report

# Everything that CI asks before a change is taken
check: lint types contracts test

# Write requirements/*.txt anew from pyproject.toml; `./dev lock --upgrade` takes newer versions
lock *args:
    uv pip compile {{ lock_flags }} --group dev --extra testing --extra openbao --extra aws --extra otel "$@" pyproject.toml -o requirements/dev.txt
    uv pip compile {{ lock_flags }} --constraint requirements/dev.txt pyproject.toml -o requirements/runtime.txt
    uv pip compile {{ lock_flags }} --constraint requirements/dev.txt --group tools -o requirements/tools.txt
    uv pip compile {{ lock_flags }} --constraint requirements/dev.txt --group node -o requirements/node.txt

lock_flags := "--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command './dev lock'"

# Collect the changelog's fragments under a version: `./dev changelog 0.2.0`
changelog version:
    towncrier build --yes --version "{{ version }}"
