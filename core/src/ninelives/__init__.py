"""Run a call that may fail, and lose nothing when it does."""
