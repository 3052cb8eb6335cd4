"""Settings: the language model that answers `@AI`.

Must not know: other areas.
"""

from attrs import frozen

from hub.settings.parsers import HTTP_URL, SECRET, TEXT, seconds, whole
from hub.settings.redaction import Secret
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Assistant:
    """The language model that answers `@AI`."""

    assistant_model: str | None = setting(
        TEXT,
        None,
        "The language model that replies to messages with `@AI`; without it there are no replies.",
    )
    assistant_url: Secret | None = setting(
        HTTP_URL, None, "A server with OpenAI's protocol to use instead of OpenAI's own."
    )
    assistant_key: Secret | None = setting(SECRET, None, "The API key for that server.")
    assistant_timeout: float = setting(
        seconds(1, 600), 60.0, "How long the model may take for a whole completion."
    )
    user_questions_per_minute: int = setting(
        whole(1, 1_000_000, "questions"), 10, "How often one user may ask the model in a minute."
    )
    user_questions_per_day: int = setting(
        whole(1, 1_000_000, "questions"), 200, "How often one user may ask the model in a day."
    )
    assistant_concurrency: int = setting(
        whole(1, 64, "completions"), 4, "How many completions the model may write at a time."
    )
