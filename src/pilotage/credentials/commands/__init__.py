"""`pilotage secret ...`. They parse, call and print; none of them prints a value."""
