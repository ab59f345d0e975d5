"""Segments: the list, the builder with its text form, frozen lists."""
