"""The commands ``ninelives dlq ...``: working with dead letters by hand."""
