"""The demo: a real service fails and heals, and no request is lost."""
