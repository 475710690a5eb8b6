"""Models: asking a language model and believing nothing of it that was not checked.

Words: inquiry, prompt, form, quote, agreement, use. It knows connections as far as it calls them; it knows no case, no
release and no person: it gives judgements and abstentions, and others decide what becomes of them.
"""
