"""What operators and their programs may see of a running hub: its figures, on a page of their own
or behind a token.
"""
