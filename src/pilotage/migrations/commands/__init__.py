"""The commands that carry a whole platform: export, import, backup, restore. They parse, call and print."""
