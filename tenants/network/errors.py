"""Why an address that a tenant gave was not reached, or not read.

No message names the address behind a host name: who may not reach the inner network may not learn its plan either.
"""

from __future__ import annotations

from tenants.errors import AtriumError, InvalidInput, TooLarge


class AddressRefused(InvalidInput):
    """This address may not be reached from here: it is not a public one."""

    code = "address_refused"
    title = "The address may not be reached"


class UrlInvalid(InvalidInput):
    """This is not an address of the web: it begins with https:// or http:// and names a host."""

    code = "url_invalid"
    title = "The address cannot be used"


class FetchFailed(AtriumError):
    """The address could not be read."""

    status = 502
    code = "fetch_failed"
    title = "The address could not be read"


class UrlUnreachable(FetchFailed):
    """Nothing answers at this address. Check how it is written, and whether the server runs."""

    code = "url_unreachable"


class UrlTooSlow(FetchFailed):
    """The server took too long to answer. Try again later."""

    code = "url_too_slow"
    status = 504


class UrlAnsweredWithError(FetchFailed):
    """The server answered with an error."""

    code = "url_answered_with_error"


class UrlTooLarge(TooLarge):
    """What is at this address is larger than allowed."""

    code = "url_too_large"


class UrlWrongType(InvalidInput):
    """What is at this address is of a kind that cannot be used here."""

    code = "url_wrong_type"
    title = "The content cannot be used"
