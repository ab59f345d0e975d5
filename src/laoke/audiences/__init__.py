"""Segments: filter tree to SQL, counts while typing, frozen snapshots."""
