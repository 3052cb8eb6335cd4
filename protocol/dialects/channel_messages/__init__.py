"""Socket.IO's `message:*` events. See docs/dialects/channel_messages.md."""

from protocol.dialects.channel_messages.dialect import DIALECT

__all__ = ["DIALECT"]
