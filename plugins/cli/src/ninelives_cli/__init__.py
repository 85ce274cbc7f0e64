"""The command line of ninelives."""
