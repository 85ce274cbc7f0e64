"""Which failures are told, and when: pure rules, which know no thread, no lock and no channel.

`grouping` has the kinds of failures (`kinds`), `outages` the circuits that are open (`outage`), of which those that
flap are damped (`damping`, `flapping`); `timers` says what is due next. Nothing here is thread-safe: the center locks.
"""
