"""The rows of the embedded chat."""

from embed.models.session import UsedIdentity, VisitorSession
from embed.models.site import Site
from embed.models.use import SiteDay, VisitorDay

__all__ = ["Site", "SiteDay", "UsedIdentity", "VisitorDay", "VisitorSession"]
