.DEFAULT_GOAL := help
.PHONY: help run test check serve setup setup-test lock clean
CONFIG ?= config
PORT ?= 8000

help:  ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

run: setup  ## Install everything, start the sandbox, print its addresses
	@exec .venv/bin/aiguilleur sandbox --port $(PORT)

test: setup-test check  ## Install everything, run all checks and tests
	@exec .ci/pytest

check: setup  ## Lint, types, layers, configuration
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy --no-error-summary
	@.venv/bin/lint-imports --no-cache >/dev/null || .venv/bin/lint-imports --no-cache
	@.venv/bin/aiguilleur check config
	@.venv/bin/aiguilleur check config/sandbox

serve: setup  ## Serve CONFIG=config by gunicorn
	@AIGUILLEUR_CONFIG=$(CONFIG) exec .venv/bin/gunicorn -c config/gunicorn.conf.py wsgi:app

setup:
	@.ci/setup

setup-test:
	@.ci/setup browser

lock: setup  ## Write the lock file anew from setup.cfg
	@.venv/bin/pip install --quiet --disable-pip-version-check pip-tools
	@.venv/bin/pip-compile --quiet --extra dev --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host \
	  --allow-unsafe --output-file requirements.lock setup.cfg

clean:  ## Remove what was installed and made
	rm -rf .venv build *.egg-info var .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
