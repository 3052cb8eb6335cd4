"""The sessions in which no user has signed in yet.

Guarantees: each network has a bounded number of such sessions whose client the hub waits for, and
when there are too many sessions the oldest of these is closed, so they cannot keep users out. A
session that the hub is still handling is never closed for others, since many may come at once. Must
not know: how users sign in.
"""

from attrs import define, field

from hub.engineio.connection import EngineConnection

MAX_OF_NETWORK = 100


@define
class Strangers:
    """Sessions by the network that they were opened from; the oldest come first."""

    _networks: dict[EngineConnection, str] = field(factory=dict, init=False)
    _by_network: dict[str, dict[EngineConnection, None]] = field(factory=dict, init=False)

    def add(self, network: str, connection: EngineConnection) -> None:
        """A new session; if the hub waits for too many clients of its network, the oldest ends."""
        theirs = self._by_network.setdefault(network, {})
        if len(theirs) >= MAX_OF_NETWORK:
            silent = [each for each in theirs if each.waits_for_client]
            if len(silent) >= MAX_OF_NETWORK:
                silent[0].close()
        self._networks[connection] = network
        theirs[connection] = None
        connection.when_known_or_over(lambda: self._remove(connection))

    def make_room(self) -> bool:
        """Close the oldest whose client the hub waits for; returns whether there was one."""
        oldest = next((each for each in self._networks if each.waits_for_client), None)
        if oldest is not None:
            oldest.close()
        return oldest is not None

    def _remove(self, connection: EngineConnection) -> None:
        network = self._networks.pop(connection, None)
        if network is not None:
            theirs = self._by_network[network]
            del theirs[connection]
            if not theirs:
                del self._by_network[network]
