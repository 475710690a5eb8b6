"""The frame of the command line: what every command's arguments, output, progress, errors and exit codes have in common.

Knows no command. `catalogue` prints the list of them without loading any; `calling` runs one behind the one border at
which an error becomes words and an exit code.
"""
