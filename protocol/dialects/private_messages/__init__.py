"""`/ws`: private messages, presence, receipts. See docs/dialects/private_messages.md."""

from protocol.dialects.private_messages.dialect import DIALECT

__all__ = ["DIALECT"]
