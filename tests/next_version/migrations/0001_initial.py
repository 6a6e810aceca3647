from importlib import import_module

Migration = import_module("atrium.demo.example.migrations.0001_initial").Migration
