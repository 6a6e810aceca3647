"""An app with assistants that do something real, as a developer would write it: an issue tracker for each tenant."""
