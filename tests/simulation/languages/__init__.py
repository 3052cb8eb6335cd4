"""How a simulated device uses each dialect: the frames that it sends, and the meaning of every
frame that it receives.
"""

from tests.simulation.languages.gateway import Gateway
from tests.simulation.languages.language import Language
from tests.simulation.languages.learning_chat import LearningChat
from tests.simulation.languages.messenger import Messenger
from tests.simulation.languages.private_messages import PrivateMessages
from tests.simulation.languages.socketio import SocketIo

LANGUAGES: tuple[type[Language], ...] = (
    PrivateMessages, LearningChat, Messenger, Gateway, SocketIo,
)  # fmt: skip

__all__ = ["LANGUAGES", "Language"]
