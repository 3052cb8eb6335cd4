"""Faults in how the hub is started, stopped and reached."""

from typing import Final

from tests.planted.fault import Fault

ADDRESSES: Final = "tests/hub/sockets/test_addresses.py"
TLS: Final = "tests/hub/sockets/test_tls.py"
RELOADING: Final = "tests/hub/test_reloading.py"
WAITING: Final = "tests/hub/test_starting.py"
STARTING: Final = "tests/e2e/test_starting.py"
OPERATING: Final = "tests/e2e/test_operating.py"
GOODBYE: Final = "tests/hub/actor/test_goodbye.py"
FOLDER: Final = "tests/hub/files/test_folder.py"

FAULTS: Final[tuple[Fault, ...]] = (
    Fault(
        "log lines that were dropped are not counted",
        "hub/metrics.py",
        "        self._dropped = dropped\n",
        "        pass\n",
        ("tests/hub/test_metrics.py",),
    ),
    Fault(
        "an IPv4 address looks like one of IPv6",
        "hub/sockets/addresses.py",
        'return text.removeprefix(_MAPPED) if "." in text else text',
        "return text",
        (ADDRESSES,),
    ),
    Fault(
        "only the first address of a name is listened on",
        "hub/sockets/addresses.py",
        "for family, address in addresses:",
        "for family, address in addresses[:1]:",
        (ADDRESSES,),
    ),
    Fault(
        "every address is every one of IPv6 alone",
        "hub/sockets/addresses.py",
        "socket.IPV6_V6ONLY, not is_every)",
        "socket.IPV6_V6ONLY, True)",
        (ADDRESSES,),
    ),
    Fault(
        "an address that is missing keeps the hub from starting",
        "hub/sockets/addresses.py",
        "if error.errno not in _NOT_HERE:",
        "if error.errno:",
        (ADDRESSES,),
    ),
    Fault(
        "some addresses of a name are enough",
        "hub/sockets/addresses.py",
        "                if error.errno not in _NOT_HERE:\n                    raise\n",
        "",
        (ADDRESSES,),
    ),
    Fault(
        "a Unix socket is for the hub's account alone",
        "hub/sockets/addresses.py",
        "        path.chmod(_UNIX_MODE)\n",
        "",
        (ADDRESSES,),
    ),
    Fault(
        "the socket of a living hub is taken",
        "hub/sockets/addresses.py",
        "        except ConnectionRefusedError:\n            return True\n    return False",
        "        except ConnectionRefusedError:\n            return True\n    return True",
        (ADDRESSES,),
    ),
    Fault(
        "the socket of a dead hub keeps the next one from starting",
        "hub/sockets/addresses.py",
        "    if _is_stale(path):\n        path.unlink()\n",
        "",
        (ADDRESSES,),
    ),
    Fault(
        "a hub that stops removes the socket of its successor",
        "hub/sockets/addresses.py",
        "if path.stat().st_ino == made:",
        "if made:",
        (ADDRESSES,),
    ),
    Fault(
        "the passphrase of a key is asked for",
        "hub/sockets/tls.py",
        "load_cert_chain(cert, key, password=_refuse_passphrase)",
        "load_cert_chain(cert, key)",
        (TLS,),
    ),
    Fault(
        "a certificate that cannot be used is not named",
        "hub/sockets/tls.py",
        'f"tls_cert {cert} and tls_key {key} are no',
        'f"tls_cert and tls_key are no',
        (TLS,),
    ),
    Fault(
        "a new certificate is read and not shown",
        "hub/reloading.py",
        "        self.acceptor.tls = tls\n",
        "",
        (RELOADING,),
    ),
    Fault(
        "limits of users stay what they were at the start",
        "hub/reloading.py",
        "self.services.quotas.change(allowances(config), config.user_frames_per_second)",
        "pass",
        (RELOADING,),
    ),
    Fault(
        "limits of logins stay what they were at the start",
        "hub/reloading.py",
        "            self.services.guesses.change(config.login_attempts)\n",
        "",
        (RELOADING,),
    ),
    Fault(
        "the cap of connections stays what it was at the start",
        "hub/reloading.py",
        "        self.acceptor.caps = caps_of(config)\n",
        "",
        (RELOADING,),
    ),
    Fault(
        "what needs a restart is named once",
        "hub/reloading.py",
        "kept = _changed(self.services.config, config)",
        "kept = _changed(self.config, config)",
        (RELOADING,),
    ),
    Fault(
        "a limit that was lowered forgets who is connected",
        "hub/limits/quotas.py",
        "        self._windows.clear()\n",
        "        self._windows.clear()\n        self._connections = Seats()\n",
        (RELOADING,),
    ),
    Fault(
        "SIGHUP ends the hub",
        "hub/app.py",
        "            if number == signal.SIGHUP:\n",
        "            if number == 0:\n",
        (OPERATING,),
    ),
    Fault(
        "settings that are not accepted end the hub",
        "hub/app.py",
        "        except ConfigError as error:\n"
        '            log.error("settings_not_reloaded", reason=str(error))'
        "  # noqa: TRY400  it says all\n"
        "        except Exception:\n",
        "        except ZeroDivisionError:\n",
        (OPERATING,),
    ),
    Fault(
        "a load balancer is not told that the hub will stop",
        "hub/app.py",
        "    server.services.status.is_leaving = True\n",
        "",
        (OPERATING,),
    ),
    Fault(
        "a person at a terminal waits for a drain",
        "hub/app.py",
        "self.is_patient = number == signal.SIGTERM",
        "self.is_patient = number != 0",
        (OPERATING,),
    ),
    Fault(
        "a hub that waits cannot be stopped",
        "hub/app.py",
        "                if self.server is None:\n",
        "                if self.is_patient is None:\n",
        (STARTING,),
    ),
    Fault(
        "what does not heal is waited for",
        "hub/starting.py",
        "isinstance(error, StoreUnavailable) and error.heals else None",
        "isinstance(error, StoreUnavailable) else None",
        (WAITING,),
    ),
    Fault(
        "a hub does not wait for its database",
        "hub/starting.py",
        "            if reason is None:\n                raise\n",
        "            raise\n",
        (WAITING,),
    ),
    Fault(
        "a reason to wait is said again and again",
        "hub/starting.py",
        "        if reason != told:\n",
        "        if reason:\n",
        (WAITING,),
    ),
    Fault(
        "a hub that waits says that it is ready",
        "hub/starting.py",
        '_STARTING: Final = "503 Service Unavailable"',
        '_STARTING: Final = "204 No Content"',
        (WAITING,),
    ),
    Fault(
        "everybody is closed at once",
        "hub/actor/goodbye.py",
        "batches = max(0, len(clients) - 1) // BATCH",
        "batches = 0",
        (GOODBYE,),
    ),
    Fault(
        "people are closed in the order in which they came",
        "hub/actor/goodbye.py",
        "    random.shuffle(clients)\n",
        "",
        (GOODBYE,),
    ),
    Fault(
        "the goodbyes of many take as long as they take",
        "hub/actor/goodbye.py",
        "pause = min(PAUSE_SECONDS, within / (batches + 1))",
        "pause = PAUSE_SECONDS",
        (GOODBYE,),
    ),
    Fault(
        "a port that no server has is accepted in a URL",
        "hub/settings/parsers.py",
        "    if not all(0 < int(port) <= _MAX_PORT for port in ports):\n",
        "    if not all(0 <= int(port) for port in ports):\n",
        ("tests/hub/settings/test_parsers.py",),
    ),
    Fault(
        "a folder that is misspelt is made",
        "hub/cli/admin.py",
        "    if config.database_url is None and not is_data_dir(config.data_dir):\n",
        "    if False:\n",
        (STARTING,),
    ),
    Fault(
        "a supervisor with an address of no file is not told",
        "hub/cli/supervisor.py",
        'if address is not None and address.startswith("@"):',
        'if address is not None and address.startswith("@@"):',
        ("tests/hub/cli/test_supervisor.py",),
    ),
    Fault(
        "a supervisor that has gone ends the hub",
        "hub/cli/supervisor.py",
        "            except OSError:\n",
        "            except ZeroDivisionError:\n",
        ("tests/hub/cli/test_supervisor.py",),
    ),
    Fault(
        "a file that there is no room for stays in part",
        "hub/files/folder.py",
        "            part.unlink(missing_ok=True)\n",
        "            pass\n",
        (FOLDER,),
    ),
    Fault(
        "the thumbnail of a file that there is no room for stays",
        "hub/files/folder.py",
        "            self.remove([url])\n            raise\n",
        "            raise\n",
        (FOLDER,),
    ),
    Fault(
        "a file that was promised may be gone after a crash",
        "hub/files/folder.py",
        "                    os.fdatasync(file.fileno())\n",
        "",
        (FOLDER,),
    ),
    Fault(
        "any number of files is written at a time",
        "hub/files/folder.py",
        ", limiter=self.writer",
        "",
        (FOLDER,),
    ),
    Fault(
        "the name of a file that was promised may be gone after a crash",
        "hub/files/folder.py",
        "        _sync(path.parent)\n",
        "",
        (FOLDER,),
    ),
    Fault(
        "a full disk is an error of the hub's",
        "hub/rest/routes/uploads.py",
        "    if is_full(error):\n",
        "    if is_full(error) and not is_full:\n",
        ("tests/hub/rest/routes/test_uploads.py",),
    ),
)
