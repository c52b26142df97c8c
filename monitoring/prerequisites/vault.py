"""The region's Key Vault, and the secrets in it, whose names the components say."""

from __future__ import annotations

from collections.abc import Iterator

from monitoring.blueprint.components.of_region import components_of
from monitoring.blueprint.components.workloads import COOKIE_SECRET, HTPASSWD_SECRET
from monitoring.fleet.model import Region
from monitoring.fleet.sources import PostgreSql, Redis
from monitoring.prerequisites.azure import az, group_step
from monitoring.prerequisites.step import Step, Wanted, shell


def secrets(region: Region) -> set[str]:
    """Names of all that a component of the region reads."""
    return {secret for component in components_of(region) for secret in component.secrets(region)}


def listed(region: Region) -> tuple[str, ...]:
    """The command that lists the vault's secrets: names and dates, no value."""
    vault = ("--vault-name", region.key_vault.name, "--subscription", region.subscription_id)
    return az("keyvault", "secret", "list", *vault)


def steps(region: Region) -> Iterator[Step]:
    """The vault, then each secret. Only names are listed; no command shows a value."""
    vault = region.key_vault
    within = ("--subscription", region.subscription_id)
    named = ("--name", vault.name, "--resource-group", vault.resource_group, *within)
    rights = ("--enable-rbac-authorization", "true")
    name = f"Key Vault {vault.name}"
    yield Step(
        name=name,
        look=az("keyvault", "show", *named),
        wanted=(Wanted(fields={"properties.enableRbacAuthorization": True}),),
        make=shell("az", "keyvault", "create", *named, "--location", region.location, *rights),
        mend=shell("az", "keyvault", "update", *named, *rights),
        needs=(group_step(region, region.subscription_id, vault.resource_group),),
    )
    recipes = _recipes(region)
    for secret in sorted(secrets(region)):
        put = shell(
            *("az", "keyvault", "secret", "set", "--vault-name", vault.name, "--name", secret, *within),
            *("--file", "/dev/stdin", "--encoding", "utf-8", "--output", "none"),
        )
        yield Step(
            name=f"secret {secret}",
            look=listed(region),
            wanted=(Wanted(among="", item={"name": secret}, fields={"attributes.enabled": True}),),
            make=recipes.get(
                secret, f'read -rsp {shell(f"{secret}: ")} value\nprintf %s "$value" |\n  {{put}}'
            ).replace("{put}", put),
            by_hand="writing takes Key Vault Secrets Officer; disabled: somebody switched it off, ask why",
            needs=(name,),
        )


def _recipes(region: Region) -> dict[str, str]:
    """How those are made that nobody gives us; any other is asked for on the terminal."""
    recipes = {
        COOKIE_SECRET: "openssl rand -base64 32 | tr '+/' '-_' | tr -d '\\n' |\n  {put}",
        # the password appears once: it goes into the machines' own secret store, and nowhere else
        HTPASSWD_SECRET: "openssl rand -base64 32 | tee /dev/tty | tr -d '\\n' | htpasswd -niB -C 10 admin |\n  {put}",
    }
    databases = region.databases
    if databases and databases.postgresql:
        recipes[databases.postgresql.password_secret] = _postgres(databases.postgresql)
    if databases and databases.redis:
        recipes[databases.redis.password_secret] = _redis(databases.redis, region)
    return recipes


def _postgres(server: PostgreSql) -> str:
    target = f"host={server.host} port={server.port} dbname={server.database} sslmode=verify-full sslrootcert=system"
    return f"""\
read -rp {shell(f"administrator of {server.host}: ")} administrator
PASSWORD=$(openssl rand -hex 32)
export PASSWORD
psql {shell(target)}" user=$administrator" <<'SQL'
\\getenv password PASSWORD
CREATE ROLE {server.user} LOGIN PASSWORD :'password' CONNECTION LIMIT 5;
GRANT pg_monitor TO {server.user};
SQL
printf %s "$PASSWORD" |
  {{put}}"""


def _redis(cache: Redis, region: Region) -> str:
    """The secondary key: no application uses it, and it can be regenerated alone."""
    within = f"--subscription {region.subscription_id}"
    name = cache.host.partition(".")[0]
    return f"""\
group=$(az redis list {within} --query {shell(f"[?name=='{name}'].resourceGroup | [0]")} --output tsv)
az redis list-keys --name {name} --resource-group "$group" {within} --query secondaryKey --output tsv | tr -d '\\n' |
  sed {shell(f's|.*|{{"rediss://{cache.host}:{cache.port}": "&"}}|')} |
  {{put}}"""
