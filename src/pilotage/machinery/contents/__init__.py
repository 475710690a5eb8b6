"""Large contents (documents, mails, raw answers) in files named by their digest, and a table of who refers to them.

It does not know what a case is: an owner is a word and a number.
"""
