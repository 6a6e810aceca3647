"""The snippet doctor over HTTP, for developers and their pipelines: parse, call, return."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from embed.doctor.report import Weight
from embed.pages import own_origin
from embed.use_cases.examine_page import Examination, aexamine_page
from tenants.api.auth import actor_of
from tenants.api.scopes import needs_scope
from tenants.scopes import ADMIN_SCOPE

router = Router(tags=["embedded chats"])


class PageIn(Schema):
    """Which page."""

    address: str = Field(
        min_length=1, max_length=2000, description="Of a page that everybody can open: https://www.example.com/help"
    )


class FindingOut(Schema):
    """One thing that is wrong, or could be better."""

    code: str = Field(description="`snippet_missing`, `origin_not_allowed`, `csp_script` ...: stable.")
    weight: Weight = Field(description="`wrong` keeps the chat away; a `hint` does not.")
    sentence: str
    mend: str = Field(description="What mends it.")


class ExaminationOut(Schema):
    """What was found."""

    url: str = Field(description="Where the address led to.")
    comes_up: bool = Field(description="False: something keeps the chat from the page. What a pipeline looks at.")
    findings: list[FindingOut] = Field(description="The first is what to begin with.")


@router.post("/sites/{site_id}/doctor/", response=ExaminationOut, operation_id="examine_page")
@needs_scope(ADMIN_SCOPE)
async def examine_page(request: HttpRequest, site_id: str, payload: PageIn) -> Examination:
    """Read a web page as a browser would that is signed in nowhere, and say what keeps the chat away.

    `site_id` is the id of an embedded chat or its public key. For owners and admins; 20 pages a minute.
    """
    return await aexamine_page(actor_of(request), site_id, payload.address, own_origin(request))
