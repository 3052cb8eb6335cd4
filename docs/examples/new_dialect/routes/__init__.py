"""Stands for `hub/rest/routes/`."""
