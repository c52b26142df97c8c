"""GitHub's settings for the workflows: variables, environments, their secrets, and the identities behind them."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.blueprint.components.names import FLEET_STACK
from monitoring.fleet.model import Region
from monitoring.prerequisites.azure import az
from monitoring.prerequisites.sign_in import AUDIENCE, credential
from monitoring.prerequisites.step import Condition, Known, Raw, Step, Wanted, shell
from monitoring.prerequisites.workflows import Environment, environments, variables

ISSUER = "https://token.actions.githubusercontent.com"
BRANCH = "main"
PLAN_CERTIFICATE = "PLAN_CERTIFICATE"
PLAN_KEY = "PLAN_KEY"
NEW_PAIR = "openssl req -x509 -newkey rsa:3072 -noenc -days 3650 -subj /CN=plans -keyout key.pem -out certificate.pem"
"""The pair that seals saved plans. A new one replaces a lost one; a run that waits for approval is started anew."""


def steps(region: Region, repository: str) -> Iterator[Step]:
    """Variables first: they name the identities that credentials and roles are for."""
    found = environments(FLEET_STACK, region.name)
    for environment in found:
        yield from _environment(environment, repository)
    for variable in variables():
        yield _variable(variable, region, repository, needs=tuple(_step_name(one) for one in found if one.applies))
    for environment in found:
        for secret in environment.secrets:
            yield Step(
                name=f"secret {secret} of {environment.name}",
                look=look(repository, f"environments/{environment.name}/secrets?per_page=100"),
                wanted=(Wanted(among="secrets", item={"name": secret}),),
                make=_new_pair(repository)
                if secret == PLAN_KEY
                else shell("gh", "secret", "set", secret, "--env", environment.name, "--repo", repository),
                needs=(_step_name(environment),),
            )
        yield _credential(environment, repository)


def client_id(variable: str, repository: str) -> Known:
    """The id that a variable of the repository holds."""
    return Known(
        name=f"the variable {variable}",
        look=look(repository, "actions/variables?per_page=30"),
        wanted=Wanted(among="variables", item={"name": variable}),
        path="value",
        text=f"$({shell('gh', 'variable', 'get', variable, '--repo', repository)})",
    )


def variable_step(variable: str) -> str:
    """Name of the step that a variable is set."""
    return f"variable {variable}"


def _step_name(environment: Environment) -> str:
    return f"environment {environment.name}"


def look(repository: str, path: str) -> tuple[str, ...]:
    """The command that reads a page of the repository's API."""
    return ("gh", "api", "--method", "GET", f"repos/{repository}/{path}")


def _environment(environment: Environment, repository: str) -> Iterator[Step]:
    path = f"repos/{repository}/environments/{environment.name}"
    put = f"gh api --method PUT {shell(path)} --input -"
    owner = repository.partition("/")[0]
    chosen = '{reviewers: [{type: "Team", id: .id}], deployment_branch_policy: {protected_branches: false, '
    chosen += "custom_branch_policies: true}}"
    approved = Condition(
        "with an approval and the branches that may deploy",
        lambda rules: {"required_reviewers", "branch_policy"} <= {one.get("type") for one in rules or ()},
    )
    name = _step_name(environment)
    item = {"name": environment.name}
    make = (
        f"read -rp {shell(f'team of {owner} that approves {environment.name}: ')} team\n"
        f'gh api "orgs/{owner}/teams/$team" --jq {shell(chosen)} |\n  {put}'
        if environment.applies
        else f"{put} <<<'{{}}'"
    )
    yield Step(
        name=name,
        look=look(repository, "environments?per_page=100"),
        wanted=(
            Wanted(
                among="environments", item=item, fields={"protection_rules": approved} if environment.applies else {}
            ),
        ),
        make=make,
        mend=make,
    )
    if environment.applies:
        yield Step(
            name=f"branch of {environment.name}",
            look=look(repository, f"environments/{environment.name}/deployment-branch-policies"),
            wanted=(Wanted(among="branch_policies", item={"name": BRANCH}),),
            make=shell("gh", "api", "--method", "POST", f"{path}/deployment-branch-policies", "-f", f"name={BRANCH}"),
            needs=(name,),
        )


def _variable(variable: str, region: Region, repository: str, *, needs: tuple[str, ...]) -> Step:
    put = ("gh", "variable", "set", variable, "--repo", repository)
    fields: dict[str, str | Condition] = {}
    if variable == PLAN_CERTIFICATE:
        make = _new_pair(repository)
        fields = {"value": Condition("a PEM certificate", lambda value: "BEGIN CERTIFICATE" in (value or ""))}
    elif variable.endswith("_TENANT_ID"):
        make, needs = shell(*put, "--body", region.tenant_id), ()
        fields = {"value": region.tenant_id}
    else:  # AZURE_PLAN_CLIENT_ID: an identity of its own, by the variable's name
        role = variable.removeprefix("AZURE_").removesuffix("_CLIENT_ID").lower()
        name = f"{repository.partition('/')[2]}-{role}"
        created = shell("az", "ad", "app", "create", "--display-name", name, "--query", "appId", "--output", "tsv")
        principal = ("az", "ad", "sp", "create", "--id", Raw('"$client"'), "--output", "none")
        named = shell(*put, "--body", Raw('"$client"'))
        make, needs = f"client=$({created})\n{shell(*principal)}\n{named}", ()
    return Step(
        name=variable_step(variable),
        look=look(repository, "actions/variables?per_page=30"),
        wanted=(Wanted(among="variables", item={"name": variable}, fields=fields),),
        make=make,
        needs=needs,
    )


def _new_pair(repository: str) -> str:
    """The certificate closes for all, the key opens in every environment that applies, of other regions too."""
    names = '.environments[].name | select(startswith("apply-"))'
    within = f"--repo {shell(repository)}"
    return f"""\
{NEW_PAIR}
gh variable set {PLAN_CERTIFICATE} {within} <certificate.pem
gh api --method GET {shell(f"repos/{repository}/environments?per_page=100")} --jq {shell(names)} |
  while read -r name; do
    gh secret set {PLAN_KEY} --env "$name" {within} <key.pem
  done
shred -u key.pem"""


def _credential(environment: Environment, repository: str) -> Step:
    client = client_id(environment.client_id, repository)
    subject = f"repo:{repository}:environment:{environment.name}"
    return Step(
        name=f"credential of {environment.name}",
        look=az("ad", "app", "federated-credential", "list", "--id", client),
        wanted=(Wanted(among="", item={"issuer": ISSUER, "subject": subject}, fields={"audiences": AUDIENCE}),),
        make=credential(client, name=f"github-{environment.name}", issuer=ISSUER, subject=subject),
        by_hand="an application takes 20 federated credentials, a region one of them",
        needs=(variable_step(environment.client_id),),
    )
