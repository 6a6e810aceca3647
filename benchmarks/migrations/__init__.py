"""The example app's migrations with one more: an AddField."""
