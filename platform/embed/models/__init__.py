"""The rows of the embedded chat."""

from embed.models.session import UsedIdentity, VisitorSession
from embed.models.site import Site, site_of_key
from embed.models.use import SiteDay, VisitorDay

__all__ = ["Site", "SiteDay", "UsedIdentity", "VisitorDay", "VisitorSession", "site_of_key"]
