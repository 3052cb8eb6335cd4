"""`/messagepal`, `/message`: one-to-one messages. See docs/dialects/messenger.md."""

from protocol.dialects.messenger.dialect import DIALECT

__all__ = ["DIALECT"]
