"""The kit for plugin authors: ``ninelives plugins new`` writes a distribution that works, and can be made one's own."""
