"""Who somebody is elsewhere: an account of a provider by which they sign in here.

Guarantees: immutable. Must not know: how it was proved.
"""

from attrs import frozen


@frozen
class Identity:
    """An account of a provider. `subject` names it there, for ever; names and addresses may change
    or be given to somebody else, and identify nobody.
    """

    issuer: str
    subject: str
