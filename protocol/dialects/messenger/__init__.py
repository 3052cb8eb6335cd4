"""`/messagepal`, `/message`: one-to-one messages. See docs/dialects/messenger.md."""

from protocol.dialects.messenger.frames import DIALECT

__all__ = ["DIALECT"]
