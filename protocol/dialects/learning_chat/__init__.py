"""`/ws/chat`: the learning platform's channels. See docs/dialects/learning_chat.md."""

from protocol.dialects.learning_chat.dialect import DIALECT

__all__ = ["DIALECT"]
