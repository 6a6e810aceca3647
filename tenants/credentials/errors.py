"""What can be wrong with a provider's key."""

from __future__ import annotations

from tenants.errors import Conflict, Unavailable


class CredentialUnreadable(Unavailable):
    """The key of this tenant's model provider cannot be read any more. An administrator has to enter it again."""

    code = "credential_unreadable"
    title = "The model provider's key cannot be read"


class EncryptionNotSetUp(Conflict):
    """Keys of model providers cannot be stored: the operator of this service has not set ATRIUM_ENCRYPTION_KEYS."""

    code = "encryption_not_set_up"
