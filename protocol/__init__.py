"""The vocabulary of Parlour and its wire dialects.

Nothing in this package performs I/O or knows the time: bytes and values go in, values and bytes
come out. `commands` and `events` are the two files to read first.

    model, commands, events, errors   the vocabulary
    dialect, dialects/                what a wire dialect is; one folder for each
    parsing/, shapes/                 what dialects share: parsing untrusted text, encoding values
    websocket/, engineio/, socketio/  framing, one below the other
"""
