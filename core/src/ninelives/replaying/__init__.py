"""The replay engine: claim, run through the pipeline, confirm. A crash leaves the letter, or the work done once more.

Imported when something is replayed, not before.
"""
