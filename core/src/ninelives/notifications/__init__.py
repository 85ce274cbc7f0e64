"""Notifications: what someone is told, the channels that deliver it, and who sends it.

A call that fails hands an `occurrence` to the process's center (`linking`, `failure`); `policy` says when it is told,
as an `alert`; `dispatch` brings that to the channels of its `route`, in the words of `words`. `notifier` is what
programs see, and `configuration` its options. `channel`, `notification`, `wording` and `recipients` are for channels.
"""
