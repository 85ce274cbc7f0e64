"""A notifier's options: what `channels` and `failover` hold (`entries`), the destinations made of them (`targets`).

`alone` reads the arguments of a notifier that is no link, `options` everything but where alerts go; `setup` brings them
together, so that all that is wrong is said at once.
"""
