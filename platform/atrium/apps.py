"""The project as an app: commands, consoles, templates."""

from __future__ import annotations

from django.apps import AppConfig


class AtriumConfig(AppConfig):
    """The top floor."""

    name = "atrium"

    def ready(self) -> None:
        """Connect what a lower layer tells a higher one."""
        from atrium import checks, wiring  # noqa: F401  # importing registers the checks

        wiring.connect()
