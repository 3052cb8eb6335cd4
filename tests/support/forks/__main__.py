"""Forks `parlour` processes for the test process at the other end of standard input's socket.

Most of the time that a hub takes to start is the import of its modules, which is done here once.
Each hub still is a process of its own, with its arguments, folder, environment, output and signals.
This program ends when the test process does, and kills its children.

Passwords are hashed at the least cost: most tests sign users up, and few test that. A hub that is
not forked hashes at the full cost.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from functools import partial

import argon2

from hub.cli.main import main

MAX_REQUEST = 1 << 20


def serve(asked: socket.socket) -> None:
    """Fork for each request; returns in the child only."""
    statuses: dict[int, int] = {}
    ended, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    waiting = selectors.DefaultSelector()
    waiting.register(asked, selectors.EVENT_READ)
    waiting.register(ended, selectors.EVENT_READ)
    while True:
        for key, _ in waiting.select():
            if key.fileobj is not asked:
                os.read(ended, 4096)
                tell_who_ended(statuses)
                continue
            request, descriptors, _, _ = socket.recv_fds(asked, MAX_REQUEST, 3)
            if not request:
                for pid in statuses:
                    os.kill(pid, signal.SIGKILL)
                os._exit(0)
            out, errors, status = descriptors
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                os.dup2(out, 1)
                os.dup2(errors, 2)
                waiting.close()
                asked.close()
                for descriptor in (out, errors, status, ended, woken, *statuses.values()):
                    os.close(descriptor)
                become(**json.loads(request))
                return
            statuses[pid] = status
            os.close(out)
            os.close(errors)
            os.write(status, f"{pid}\n".encode())


def tell_who_ended(statuses: dict[int, int]) -> None:
    """Write the exit codes of the children that have ended."""
    while True:
        try:
            pid, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        status = statuses.pop(pid)
        with suppress(BrokenPipeError):  # the test process no longer reads
            os.write(status, f"{os.waitstatus_to_exitcode(code)}\n".encode())
        os.close(status)


def become(arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    """Give the child what a new process gets from its parent."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["parlour", *arguments]


if __name__ == "__main__":
    requests = socket.socket(fileno=os.dup(0))
    with open(os.devnull) as nothing:  # noqa: PTH123  a descriptor is needed
        os.dup2(nothing.fileno(), 0)
    argon2.PasswordHasher = partial(argon2.PasswordHasher, time_cost=1, memory_cost=8)  # type: ignore[assignment,misc]
    gc.collect()
    gc.freeze()
    serve(requests)
    main()
