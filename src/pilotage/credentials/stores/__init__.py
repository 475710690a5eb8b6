"""The places that secrets come from, one file each. Those that need a library load it when they are opened."""
