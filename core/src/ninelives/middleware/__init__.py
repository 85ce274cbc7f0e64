"""The links that come with ninelives, one a file, and what a link of your own is made of."""

from __future__ import annotations

from ninelives.middleware.link import Around, AsyncMiddleware, AsyncNext, Context, Middleware, Next

__all__ = ["Around", "AsyncMiddleware", "AsyncNext", "Context", "Middleware", "Next"]
