"""Runs one command and makes sure that it does not outlive the hub.

Started as a script of its own, in a session of its own (so Ctrl-C in the hub's terminal does not
reach it): `guard.py UID GID SCRATCH_DIR COMMAND...`. Prints the command's pid, then waits for the
command, or for the end of standard input, which comes however the hub ends. Then it stops the
command with ever stronger signals, and removes SCRATCH_DIR.

Guarantees: only the standard library is needed, and nothing but this file has to be readable.
"""

import contextlib
import os
import pathlib
import selectors
import shutil
import signal
import subprocess
import sys

# For Postgres: fast shutdown, immediate shutdown, and a kill.
STOP_STEPS = ((signal.SIGINT, 5.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 3.0))


def main(uid: str, gid: str, scratch_dir: str, *command: str) -> int:
    """Run the command; returns its exit code."""
    drop = {"user": int(uid), "group": int(gid), "extra_groups": []} if os.getuid() == 0 else {}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, **drop)  # type: ignore[call-overload]
    sys.stdout.write(f"{process.pid}\n")
    sys.stdout.flush()
    try:
        wait_for_either_end(process)
    finally:
        stop(process)
        if scratch_dir:
            shutil.rmtree(scratch_dir, ignore_errors=True)
    return int(process.returncode)


def wait_for_either_end(process: "subprocess.Popen[bytes]") -> None:
    """Return when the command has ended or our standard input has ended."""
    woken_read, woken_write = os.pipe()
    os.set_blocking(woken_write, False)
    signal.set_wakeup_fd(woken_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        selector.register(woken_read, selectors.EVENT_READ)
        while process.poll() is None:
            for key, _ in selector.select():
                if not os.read(key.fd, 4096) and key.fd == sys.stdin.fileno():
                    return


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the command if it still runs."""
    for step, patience in STOP_STEPS:
        if process.poll() is not None:
            return
        # Postgres' processes notice the end of their parent, but not while they are stopped
        # (SIGSTOP).
        children = children_of(process.pid) if step == signal.SIGKILL else []
        process.send_signal(step)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, step)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def children_of(pid: int) -> "list[int]":
    """The running child processes of a process."""
    found = []
    for process in pathlib.Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                parent = (process / "stat").read_bytes().rpartition(b")")[2].split()[1]
                if int(parent) == pid:
                    found.append(int(process.name))
    return found


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
