"""What holds for all tests: the signals that they send arrive, however the tests were started."""

from __future__ import annotations

import signal


def heed(number: signal.Signals, handler: object) -> None:
    """Have a signal heeded that was ignored when the tests began, as by ``nohup`` or ``&`` in a script.

    What tests start would ignore it as well, and then wait for ever. With any handler here it is the default there.
    """
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


heed(signal.SIGINT, signal.default_int_handler)
heed(signal.SIGHUP, lambda *_: None)
