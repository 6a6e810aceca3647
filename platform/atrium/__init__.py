"""The Django project: settings, URLs, the API's assembly, the two consoles. Imports everything; imported by nothing."""
