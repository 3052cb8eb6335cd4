"""Settings: what clients are shown.

Must not know: other areas.
"""

from attrs import frozen

from hub.settings.choices import RestDefault
from hub.settings.parsers import YES_NO, choice
from hub.settings.setting import setting


@frozen(slots=False)  # `Config` inherits from several
class Display:
    """What clients are shown."""

    rest_default: RestDefault = setting(
        choice(RestDefault),
        RestDefault.PRIVATE_MESSAGES,
        "The dialect of a REST request that could be of either dialect.",
    )
    echo_new_to_sender: bool = setting(
        YES_NO, default=False, meaning="Whether `message:new` also goes to the Socket.IO sender."
    )
    rendered_content: bool = setting(
        YES_NO,
        default=False,
        meaning="Whether Socket.IO messages also carry their content as safe HTML, in"
        " `renderedContent`.",
    )
    web_client: bool = setting(YES_NO, default=True, meaning="Whether `/` serves the web client.")
