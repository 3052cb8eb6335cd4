"""Why the system has refused a call, in words for people. Must not know: what the call was for."""

import errno
import ssl
from pathlib import Path
from typing import Final

_REASONS: Final = {
    errno.ENOENT: "there is no such file or folder",
    errno.EEXIST: "something else is there already",
    errno.ENOTDIR: "a part of its path is no folder",
    errno.EISDIR: "it is a folder",
    errno.EACCES: "this account may not do that",
    errno.EPERM: "this account may not do that",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EPIPE: "nobody reads it any more",
}


def reason_of(error: OSError) -> str:
    """Why the system has refused a call, with the file concerned, in a sentence for people."""
    if error.errno is None or error.strerror is None:
        return str(error)
    is_of_tls = isinstance(error, ssl.SSLError)  # their numbers are OpenSSL's
    reason = error.strerror if is_of_tls else _REASONS.get(error.errno, error.strerror)
    if not isinstance(error.filename, str | Path):
        return reason[:1].upper() + reason[1:]
    folder = Path(error.filename).parent
    if error.errno == errno.ENOENT and not folder.exists():
        reason = f"there is no folder {folder}"
    return f"{error.filename}: {reason}"
