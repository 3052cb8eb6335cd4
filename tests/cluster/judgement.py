"""Compares the log with what was acknowledged, and with what every device has received, and
when.
"""

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final

from attrs import define, field, frozen

from protocol.model import ChannelId
from tests.chaos.people.devices import Device, Sender
from tests.cluster.health import Health
from tests.support.stores.databases import execute

VISIBLE_SECONDS: Final = 0.5  # at most, between the time of a commit and that others see it
LOG: Final = """
    SELECT coalesce(json_agg(json_build_array(m.seq, m.content, extract(
               epoch FROM pg_xact_commit_timestamp(m.xmin))::float8) ORDER BY m.seq), '[]')
      FROM messages m WHERE m.channel_id = $1
"""


@frozen
class Entry:
    """A message in the log. `at`: when it was committed, by the wall clock."""

    seq: int
    content: str
    at: float


async def read_log(dsn: str, channel_id: ChannelId) -> Sequence[Entry]:
    """The whole log of a channel. The server keeps the times of commits; an asyncio loop is
    running.
    """
    found: Any = await execute(dsn, LOG, channel_id)
    return [Entry(*each) for each in json.loads(found)]


@define
class Wait:
    """The longest wait so far, and its device and message."""

    seconds: float = 0.0
    what: str = ""

    def note(self, seconds: float, device: Device, entry: Entry, hub: str) -> None:
        """Take another wait into account."""
        if seconds > self.seconds:
            self.seconds = seconds
            self.what = f"{device.name} at {hub} for {entry.seq} ({entry.content}, {entry.at:.3f})"


@define
class Verdict:
    """What is wrong, by kind; and how long devices waited. `wait`: the longest while their node was
    well, `wait_after_own`: shortly after a spell; `waits`: all of them. `crossed`: how many
    messages came to a device at another node than their author's; `resumed`: how many came with a
    resume.
    """

    wrong: dict[str, list[str]] = field(
        factory=lambda: {
            name: [] for name in ("lost", "stored_twice", "holes", "undelivered", "left_out")
        }
    )
    wait: Wait = field(factory=Wait)
    wait_after_own: Wait = field(factory=Wait)
    waits: list[float] = field(factory=list)
    crossed: int = 0
    resumed: int = 0
    stored: int = 0

    def judge_log(self, log: Sequence[Entry], devices: Sequence[Device]) -> None:
        """Check what is stored, and whether every device has it."""
        self.stored += len(log)
        counts = Counter(entry.content for entry in log)
        self.wrong["stored_twice"] += [text for text, count in counts.items() if count > 1]
        if [entry.seq for entry in log] != list(range(1, len(log) + 1)):
            self.wrong["holes"].append(f"in the log of {devices[0].channel_id}")
        for device in devices:
            if device.ear.last != len(log):
                heard = f"{device.name} heard {device.ear.last} of {len(log)}"
                self.wrong["undelivered"].append(heard)
            if isinstance(device, Sender):
                self.wrong["lost"] += sorted(device.acknowledged - counts.keys())
                self.wrong["undelivered"] += [f"{text} is unanswered" for text in device.pending]

    def judge_waits(
        self, log: Sequence[Entry], device: Device, hubs: Mapping[str, str], health: Health
    ) -> None:
        """Measure how long a device waited for each message that was stored while it was connected,
        and check that it had each older one when its resume ended.

        Args:
            log: of its channel.
            device: the device.
            hubs: the hub at which each content was written.
            health: of the nodes.
        """
        entries = sorted(log, key=lambda entry: entry.at)
        times = [entry.at for entry in entries]
        heard = dict(enumerate(device.heard_at, 1))
        before = 0
        for visit in device.visits:
            if visit.resumed == inf:
                continue
            first, last = bisect_left(times, visit.since), bisect_left(times, visit.until)
            for entry in entries[first:last]:
                until = min(heard.get(entry.seq, visit.until), visit.until)
                well, after = health.waits(visit.hub, entry.at, until)
                self.waits.append(well)
                self.crossed += hubs.get(entry.content, visit.hub) != visit.hub
                self.wait.note(well, device, entry, visit.hub)
                self.wait_after_own.note(after, device, entry, visit.hub)
            settled = bisect_left(times, visit.since - VISIBLE_SECONDS)
            for entry in entries[before:settled]:
                is_visible = max(health.waits(visit.hub, entry.at, visit.since)) > VISIBLE_SECONDS
                if is_visible and heard.get(entry.seq, visit.until) > visit.resumed:
                    self.wrong["left_out"].append(
                        f"{entry.seq} of what {device.name} had missed at {visit.hub}"
                    )
            self.resumed += sum(
                visit.since <= heard.get(entry.seq, 0.0) <= visit.resumed
                for entry in entries[before:first]
            )
            before = max(before, settled)
