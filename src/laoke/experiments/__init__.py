"""Proof: who is held out, and what a message really changed.

Pure values in and out: no Django, no database, no clock. The warehouse sends sufficient statistics per arm,
never rows of people.
"""
