"""Faults in who is shown as online, and to whom."""

from typing import Final

from tests.planted.fault import Fault

ARRIVALS: Final = "tests/hub/services/presence/test_arrivals.py"
SIGHT: Final = "tests/hub/services/rights/test_sight.py"
PRESENCE: Final = "tests/hub/services/presence/test_users.py"
SEATS: Final = "tests/hub/services/presence/test_channels.py"
TRANSCRIPTS: Final = "tests/transcripts/test_transcripts.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "a blocked user still sees a blocker who left just before as online",
        "hub/services/presence/attendance.py",
        "return self._announced | self._departed.keys()",
        "return self._announced",
        ("tests/hub/services/presence/test_attendance.py",),
    ),
    Fault(
        "a client that has left again still gets the presence of others",
        "hub/services/presence/arrivals.py",
        "Delivery(event, ToClients(clients, room))",
        "Delivery(event, ToClients(clients))",
        (ARRIVALS,),
    ),
    Fault(
        "a new connection gets the presence of users who block its user",
        "hub/services/presence/arrivals.py",
        "if user_id not in hidden",
        "if hidden is not None",
        (ARRIVALS,),
    ),
    Fault(
        "a new connection gets the presence of all online users",
        "hub/services/presence/arrivals.py",
        "sorted(among & online)",
        "sorted(online)",
        (ARRIVALS,),
    ),
    Fault(
        "a new connection gets the presence of a user hidden by a block meanwhile",
        "hub/services/presence/arrivals.py",
        "known = arrival.lookup.seen(seen.audiences[me], me, knows=True)",
        "known = seen.audiences[me]",
        (ARRIVALS,),
    ),
    Fault(
        "a new connection gets the presence of a user whom its user may no longer see",
        "hub/services/presence/arrivals.py",
        "known = arrival.lookup.seen(seen.audiences[me], me, knows=True)",
        "known = arrival.lookup.viewers(seen.audiences[me], me, knows=True)",
        (ARRIVALS,),
    ),
    Fault(
        "a new connection gets the presence of a user who has left the workspace meanwhile",
        "hub/services/presence/arrivals.py",
        "changed.get((user_id, room), True)",
        "True",
        (ARRIVALS,),
    ),
    Fault(
        "a user is announced in a workspace that they have left meanwhile",
        "hub/services/presence/users.py",
        "in sorted(lookup.rooms(seen.rooms_of(user_id), user_id))",
        "in sorted(seen.rooms_of(user_id))",
        ("tests/hub/services/presence/test_users.py",),
    ),
    Fault(
        "a user gets an event for their own arrival in a channel",
        "hub/services/presence/channels.py",
        "besides_users=unseen | {seat.user_id}",
        "besides_users=unseen",
        (TRANSCRIPTS,),
    ),
    Fault(
        "a user is announced as offline without the grace period",
        "hub/services/presence/users.py",
        "self.attendance.left(user_id, self._grace)",
        "self.attendance.left(user_id, 0.0)",
        (PRESENCE,),
    ),
    Fault(
        "a user who returns within the grace period is announced again",
        "hub/services/presence/attendance.py",
        "                if (key in self._here) != (key in self._announced):\n",
        "                if key in self._here or key in self._announced:\n",
        ("tests/hub/services/presence/test_attendance.py",),
    ),
    Fault(
        "presence is announced to all users",
        "hub/services/presence/users.py",
        "if self.is_for_everybody else ToUsers",
        "if known_to is not None else ToUsers",
        (PRESENCE,),
    ),
    Fault(
        "a presence change is lost while the database is unreachable",
        "hub/services/presence/users.py",
        "                self.attendance.postpone(user_id, RETRY_SECONDS, everywhere=everywhere)\n"
        "            return\n",
        "                self.attendance.announce(user_id)\n            return\n",
        (PRESENCE,),
    ),
    Fault(
        "presence in a channel is announced across a block",
        "hub/services/presence/channels.py",
        "besides_users=unseen | {seat.user_id}",
        "besides_users=frozenset({seat.user_id})",
        (SIGHT,),
    ),
    Fault(
        "a message request shows who is present in its dm",
        "hub/services/presence/channels.py",
        "if not self._knows(view)",
        "if view is None",
        (SEATS,),
    ),
    Fault(
        "joining the dm of a message request shows who is present there",
        "hub/services/presence/arrivals.py",
        "and arrival.place.pair is None",
        "and arrival.place.id > 0",
        (SEATS,),
    ),
    Fault(
        "presence in a workspace is announced across a block",
        "hub/services/presence/users.py",
        "ToRooms((room,), besides_users=hidden | {user_id}),",
        "ToRooms((room,), besides_users=frozenset({user_id})),",
        (SIGHT,),
    ),
    Fault(
        "the setting that shows presence to everybody shows it across a block",
        "hub/services/presence/users.py",
        "to = ToEveryone(hidden | {user_id})",
        "to = ToEveryone(frozenset({user_id}))",
        (SIGHT,),
    ),
    Fault(
        "a block set during a lookup of presence is not applied to its result",
        "hub/services/presence/corrections.py",
        "            lookup.changed[user_id, viewer] = knows\n",
        "            lookup.changed.get((user_id, viewer))\n",
        (SIGHT, "tests/hub/services/presence/test_corrections.py"),
    ),
)
