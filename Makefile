# `make demo` and `make test` do all the set-up that they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
HERE := $(CURDIR)
BIN := .venv/bin
DEMO ?=
# `make demo ENGINE=docker` runs models in containers, by the engine that DOCKER_HOST names.
ENGINE ?= none
ENGINE_FOLDER := $(HERE)/.engine
# Most tests wait for processes, so that one more than the cores keeps them busy.
WORKERS ?= 3
# `make deploy-aws STAGE=prod OPTIONS="--param=warm=yes --region=eu-central-1"`
STAGE ?= dev
OPTIONS ?=
OSLS := $(HERE)/.emulators/node_modules/.bin/osls
export PYTHONPATH := $(HERE)/shared:$(HERE)

.PHONY: bench bench-capture bench-deploy bench-doors bench-scoring browser check check-aws check-parity clean contract demo deploy-aws deploy-azure destroy-aws destroy-azure engine engine-stop help image lint lock stage-aws stage-azure test test-aws test-azure test-containers test-job-image

help:
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

.venv/ready: requirements.txt pyproject.toml Makefile
	@echo "Setting up .venv (once; a minute or less with a warm cache)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "ScienceOps is locked for Python 3.11; found $$($(PYTHON) -V). Install python3.11 or set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "python3 -m venv failed; on Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/uv || $(BIN)/python -m pip --quiet --disable-pip-version-check install "$$(grep -o '^uv==[^ ]*' requirements.txt)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@# An editable install asks its own finder last, after a folder `scienceops` of the current directory, which a clone is.
	@printf '%s\n' "$(HERE)/shared" "$(HERE)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/scienceops_checkout.pth"
	@touch .venv/ready

demo: .venv/ready ## See the whole loop run on Iris; DEMO="--exit --json" for scripts
	@SCIENCEOPS_ENGINE=$(if $(filter docker,$(ENGINE)),$${DOCKER_HOST:-unix:///var/run/docker.sock},$(ENGINE)) \
	  $(BIN)/scienceops demo $(DEMO)

test: .venv/ready ## Everything this machine can run by itself
	@began=$$(date +%s); $(BIN)/pytest tests shared/scienceops scorer_container infra --ignore tests/containers -m "not aws and not azure" -rs -n $(WORKERS) --dist loadfile && \
	  echo "Took $$(( $$(date +%s) - began )) s. Next: make demo, or make check before a commit."

test-containers: .venv/ready ## Images and containers for real, with an engine and registry of their own (root)
	@$(BIN)/pytest tests/containers --ignore tests/containers/test_job_image.py -rs

test-job-image: .venv/ready .emulators/ready ## The image of Azure's jobs, built and run by such an engine; minutes for a base that has apt (root)
	@$(BIN)/pytest tests/containers/test_job_image.py -rs

test-aws: .venv/ready .emulators/ready ## AWS: adapters, doors and the deployed template, against emulators
	@$(BIN)/pytest tests -m aws -rs -n $(WORKERS) --dist loadfile

contract: .venv/ready ## The promises of data on a real AWS account: LIVE_CLOUD=1 make contract
	@test "$(LIVE_CLOUD)" = 1 || { echo "This makes and deletes buckets, queues, tables and secrets of its own, called"; \
	  echo "scienceops-contract-..., in the account of your AWS credentials. Go on with: LIVE_CLOUD=1 make contract"; exit 1; }
	@test -n "$(AWS_DEFAULT_REGION)" || { echo "AWS_DEFAULT_REGION is not set: wanted the region to make them in, such as eu-central-1"; exit 1; }
	@$(BIN)/python infra/aws_stage.py contract "--region=$(AWS_DEFAULT_REGION)"
	@$(BIN)/pytest --force-enable-socket -rs -k "not Seaweed" \
	  $(foreach port,object_store message_queue model_registry statistics_store secret_store,tests/contract/test_aws_$(port).py)

test-azure: .venv/ready .emulators/ready ## Azure: adapters, doors and templates, against emulators
	@$(BIN)/pytest tests -m azure -rs -n $(WORKERS) --dist loadfile

stage-aws: .venv/ready ## Lay out what the functions on AWS are made of: build/aws.zip
	@$(BIN)/python infra/stage.py aws

# First what is cheap to refuse, then what takes minutes.
deploy-aws: check-aws stage-aws .emulators/ready ## Deploy to the AWS account of this shell: STAGE=dev OPTIONS="--param=alarm_email=me@example.org"
	@cd infra && $(OSLS) deploy --stage "$(STAGE)" $(filter-out --python=%,$(OPTIONS))
	@$(BIN)/python infra/job_files.py "$(STAGE)" $(OPTIONS)
	@echo "Next: docs/aws.md, \"The first model\""

check-aws: .venv/ready
	@$(BIN)/python infra/aws_stage.py "$(STAGE)" $(OPTIONS)

destroy-aws: .venv/ready .emulators/ready ## Take a stage down, and say what of it is kept: STAGE=dev
	@$(BIN)/python infra/destroy_aws.py "$(STAGE)" "$(OSLS)" $(OPTIONS)

stage-azure: .venv/ready ## Lay out what the functions on Azure are made of, build/azure.zip, and the image of its jobs, build/job
	@$(BIN)/python infra/stage.py azure
	@$(BIN)/python -m infra.azure.wheel
	@$(BIN)/python -m infra.azure.job_image

deploy-azure: .venv/ready ## Deploy to the Azure subscription of this shell: STAGE=dev OPTIONS="--location northeurope"
	@$(BIN)/python -m infra.azure.deploy "$(STAGE)" $(OPTIONS)

destroy-azure: .venv/ready ## Take a stage down, and say what of it is kept: STAGE=dev
	@$(BIN)/python -m infra.azure.destroy "$(STAGE)" $(OPTIONS)

.emulators/ready: $(wildcard tests/emulators/*.txt tests/emulators/package*.json)
	@echo "Setting up the emulators in .emulators (once)"
	@mkdir -p .emulators && cp tests/emulators/package*.json .emulators
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .emulators/venv
	@$(BIN)/uv pip install --quiet --python .emulators/venv/bin/python --require-hashes -r tests/emulators/requirements.txt
	@$(BIN)/uv pip install --quiet --target .emulators/functions --no-deps --python-version 3.13 --require-hashes -r tests/emulators/functions.txt
	@# Of this wheel nothing but the Lambda emulator is kept: a program of its own.
	@$(BIN)/uv pip install --quiet --target .emulators/sam --no-deps --require-hashes -r tests/emulators/lambda.txt
	@mv .emulators/sam/samcli/local/rapid/aws-lambda-rie-x86_64 .emulators/aws-lambda-rie && chmod +x .emulators/aws-lambda-rie && rm -r .emulators/sam
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .emulators/checkov
	@$(BIN)/uv pip install --quiet --python .emulators/checkov/bin/python --require-hashes -r tests/emulators/checkov.txt
	@cd .emulators && npm ci --silent --ignore-scripts --no-audit --no-fund
	@touch .emulators/ready

engine: .venv/ready ## Start a container engine of our own from Debian's packages (root)
	@$(BIN)/python infra/local/engine.py start $(ENGINE_FOLDER)

engine-stop: .venv/ready ## End that engine, and delete what it held
	@$(BIN)/python infra/local/engine.py stop $(ENGINE_FOLDER)

image: .venv/ready ## Build the scorer's image without any model: REQUIREMENTS="scikit-learn skops pandas"
	@$(BIN)/python infra/local/image.py $(REQUIREMENTS)

lint: .venv/ready
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

check: lint test ## Format, lint, types, import rules, tests

browser: ## Debian's Chromium and its driver, for the page tests
	apt-get update -q && apt-get install -yq --no-install-recommends chromium chromium-driver

bench: .venv/ready ## How often the verdict rule errs, beside simpler rules and by the size of a day (10 minutes)
	@$(BIN)/python benchmarks/verdict_rule.py
	@$(BIN)/python benchmarks/verdict_sizes.py

bench-deploy: .venv/ready ## How long a model takes to its first answer, in containers (root, or DOCKER_HOST)
	@$(BIN)/python benchmarks/deploy.py

bench-scoring: .venv/ready ## What a scored row costs beside MLflow, MLServer, BentoML, FastAPI and Flask; QUICK=1 for a short look
	@$(BIN)/python -m benchmarks.scoring

bench-doors: stage-aws ## How long each door on AWS takes to start, in processor time
	@$(BIN)/python benchmarks/doors.py

bench-capture: .venv/ready ## 50 seeded rounds of kill -9 under load: is every acknowledged row captured and counted, once?
	@$(BIN)/python benchmarks/capture_rounds.py

check-parity: .venv/ready ## 100,000 rows by compiled models and their originals; writes the table of the docs
	@$(BIN)/python benchmarks/parity.py --write

lock: ## Resolve requirements.in again
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" requirements.in -o requirements.txt
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" tests/emulators/requirements.in -o tests/emulators/requirements.txt
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" tests/emulators/checkov.in -o tests/emulators/checkov.txt
	@$(BIN)/uv pip compile -q --python-version 3.13 --no-deps --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" tests/emulators/functions.in -o tests/emulators/functions.txt
	@$(BIN)/uv pip compile -q --python-version 3.11 --no-deps --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" tests/emulators/lambda.in -o tests/emulators/lambda.txt
	@$(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" -c requirements.txt functions/aws/requirements.txt -o functions/aws/requirements.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" -c requirements.txt functions/azure/requirements.txt -o functions/azure/requirements.lock
	@$(BIN)/uv pip compile -q --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-emit-index-url --no-annotate \
	  --custom-compile-command "make lock" -c requirements.txt infra/azure/job/requirements.txt -o infra/azure/job/requirements.lock

clean: ## Remove what make made
	rm -rf .venv .emulators .bench .demo build
