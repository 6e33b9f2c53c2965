"""`python -m tests.assistant [tuning|held_out|fresh] [--misses]`: accuracy per skill, slot F1, false actions."""

import importlib
import os
import sys

import django

if __name__ == "__main__":
    os.environ.setdefault("PORTAL_MODE", "test")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    importlib.import_module("tests.assistant.score").main(sys.argv[1:])
