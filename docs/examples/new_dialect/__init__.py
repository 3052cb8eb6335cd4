"""The dialect of docs/adding-a-dialect.md: `dialects/` and `routes/` stand for the folders
`protocol/dialects/` and `hub/rest/routes/`.
"""
