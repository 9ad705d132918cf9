.DEFAULT_GOAL := help
.PHONY: help run test prove bench check serve screenshots lock messages clean set-up-run set-up-check set-up-test

CONFIG ?= config
PORT ?= 8000
OUT ?= var/screenshots

help:  ## Say what each target does
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 16

run: set-up-run  ## Install everything, start the sandbox, print its addresses (PORT=8000)
	@exec .venv/bin/aiguilleur sandbox --port '$(PORT)'

test: set-up-test check  ## Install everything, run all checks and all tests (minutes; what CI runs)
	@exec .ci/pytest

prove: set-up-test  ## Run the long proofs (minutes each: what browsers do after two minutes)
	@exec .ci/pytest prove

bench: set-up-test  ## Measure what a visit costs beside what else could answer it, and write docs/performance.md (ten minutes)
	@exec .venv/bin/python -m tests.bench

check: set-up-check  ## Lint, format, types, layers, the shipped configuration (seconds; no network)
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy --no-error-summary
	@layers=$$(.venv/bin/lint-imports) || { printf '%s\n' "$$layers"; exit 1; }
	@.venv/bin/aiguilleur check config
	@.venv/bin/aiguilleur check config/sandbox

serve: set-up-run  ## Serve a configuration with gunicorn (CONFIG=config)
	@AIGUILLEUR_CONFIG='$(CONFIG)' exec .venv/bin/gunicorn -c config/gunicorn.conf.py wsgi:app

screenshots: set-up-test  ## Take a picture of every page in every state, and of the report, at each width (OUT=var/screenshots)
	@.venv/bin/python -m tests.pages '$(OUT)'
	@.venv/bin/python -m tests.report '$(OUT)'

lock: set-up-check  ## Write the lock files anew from setup.cfg (UPGRADE=1: with the newest versions it allows)
	@.ci/lock $(if $(UPGRADE),--upgrade)

messages: set-up-check  ## Write the catalogues of translations anew from the templates
	@.venv/bin/python .ci/messages.py

clean:  ## Remove what was installed and made; journals and keys in var/ stay
	@rm -rf .venv build dist *.egg-info .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache var/sandbox tests/servers/oidc/node_modules
	@find aiguilleur tests config -name __pycache__ -prune -exec rm -rf {} +

set-up-run:
	@.ci/setup run

set-up-check:
	@.ci/setup check

set-up-test:
	@.ci/setup test
