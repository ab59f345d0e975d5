"""Composition only: settings, urls, pipelines, command line and worker entry points."""
