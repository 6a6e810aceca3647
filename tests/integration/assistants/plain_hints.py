# Tools in a module whose hints are objects: no ``from __future__ import annotations`` here.
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from assistants import AIAssistant, method_tool


class Line(BaseModel):
    article: str
    pieces: int = Field(ge=1)


class Shop(AIAssistant):
    instructions = "You sell things."

    class Address(BaseModel):
        street: str

    @method_tool
    def order(
        self,
        lines: Sequence[Line],
        address: Address,
        when: date,
        speed: Literal["slow", "fast"] = "slow",
        note: Annotated[str, Field(description="What the courier should know")] = "",
    ) -> str:
        """Order some articles."""
        return f"{[type(line).__name__ for line in lines]} {address.street} {when:%d.%m.%Y} {speed} {note!r}"
