"""What every layer raises: errors by who must react, each with a stable code.

``atrium/problems.py`` is the one place that turns them into HTTP. The message is for the reader of the answer:
what happened, and what to do next. It never holds a secret or another tenant's data.
"""

from __future__ import annotations


class AtriumError(Exception):
    """Something went wrong on our side."""

    status = 500
    code = "internal_error"
    title = "Something went wrong on our side"

    def __init__(self, detail: str = "", *, code: str | None = None, **facts: object) -> None:
        self.detail = detail or (self.__doc__ or "").strip().splitlines()[0]
        if code:
            self.code = code
        self.facts = facts  # further members of the problem document, such as the id of a running run
        super().__init__(self.detail)


class InvalidInput(AtriumError):
    """The request cannot be understood: the caller mends it."""

    status = 422
    code = "invalid_input"
    title = "The input is not valid"

    def __init__(self, detail: str = "", *, field: str | None = None, code: str | None = None, **facts: object) -> None:
        if field:
            facts["errors"] = [{"field": field, "message": detail}]
        super().__init__(detail, code=code, **facts)


class MalformedInput(InvalidInput):
    """The body is not what its content type says."""

    status = 400
    code = "malformed_body"
    title = "The body cannot be read"


class TooLarge(InvalidInput):
    """The input is larger than allowed."""

    status = 413
    code = "too_large"
    title = "The input is too large"


class NotSignedIn(AtriumError):
    """Nobody is signed in, or the key is not valid."""

    status = 401
    code = "not_signed_in"
    title = "Sign in first"


class NotAllowed(AtriumError):
    """No rule allows this."""

    status = 403
    code = "not_allowed"
    title = "Not allowed"


class NotFound(AtriumError):
    """There is no such thing here. Unknown and foreign look alike."""

    status = 404
    code = "not_found"
    title = "Not found"


class UnknownHost(NotFound):
    """No tenant answers at this host."""

    code = "unknown_host"
    title = "Unknown host"


class TenantSuspended(AtriumError):
    """This tenant is suspended. Its data is kept; its operator can resume it."""

    status = 403
    code = "tenant_suspended"
    title = "The tenant is suspended"


class Conflict(AtriumError):
    """The thing is in a state that does not admit this now."""

    status = 409
    code = "conflict"
    title = "Not possible right now"


class Unavailable(AtriumError):
    """A part that this needs does not answer. Try again in a moment."""

    status = 503
    code = "unavailable"
    title = "Not available right now"


class NoTenant(AtriumError):
    """Work that belongs to a tenant ran outside of any tenant's context: a bug on our side."""

    code = "no_tenant"
