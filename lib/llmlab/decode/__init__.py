"""Ids to ids; nothing here knows about text."""
