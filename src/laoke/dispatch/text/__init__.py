"""The rules a message text, its hour and its number must keep, as values.

Pure: a check returns `Issue` values with a code and parameters; their Chinese wording is in `messages`,
the only module here that knows Django. Facts of the gateways are data in `gateways`.
"""
