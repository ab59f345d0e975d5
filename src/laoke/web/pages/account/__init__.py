"""Signing in and out, passwords, shops of a person, language and theme."""
