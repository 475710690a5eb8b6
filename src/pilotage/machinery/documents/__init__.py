"""Reading documents that strangers sent: in a process of its own, within bounds of time, memory and length.

It knows bytes and their kind, and neither records nor cases.
"""
