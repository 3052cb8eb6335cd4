"""How clients of the learning platform see messages, channels, workspaces and users.

Shared by `/ws/chat`, `/gateway` and the platform's REST.

Guarantees: the same message looks the same live and in history.
Must not know: for whom it is shown.
"""

from protocol.model import Channel, Message, User, Workspace
from protocol.shapes.timestamps import timestamp


def chat_message_object(message: Message, author: User) -> dict[str, object]:
    """A message; see docs/dialects/learning_chat.md#message-object.

    Older clients read `type`, newer ones `messageType`, so both are sent.
    """
    view: dict[str, object] = {
        "id": message.id,
        "channelId": message.channel_id,
        "authorId": message.author_id,
        "authorUsername": author.username,
        "content": message.content,
        "messageType": message.kind,
        "type": message.kind,
        "fileUrl": message.file_url,
        "readBy": message.read_by,
        "createdAt": timestamp(message.created_at),
        "isPinned": message.is_pinned,
        "isHomework": message.is_homework,
        "gradingStatus": message.grading,
        "seq": message.seq,
    }
    if message.parent_id is not None:
        view["parentId"] = message.parent_id
    if message.key is not None:
        view["clientMessageId"] = message.key
    return view


def channel_object(channel: Channel) -> dict[str, object]:
    """A channel; see docs/dialects/learning_chat.md#channel-object."""
    return {
        "id": channel.id,
        "workspaceId": channel.workspace_id,
        "name": channel.name,
        "type": channel.kind,
        "class": channel.class_name,
        "subject": channel.subject,
        "pinnedMessages": channel.pinned,
        "createdAt": timestamp(channel.created_at),
    }


def workspace_object(workspace: Workspace) -> dict[str, object]:
    """A workspace; see docs/dialects/learning_chat.md#workspace-object."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "description": workspace.description,
        "ownerId": workspace.owner_id,
        "members": workspace.members,
        "createdAt": timestamp(workspace.created_at),
    }


def member_object(user: User) -> dict[str, object]:
    """A user as the other members see them."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "role": user.role,
        "avatar": user.avatar,
        "class": user.class_name,
        "subject": user.subject,
    }


def account_object(user: User) -> dict[str, object]:
    """A user as they see themself; see docs/dialects/learning_chat.md#user-object."""
    return member_object(user) | {
        "email": user.email,
        "createdAt": timestamp(user.created_at),
    }
