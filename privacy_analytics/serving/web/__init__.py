"""The curator's calls over HTTP: a front that holds no lake, no key and no ledger.

It authenticates, checks role and form, and passes each call on, as a line that says for whom, to the server of
``privacy_analytics.serving`` that it starts and keeps alive behind a private socket. That one's limits, fixed sentences
and ledger hold here, too.

rules      which role may ask what
requests   bodies as types, for the page that describes them
app        routes and answers
guard      who comes in, how much they may send, what every response carries
patience   slow clients are cut off
pool       the front's few connections to the server behind, and how many may wait for one
front      socket, TLS, processes
page       ``/docs``, which loads nothing
"""
