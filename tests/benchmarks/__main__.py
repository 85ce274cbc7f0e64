"""All benchmarks, one after the other; non-zero if one misses its limit."""

from __future__ import annotations

import sys

import memory
import overhead

sys.exit(max(overhead.main(), memory.main()))
