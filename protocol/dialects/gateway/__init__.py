"""`/gateway`: everything in one's workspaces. See docs/dialects/gateway.md."""

from protocol.dialects.gateway.dialect import DIALECT

__all__ = ["DIALECT"]
