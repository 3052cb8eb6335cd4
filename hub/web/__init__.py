"""The web client: a page, and the JavaScript SDK under it. Files only; see `hub.rest.web`."""
