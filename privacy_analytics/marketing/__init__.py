"""What marketing quotes: supported sentences of finished runs, approved by name, found on a static site, and recalled.

statistics   a sentence of a run with what it is about and what it shows
approvals    who approved it, until when, and whether it was recalled
pages        the site's own pages, as bytes
site         the gate, then the folder ``published``
"""
