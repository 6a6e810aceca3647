"""What whoever asked says of an answer."""

from __future__ import annotations

from typing import Any, Literal

from django.utils import timezone

from assistants.access import message_for
from assistants.callers import Caller
from assistants.models import Message
from tenants.errors import InvalidInput
from tenants.text import check_text

Thumb = Literal["up", "down"]
THUMBS: dict[Thumb, int] = {"up": 1, "down": -1}
LONGEST_FEEDBACK = 2_000  # characters


class NotAnAnswer(InvalidInput):
    """Feedback is for answers. This message is none."""

    code = "not_an_answer"


def give_feedback(caller: Caller, thread_id: Any, message_id: Any, thumb: Thumb, text: str = "") -> Message:
    """Keep what the caller says of the answer, in the place of what was said of it before.

    Raises ``ThreadNotFound``, ``MessageNotFound``, ``NotAnAnswer``, or ``InvalidInput`` for the text.
    """
    message = _answer_for(caller, thread_id, message_id)
    text = check_text(text.strip(), field="text", longest=LONGEST_FEEDBACK)
    message.thumb, message.feedback, message.feedback_at = THUMBS[thumb], text, timezone.now()
    message.save(update_fields=["thumb", "feedback", "feedback_at"])
    return message


def take_feedback_back(caller: Caller, thread_id: Any, message_id: Any) -> None:
    """Forget what was said of the answer; where nothing was, nothing changes. Raises as ``give_feedback`` does."""
    message = _answer_for(caller, thread_id, message_id)
    message.thumb, message.feedback, message.feedback_at = None, "", None
    message.save(update_fields=["thumb", "feedback", "feedback_at"])


def _answer_for(caller: Caller, thread_id: Any, message_id: Any) -> Message:
    message = message_for(caller, thread_id, message_id)
    if not (message.type == "ai" and message.is_readable):
        raise NotAnAnswer
    return message
