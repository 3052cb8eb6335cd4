"""The settings that are one of a few words.

Must not know: what a choice leads to.
"""

from enum import Enum


class AudienceRule(Enum):
    """Whose presence a user sees: that of related people, or of everyone."""

    RELATED = "related"
    EVERYONE = "everyone"


class Registration(Enum):
    """Whether people may make their own accounts: with a password of theirs, or only by signing in
    with the provider.
    """

    OPEN = "open"
    PROVIDER = "provider"
    CLOSED = "closed"


class Joining(Enum):
    """What happens when a moderator adds a user to a workspace: the user is invited, and decides,
    or is a member at once.
    """

    INVITATION = "invitation"
    AT_ONCE = "at_once"


class OpenRole(Enum):
    """A role of the learning platform that people may be allowed to give themselves."""

    STUDENT = "student"
    TEACHER = "teacher"


class RestDefault(Enum):
    """The dialect of a REST request that could be of several, by its name."""

    PRIVATE_MESSAGES = "private_messages"
    LEARNING_PLATFORM = "learning_platform"


class LogLevel(Enum):
    """The least severe kind of line that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Traces(Enum):
    """Where traces are sent: nowhere, or by OTLP to the collector that OpenTelemetry's environment
    variables name.
    """

    OFF = "off"
    OTLP = "otlp"


class LogFormat(Enum):
    """How a log line looks; `auto` is `console` on a terminal and `json` elsewhere."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"
