# Laoke 老客: what one can do in this checkout.
# Needed on the machine: python3.11 or newer with pip, make, git. Everything else comes from here.

SHELL := /bin/sh
PYTHON ?= python3
TIERS ?=

.DEFAULT_GOAL := help
.PHONY: help up test check bench prove clean

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

up: ## set everything up, make a demo shop if there is none, open Laoke on http://127.0.0.1:8000
	@$(PYTHON) scripts/environment run
	@exec .venv/bin/laoke up

test: ## what CI runs, some 40 minutes on two processors; one tier alone: make test TIERS="pure flows"
	@$(PYTHON) scripts/environment dev
	@exec .venv/bin/python scripts/test $(TIERS)

check: ## format, lint, types, import directions (about 30 s)
	@$(PYTHON) scripts/environment dev
	@exec scripts/check

bench: ## measure speed and memory, print one table
	@$(PYTHON) scripts/environment dev
	@exec .venv/bin/laoke bench

prove: ## hours: the large counts; writes docs/proof/<date>.json
	@$(PYTHON) scripts/environment dev
	@exec .venv/bin/python scripts/prove

clean: ## remove the environment and the caches; the shop's data stays
	rm -rf .venv .tools dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
