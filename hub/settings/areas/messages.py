"""Settings: what people may send and how much of it.

Must not know: other areas.
"""

from attrs import frozen

from hub.settings.choices import AudienceRule
from hub.settings.parsers import YES_NO, choice, list_of, one_of, seconds, whole
from hub.settings.setting import setting
from persistence.search import LANGUAGES


@frozen(slots=False)  # `Config` inherits from several
class Messages:
    """What people may send and how much of it."""

    edit_seconds: float = setting(
        seconds(0, 315_360_000),
        86_400.0,
        "How long a message may be edited after it was posted; 0: never.",
    )
    keep_versions: bool = setting(
        YES_NO,
        default=False,
        meaning="Whether moderators may read the earlier contents of edited messages.",
    )
    max_content_chars: int = setting(
        whole(1, 100_000, "characters"), 4_000, "The longest content of a message."
    )
    max_frame_bytes: int = setting(
        whole(1_024, 16_777_216, "bytes"),
        65_536,
        "The longest message that the hub accepts on a WebSocket.",
    )
    compression_threshold: int = setting(
        whole(0, 16_777_216, "bytes"),
        1_024,
        "WebSocket messages of this length or more are sent compressed to peers that offer it "
        "(permessage-deflate); 0: no compression in either direction.",
    )
    max_upload_bytes: int = setting(
        whole(1, 104_857_600, "bytes"), 10_485_760, "The largest file that may be uploaded."
    )
    user_upload_bytes: int = setting(
        whole(0, 1_125_899_906_842_624, "bytes"),
        1_073_741_824,
        "How much one user may have uploaded, not counting deleted files; 0: no limit.",
    )
    uploads_total_bytes: int = setting(
        whole(0, 1_125_899_906_842_624, "bytes"),
        0,
        "How much all users together may have uploaded; 0: no limit.",
    )
    user_uploads_per_minute: int = setting(
        whole(1, 100_000, "files"), 60, "How many files one user may upload in a minute."
    )
    upload_grace: float = setting(
        seconds(60, 31_536_000),
        86_400.0,
        "How long an uploaded file is kept that no message refers to and that is no user's"
        " picture.",
    )
    upload_sweep: float = setting(
        seconds(1, 86_400),
        60.0,
        "How often the hub looks for files that nothing refers to any more.",
    )
    max_image_pixels: int = setting(
        whole(1_000_000, 500_000_000, "pixels"),
        50_000_000,
        "The largest picture that may be uploaded; of an animation all frames count.",
    )
    image_workers: int = setting(
        whole(1, 16, "processes"),
        2,
        "How many pictures are decoded at a time, each in a process of its own.",
    )
    outbox_bytes: int = setting(
        whole(8_192, 67_108_864, "bytes"),
        1_048_576,
        "How much may wait to be sent to one slow WebSocket before it is closed.",
    )
    user_frames_per_second: int = setting(
        whole(1, 1_000_000, "frames"),
        200,
        "How many frames of one user the hub handles in a second, over all connections, after"
        " a burst of 5 seconds' worth; further ones wait, and a frame that takes longer counts"
        " as several.",
    )
    address_requests_per_second: int = setting(
        whole(1, 1_000_000, "requests"),
        200,
        "How many requests and connections without a signed-in user the hub handles in a"
        " second for one address, after a burst of 2 seconds' worth; further ones wait.",
    )
    user_messages_per_second: int = setting(
        whole(1, 100_000, "messages"),
        200,
        "How many messages one user may send in a second, over all connections and requests.",
    )
    chat_messages: int = setting(
        whole(1, 1_000_000, "messages"),
        5,
        "How many messages one connection may send in 5 s on `/ws/chat` and `/messagepal`.",
    )
    event_messages: int = setting(
        whole(1, 1_000_000, "messages"),
        10,
        "How many messages one user may send in a second over Socket.IO.",
    )
    user_typing_per_second: int = setting(
        whole(1, 100_000, "indicators"),
        100,
        "How many typing indicators one user may send in a second; the hub drops further ones.",
    )
    user_connections: int = setting(
        whole(1, 1_000_000, "connections"),
        50,
        "How many WebSockets and Socket.IO connections one user may have open at a time.",
    )
    user_conversations_per_hour: int = setting(
        whole(1, 1_000_000, "conversations"),
        200,
        "How many conversations one user may open in an hour, by a first message or before one.",
    )
    user_channels_per_hour: int = setting(
        whole(1, 1_000_000, "channels"), 100, "How many channels one user may make in an hour."
    )
    user_searches_per_minute: int = setting(
        whole(1, 1_000_000, "searches"), 120, "How often one user may search in a minute."
    )
    user_revisions_per_minute: int = setting(
        whole(1, 1_000_000, "changes"),
        300,
        "How often one user may edit, delete and grade messages in a minute.",
    )
    user_reactions_per_minute: int = setting(
        whole(1, 1_000_000, "reactions"),
        300,
        "How many reactions one user may add and take back in a minute.",
    )
    search_languages: tuple[str, ...] = setting(
        list_of(one_of(LANGUAGES)),
        ("english",),
        "The languages in which a search finds other forms of a word; the first one is the"
        " default of a search, and after a change all messages are indexed again.",
    )
    typing_expiry: float = setting(
        seconds(0.5, 60),
        3.0,
        "How long a typing indicator lasts if it is not renewed (on Socket.IO 5 s).",
    )
    presence_grace: float = setting(
        seconds(0, 300),
        5.0,
        "How long a user still counts as online after their last connection has ended.",
    )
    presence_audience: AudienceRule = setting(
        choice(AudienceRule), AudienceRule.RELATED, "Who sees that a user is online."
    )
    resume_limit: int = setting(
        whole(10, 100_000, "messages"),
        1_000,
        "How many missed messages of a channel are sent to a client that resumes; it fetches"
        " the others.",
    )
    recovery_window: float = setting(
        seconds(0, 604_800),
        3_600.0,
        "How long a broken Socket.IO connection can be recovered; 0 turns recovery off.",
    )
