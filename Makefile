# Every command a contributor needs. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help

bin := $(CURDIR)/.venv/bin
export PATH := $(bin):$(PATH)
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.collections
export MOLECULE_GLOB := $(CURDIR)/molecule/*/molecule.yml

# The lab makes namespaces and mounts.
as_root := $(if $(filter-out 0,$(shell id -u)),sudo --preserve-env env "PATH=$(PATH)")

.PHONY: help setup lab lab-shell lab-down test check unit sanity lint matrix docs build changelog clean test-newer-kernel

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what is missing: Debian packages, .venv, the link in .collections, a kernel for the lab
	@scripts/setup

lab: setup ## bring up four lab hosts, run site.yml twice, show the reachability matrix
	@$(as_root) scripts/lab up

lab-shell: setup ## the same, then a shell inside the lab
	@$(as_root) scripts/lab shell

lab-down: setup ## remove the lab
	@$(as_root) scripts/lab down

test: setup ## every test, each on a kernel that has what it needs, with counts (under 30 minutes)
	@scripts/test

test-newer-kernel: setup ## the kernel tests on Linux 6.12 or later, in a lab kernel; not part of test (about 15 minutes)
	@scripts/test newer_kernel

check: setup ## the quick part: ruff, mypy, unit tests (under 90 seconds)
	@scripts/test check unit

unit: setup ## unit tests only
	@scripts/test unit

sanity: setup ## ansible-test sanity on a copy of the checkout
	@scripts/test sanity

lint: setup ## ansible-lint, antsibull-docs, antsibull-changelog, yamllint, the build of the tarball
	@scripts/test lint

matrix: setup ## the kernel tests with four releases of pyroute2, and on the oldest Python; not part of test
	@scripts/matrix

docs: setup ## write docs/options.md and docs/schema/ from the tables
	@python scripts/write_options_page.py
	@python scripts/write_schema.py

build: setup ## build the collection's tarball
	@ansible-galaxy collection build --force

changelog: setup ## write CHANGELOG.rst and changelogs/changelog.yaml from the fragments
	@antsibull-changelog release --update-existing --refresh --reload-plugins

clean: ## remove what tests and builds left; keeps .venv
	@rm -rf .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis tests/output netloom-overlay-*.tar.gz
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
