# Needs Python, git and make on the machine; all else is installed into this folder, from the lock files.

PYTHON ?= python3
PYTHON_MINIMUM := 3.11
PIPENV_VERSION := 2026.10.3

ENGINE ?= cdktf
ENGINES := cdktf cdktn
$(if $(filter $(ENGINES),$(ENGINE)),,$(error ENGINE must be one of $(ENGINES), got $(ENGINE)))

PIPENV := .pipenv/bin/pipenv
PIPENV_STAMP := .pipenv/$(PIPENV_VERSION)
ENGINE_FOLDER := $(if $(filter-out cdktf,$(ENGINE)),engines/$(ENGINE)/)
VENV := $(ENGINE_FOLDER).venv
ENVIRONMENT := $(VENV)/.synced
NODE_MODULES := node_modules/.package-lock.json
RUN := $(VENV)/bin/python
STACK ?= *
BASE ?= origin/main
PLANS ?= plans
ACCEPTANCE := tests/monitoring/prometheus
FAULTS = $(RUN) -m pytest -n 2 --dist loadfile -m faults tests/faults
COMMENT ?= comment.md
EVENT = $(if $(GITHUB_EVENT_PATH),--event "$(GITHUB_EVENT_PATH)")
cdktf: ARGS ?= list
REGION ?= prod-eastus
CHARTS ?=
MIRROR ?=
COUNT ?= 40
AT_LEAST ?= 0

export CHECKPOINT_DISABLE := 1
export OVERSIGHT_ENGINE := $(ENGINE)
export PIPENV_VENV_IN_PROJECT := 1
export PIPENV_IGNORE_VIRTUALENVS := 1
export PIPENV_DONT_LOAD_ENV := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help synth test test-rules test-terraform test-stack test-matrix test-engine test-cluster test-faults mutants browser picture local verify verify-cluster tools check plan deploy review comment generate record lock lock-providers seal unseal bench validate cdktf clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

synth: $(ENVIRONMENT) ## The Terraform JSON of all stacks, into cdktf.out/
	@$(RUN) main.py

test: $(ENVIRONMENT) ## The tests that need nothing but Python
	@$(RUN) -m pytest -n auto --dist worksteal

test-rules: $(ENVIRONMENT) ## The tests of rules, routes and workflows: the real promtool, amtool, actionlint (needs Go once)
	@$(RUN) -m monitoring tools promtool amtool actionlint
	@$(RUN) -m pytest -n auto -m rules

test-terraform: $(ENVIRONMENT) ## The stacks of the tests' regions by cdktf's toBeValidTerraform (needs terraform and the providers)
	@mkdir -p $(TF_PLUGIN_CACHE_DIR)
	@$(RUN) -m pytest -m terraform tests/constructs tests/monitoring

test-stack: tools ## The tests with the real Prometheus, Thanos, Alertmanager, oauth2-proxy, Chromium (needs Go once, make browser)
	@$(RUN) -m pytest -n auto --dist loadfile -m stack --ignore $(ACCEPTANCE)
	@$(RUN) -m pytest -m stack $(ACCEPTANCE) # alone: it starts thirty processes, and asks them in time
	@$(FAULTS)

test-matrix: $(ENVIRONMENT) ## Of oversight_metrics: the oldest and the newest frameworks and servers, from the package registry
	@$(RUN) -m pytest -n auto -m matrix tests/oversight_metrics

test-engine: .venv/.synced engines/cdktn/.venv/.synced ## Both engines make the same of all stacks; the constructs' tests with cdktn
	@OVERSIGHT_ENGINE= .venv/bin/python -m pytest -m engine tests/engines
	@OVERSIGHT_ENGINE=cdktn engines/cdktn/.venv/bin/python -m pytest -n auto tests/constructs tests/monitoring/bindings

test-cluster: export TEST_KUBECONFIG := $(if $(filter command line,$(origin KUBECONFIG)),$(abspath $(KUBECONFIG)))
test-cluster: export TEST_CHARTS := $(CHARTS)
test-cluster: export TEST_MIRROR := $(MIRROR)
test-cluster: export TEST_REGION := $(REGION)
test-cluster: export TEST_BASE := $(BASE)
test-cluster: $(ENVIRONMENT) ## What REGION makes, on a cluster: KUBECONFIG=file, else one of its own (needs Go, terraform, kubectl)
	@$(RUN) -m monitoring tools kwok operator $(if $(TEST_KUBECONFIG),,etcd kube-apiserver kube-controller-manager kube-scheduler)
	@$(RUN) -m pytest -n 0 -m cluster tests/cluster

browser: ## Chromium, its driver and certutil: those that are not on PATH, from Debian's packages (needs root)
	@found() { for name; do command -v "$$name" >/dev/null && return; done; return 1; }; \
	packages=; \
	found chromium chromium-browser google-chrome || packages="chromium"; \
	found chromedriver || packages="$$packages chromium-driver"; \
	found certutil || packages="$$packages libnss3-tools"; \
	[ -n "$$packages" ] || exit 0; \
	root=; [ "$$(id -u)" = 0 ] || root="sudo -n"; \
	{ $$root apt-get update -qq && \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$packages >/dev/null; } || \
		{ echo "make browser: cannot install; as root:" apt-get install $$packages >&2; exit 1; }

memcached: ## memcached, which some tests run: where it is not on PATH, from Debian's packages (needs root)
	@command -v memcached >/dev/null && exit 0; \
	root=; [ "$$(id -u)" = 0 ] || root="sudo -n"; \
	{ $$root apt-get update -qq && \
		$$root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends memcached >/dev/null; } || \
		{ echo "make memcached: cannot install; as root: apt-get install memcached" >&2; exit 1; }

picture: tools ## The pictures of docs/ anew: the dashboards, and a graph of the running system (seven minutes; needs make browser)
	@$(RUN) -m tools.dashboards docs
	@OVERSIGHT_PICTURE=docs/local-graph.png $(RUN) -m pytest -q -m stack $(ACCEPTANCE)/test_browser.py -k graph_of_a_recorded

local: tools ## Two regions in miniature on this machine, until Ctrl-C: make local ARGS="--show-differences"
	@$(RUN) -m monitoring local $(filter-out list,$(ARGS))

verify-cluster: export KUBECONFIG := $(CURDIR)/.cache/kubeconfig
verify-cluster: $(ENVIRONMENT) ## The same of the cluster of STACK, by kubectl port-forward (needs az, kubelogin, kubectl)
	@mkdir -p .cache
	@az aks get-credentials $$($(RUN) -m monitoring cluster "$(STACK)") --file "$$KUBECONFIG" --overwrite-existing
	@kubelogin convert-kubeconfig --login azurecli
	@$(RUN) -m monitoring verify "$(STACK)" --forward --patience 900

verify: $(ENVIRONMENT) ## Ask what runs for the acceptance criteria: that of make local, or make verify REGION=name
	@$(RUN) -m monitoring verify $(if $(filter command line,$(origin REGION)),$(REGION)) $(filter-out list,$(ARGS))

test-faults: tools ## Of these alone: parts of the real system killed, lost samples counted; FAULTS_JSON=file for the table
	@$(FAULTS)

mutants: $(ENVIRONMENT) ## Small faults, and which the tests notice: make mutants AREA="fleet verify" COUNT=40 AT_LEAST=90
	@$(RUN) -m tools.mutants $(AREA) --count $(COUNT) --at-least $(AT_LEAST) $(filter-out list,$(ARGS))

tools: $(ENVIRONMENT) ## The real binaries: on PATH in the exact version, else built once
	@$(RUN) -m monitoring tools

check: $(ENVIRONMENT) ## Ruff, mypy, yamllint, zizmor; what is generated equals what is committed
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy .
	@$(RUN) -m yamllint --strict .
	@$(VENV)/bin/zizmor --offline --quiet .github/workflows
	@$(RUN) -m monitoring generate --check

record: $(ENVIRONMENT) ## What the charts render, into tests/golden/ (needs helm; CHARTS=folder instead of pulling them)
	@$(RUN) -m monitoring render $(REGION) --record $(if $(CHARTS),--charts $(CHARTS))

generate: $(ENVIRONMENT) ## Write anew what is generated and committed
	@$(RUN) -m monitoring generate

lock: $(ENVIRONMENT) ## Newest versions that the Pipfile allows, into Pipfile.lock; after it make lock ENGINE=cdktn
	@PIPENV_PIPFILE=$(ENGINE_FOLDER)Pipfile $(PIPENV) lock
	@$(RUN) -m monitoring lock $(ENGINE_FOLDER)Pipfile.lock

lock-providers: synth ## The checksums of Terraform's providers, into providers/ (MIRROR=folder instead of their registry)
	@$(RUN) -m monitoring lock-providers $(if $(MIRROR),--mirror "$(MIRROR)")

bench: tools ## All figures of docs/performance.md anew, each beside its baseline (a quarter of an hour, root)
	@$(RUN) -m monitoring bench $(filter-out list,$(ARGS)); status=$$?; $(RUN) -m monitoring generate; exit $$status

validate test-terraform: export TF_PLUGIN_CACHE_DIR := $(CURDIR)/.cache/terraform
validate test-terraform: export TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE := 1
validate: synth ## `terraform validate` of each stack, or of STACK=name (needs terraform and the providers)
	@command -v terraform >/dev/null || { echo "make validate: terraform is not on PATH" >&2; exit 1; }
	@mkdir -p $(TF_PLUGIN_CACHE_DIR)
	@for stack in cdktf.out/stacks/$(STACK)/; do \
		[ -d "$$stack" ] || { echo "make validate: no such stack: $$stack" >&2; exit 1; }; \
		echo "$$stack"; \
		terraform -chdir="$$stack" init -backend=false -input=false >/dev/null || \
			{ echo "make validate: the providers of $$stack cannot be had" >&2; exit 1; }; \
		terraform -chdir="$$stack" validate || exit 1; \
	done

plan: synth ## What Terraform would do to STACK, kept beside its JSON: make plan STACK=prod-eastus
	@$(RUN) -m monitoring plan "$(STACK)"

deploy: synth ## Apply exactly the plan that `make plan STACK=name` kept; a stale or foreign one is refused
	@$(RUN) -m monitoring deploy "$(STACK)"

seal unseal: SAVED = cdktf.out/stacks/$(STACK)
seal: ## The saved plan of STACK for the owner of the key of PLAN_CERTIFICATE (PEM) alone, into plan.sealed
	@[ -n "$$PLAN_CERTIFICATE" ] || { echo "make seal: PLAN_CERTIFICATE must hold a PEM certificate" >&2; exit 1; }
	@umask 077; tar -C $(SAVED) -cf $(SAVED)/plan.tar plan.tfplan plan.record.json
	@printf '%s\n' "$$PLAN_CERTIFICATE" | openssl cms -encrypt -binary -aes-256-gcm -outform DER \
		-in $(SAVED)/plan.tar -out $(SAVED)/plan.sealed /dev/stdin
	@rm $(SAVED)/plan.tar

unseal: ## The saved plan of STACK from its plan.sealed, by PLAN_KEY (PEM)
	@[ -n "$$PLAN_KEY" ] || { echo "make unseal: PLAN_KEY must hold a PEM key" >&2; exit 1; }
	@umask 077; printf '%s\n' "$$PLAN_KEY" | openssl cms -decrypt -binary -inform DER \
		-in $(SAVED)/plan.sealed -out $(SAVED)/plan.tar -inkey /dev/stdin
	@umask 077; tar -C $(SAVED) --no-same-permissions -xf $(SAVED)/plan.tar && rm $(SAVED)/plan.tar

review: $(ENVIRONMENT) ## What this tree means beside BASE: make review BASE=origin/main ARGS="--format markdown"
	@$(RUN) -m monitoring review --base "$(BASE)" $(ARGS)

comment: $(ENVIRONMENT) ## The review as a comment, with the plans below PLANS/plan-STACK/plan.json, into COMMENT
	@$(RUN) -m monitoring review --base "$(BASE)" --format markdown $(EVENT) \
		$(foreach plan,$(wildcard $(PLANS)/plan-*/plan.json),--plan $(patsubst $(PLANS)/plan-%/plan.json,%,$(plan))=$(plan)) \
		>"$(COMMENT)"

cdktf: $(ENVIRONMENT) $(NODE_MODULES) ## The cdktf command line: make cdktf ARGS="diff prod-eastus"
	@$(if $(filter deploy diff,$(ARGS)),$(RUN) main.py >/dev/null && \
		$(RUN) -m monitoring ready $(filter-out deploy diff -%,$(ARGS)))
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npx --no-install cdktf $(ARGS)

clean: ## Remove all that was installed or made here
	rm -rf .pipenv .venv engines/*/.venv node_modules cdktf.out .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(PIPENV_STAMP):
	@command -v git >/dev/null || { echo "make: git is not on PATH" >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || \
		{ echo "make: $(PYTHON) is not on PATH; name a Python >= $(PYTHON_MINIMUM): make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < ($(subst .,$(comma) ,$(PYTHON_MINIMUM))))' || \
		{ echo "make: Python must be >= $(PYTHON_MINIMUM), got $$($(PYTHON) --version 2>&1); name another: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "make: $(PYTHON) lacks venv or ensurepip; install them (Debian, Ubuntu: the package python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear .pipenv
	.pipenv/bin/python -m pip install --quiet pipenv==$(PIPENV_VERSION)
	@touch $@

.venv/.synced: Pipfile.lock
engines/cdktn/.venv/.synced: engines/cdktn/Pipfile.lock
.venv/.synced engines/cdktn/.venv/.synced: $(PIPENV_STAMP)
	PIPENV_PIPFILE=$(dir $(@D))Pipfile PIPENV_PYTHON=$(CURDIR)/.pipenv/bin/python $(PIPENV) sync --dev
	@touch $@

$(NODE_MODULES): package-lock.json package.json $(ENVIRONMENT)
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" npm ci
	@touch $@

comma := ,
