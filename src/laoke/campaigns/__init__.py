"""Playbooks, calendar, phases, rounds, targets, monitor and review."""
