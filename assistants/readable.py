"""Which messages people read, as a condition in SQL: the rule of ``assistants.messages.is_readable``."""

from __future__ import annotations

from django.db.models import BooleanField, F, Func, Value

# What a person said, and an AI message with text (one of nothing but tool calls has none). A content is a text, or a
# list of texts and of parts that may have one.
_TEXT = '(@.type() == "string" && @ != "") || (@.text.type() == "string" && @.text != "")'
_PATH = f'$ ? (@.type == "human" || (@.type == "ai" && exists(@.data.content[*] ? ({_TEXT}))))'


class _IsReadable(Func):
    function = "jsonb_path_exists"
    template = "%(function)s(%(expressions)s::jsonpath)"
    output_field = BooleanField()


READABLE = _IsReadable(F("message"), Value(_PATH))
