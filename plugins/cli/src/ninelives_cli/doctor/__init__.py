"""What is configured, and whether it works: for ``ninelives doctor`` and ``ninelives notify test``."""
