# Everything starts here: `make` lists the commands. Needs only Python 3.11 or later; the rest is set up in .venv.

STACK ?= stage
PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check
PINNED := --require-hashes -r requirements.txt -r requirements-dev.txt
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links $(ARGS)

# Importing the SDKs without bytecode takes several times longer.
unexport PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
# A minute for a file, which is what uv allows, is too little for the largest ones on a busy machine.
export UV_COMPILE_BYTECODE_TIMEOUT := 0

.PHONY: help plan preview up destroy test test-engine test-fork check format bench mutants schemas lock setup need-pulumi \
	need-stack

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z -]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo "STACK=prod chooses a stack, $(STACK) unless said. ARGS=... goes to the command that is run."

plan: $(READY) ## Show what STACK declares: no account, no credentials, no Pulumi CLI
	@$(BIN)/slipway plan $(STACK) $(ARGS)

preview: need-stack $(READY) ## Compare STACK with what runs in the cloud
	@pulumi preview --stack $(STACK) $(ARGS)

up: need-stack $(READY) ## Apply STACK to the cloud
	@pulumi up --stack $(STACK) $(ARGS)

destroy: need-stack $(READY) ## Remove STACK from the cloud; what is protected refuses
	@pulumi destroy --run-program --stack $(STACK) $(ARGS)

test: check ## Run the checks and every test
	@$(BIN)/pytest $(ARGS)

test-engine: need-pulumi $(READY) ## Run only the tests that need Pulumi's engine
	@$(BIN)/pytest -m engine $(ARGS)

test-fork: $(READY) ## Run the checks and every test in a copy that has another company's files
	@$(BIN)/python -m tests.fork $(ARGS)

check: $(READY) ## Check lint, format, types, scripts and workflows
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/shellcheck .ci/run .github/scripts/propose
	@$(BIN)/actionlint -shellcheck $(BIN)/shellcheck
	@$(BIN)/zizmor --offline --quiet --persona pedantic .github
	@$(BIN)/pyrefly check

format: $(READY) ## Format, and fix what lint can fix
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

bench: $(READY) ## Measure how fast plans are
	@$(BIN)/python -m benchmarks $(ARGS)

mutants: $(READY) ## Break the program in small ways, half an hour long, and count what the tests notice
	@$(BIN)/python -m tests.mutants $(ARGS)

schemas: $(READY) ## Write the JSON Schemas of the configuration files
	@$(BIN)/python -m config.schema

lock: $(READY) ## Pin what pyproject.toml asks for; ARGS=--upgrade takes the newest
	@$(COMPILE) pyproject.toml -o requirements.txt
	@$(COMPILE) --group dev -c requirements.txt -o requirements-dev.txt
	@$(COMPILE) --group setup -o requirements-setup.txt

setup: $(READY) ## Set up .venv, as every command does when it has to

$(READY): pyproject.toml requirements.txt requirements-dev.txt requirements-setup.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Slipway needs Python 3.11 or later; name it if it is not python3: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv: about a minute, half of it compiling the SDKs to bytecode." >&2
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		$(PYTHON) -m venv --clear .venv
	@$(PIP) install --require-hashes -r requirements-setup.txt >&2
# uv takes less than half of pip's time, but does not know the mirrors and certificates that pip is configured with.
	@$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode $(PINNED) || $(PIP) install $(PINNED) >&2
	@$(PIP) install --quiet --no-index --no-build-isolation --no-deps --editable . >&2
	@touch $@

need-pulumi:
	@command -v pulumi >/dev/null || \
		{ echo "The Pulumi CLI is missing; to get it: https://www.pulumi.com/docs/iac/download-install/" >&2; exit 1; }

need-stack: need-pulumi
	@pulumi stack --show-name --stack $(STACK) >/dev/null || \
		{ echo "If $(STACK) is new here: pulumi stack init $(STACK); from the very start: docs/first-hour.md" >&2; exit 1; }
