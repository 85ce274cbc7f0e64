"""``python -m ninelives_cli`` is ``ninelives``."""

from __future__ import annotations

from ninelives_cli.main import main

main()
