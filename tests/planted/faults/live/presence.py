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
        "who leaves when they block stays online for the blocked",
        "hub/services/presence/attendance.py",
        "return self._announced | self._departed.keys()",
        "return self._announced",
        ("tests/hub/services/presence/test_attendance.py",),
    ),
    Fault(
        "who has left again is shown who is there",
        "hub/services/presence/arrivals.py",
        "Delivery(event, ToClients(clients, room))",
        "Delivery(event, ToClients(clients))",
        (ARRIVALS,),
    ),
    Fault(
        "who comes is shown those who block them",
        "hub/services/presence/arrivals.py",
        "if user_id not in hidden",
        "if hidden is not None",
        (ARRIVALS,),
    ),
    Fault(
        "who comes is told of everybody who is online",
        "hub/services/presence/arrivals.py",
        "sorted(among & online)",
        "sorted(online)",
        (ARRIVALS,),
    ),
    Fault(
        "who comes is shown whom a block has hidden meanwhile",
        "hub/services/presence/arrivals.py",
        "known = arrival.lookup.seen(seen.audiences[me], me, knows=True)",
        "known = seen.audiences[me]",
        (ARRIVALS,),
    ),
    Fault(
        "who comes is shown whom they may not see since, because only the other direction is asked",
        "hub/services/presence/arrivals.py",
        "known = arrival.lookup.seen(seen.audiences[me], me, knows=True)",
        "known = arrival.lookup.viewers(seen.audiences[me], me, knows=True)",
        (ARRIVALS,),
    ),
    Fault(
        "who comes is shown who has left the workspace meanwhile",
        "hub/services/presence/arrivals.py",
        "changed.get((user_id, room), True)",
        "True",
        (ARRIVALS,),
    ),
    Fault(
        "somebody is announced in a workspace that they have left meanwhile",
        "hub/services/presence/users.py",
        "in sorted(lookup.rooms(seen.rooms_of(user_id), user_id))",
        "in sorted(seen.rooms_of(user_id))",
        ("tests/hub/services/presence/test_users.py",),
    ),
    Fault(
        "a user hears that they themselves came into a channel",
        "hub/services/presence/channels.py",
        "besides_users=unseen | {seat.user_id}",
        "besides_users=unseen",
        (TRANSCRIPTS,),
    ),
    Fault(
        "offline without grace",
        "hub/services/presence/users.py",
        "self.attendance.left(user_id, self._grace)",
        "self.attendance.left(user_id, 0.0)",
        (PRESENCE,),
    ),
    Fault(
        "a user who came back within the grace period is announced",
        "hub/services/presence/attendance.py",
        "                if (key in self._here) != (key in self._announced):\n",
        "                if key in self._here or key in self._announced:\n",
        ("tests/hub/services/presence/test_attendance.py",),
    ),
    Fault(
        "presence is announced to everybody",
        "hub/services/presence/users.py",
        "if self.is_for_everybody else ToUsers",
        "if known_to is not None else ToUsers",
        (PRESENCE,),
    ),
    Fault(
        "presence is forgotten while the database is away",
        "hub/services/presence/users.py",
        "                self.attendance.postpone(user_id, RETRY_SECONDS, everywhere=everywhere)\n"
        "            return\n",
        "                self.attendance.announce(user_id)\n            return\n",
        (PRESENCE,),
    ),
    Fault(
        "presence in a channel crosses a block",
        "hub/services/presence/channels.py",
        "besides_users=unseen | {seat.user_id}",
        "besides_users=frozenset({seat.user_id})",
        (SIGHT,),
    ),
    Fault(
        "a message request shows who is in its dm",
        "hub/services/presence/channels.py",
        "if not self._knows(view)",
        "if view is None",
        (SEATS,),
    ),
    Fault(
        "who joins the dm of a message request is shown who is there",
        "hub/services/presence/arrivals.py",
        "and arrival.place.pair is None",
        "and arrival.place.id > 0",
        (SEATS,),
    ),
    Fault(
        "presence in a workspace crosses a block",
        "hub/services/presence/users.py",
        "ToRooms((room,), besides_users=hidden | {user_id}),",
        "ToRooms((room,), besides_users=frozenset({user_id})),",
        (SIGHT,),
    ),
    Fault(
        "a setting shows presence across a block",
        "hub/services/presence/users.py",
        "to = ToEveryone(hidden | {user_id})",
        "to = ToEveryone(frozenset({user_id}))",
        (SIGHT,),
    ),
    Fault(
        "a block does not count for what was being looked up",
        "hub/services/presence/corrections.py",
        "            lookup.changed[user_id, viewer] = knows\n",
        "            lookup.changed.get((user_id, viewer))\n",
        (SIGHT, "tests/hub/services/presence/test_corrections.py"),
    ),
)
