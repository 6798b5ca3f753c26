"""What the installation keeps: its set-up, accounts, control repos and modules, integrations."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table, and_, create_engine, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from cd4pe_service.container_variables import ContainerVariables
from cd4pe_service.sealing import Seal, hashed, is_right
from cd4pe_service.tables import tables

STEPS = ("root_account", "storage", "license", "user_account")
FINISHED = "finished"
SEALED = "sealed"
CONTROL_REPO, MODULE = "control_repo", "module"
LONGEST = 200

Record = Row[Any]


class WrongInputError(ValueError):
    """What was typed cannot be kept; says what was expected."""


class Inventory:
    """Over one database, whose tables are made where they are missing."""

    def __init__(self, variables: ContainerVariables) -> None:
        self._engine = create_engine(variables.url, hide_parameters=True)
        self._seal = Seal(variables.secret_key)
        self._tables = tables(variables.prefix)
        self._tables.metadata.create_all(self._engine)

    def check_key(self) -> None:
        """Raises WrongKeyError if the database's secrets were sealed with another key."""
        if self.fact(SEALED) is None:
            self.note(SEALED, self._seal.close(SEALED))
        self._seal.open(self.fact(SEALED) or "")

    def close(self) -> None:
        self._engine.dispose()

    def next_step(self) -> str:
        """The step of the set-up that comes next, or `finished`."""
        return next((step for step in STEPS if self.fact(step) is None), FINISHED)

    def fact(self, name: str) -> str | None:
        """Of the installation: a step that is done, with what was chosen in it."""
        facts = self._tables.facts
        found: str | None = self._scalar(select(facts.c.value).where(facts.c.name == name))
        return found

    def note(self, name: str, value: str) -> None:
        """Once: what is there already stays."""
        try:
            self._insert(self._tables.facts, name=name, value=checked_text(value, name))
        except IntegrityError:
            return

    def add_account(self, typed: Mapping[str, str], *, is_root: bool = False) -> int:
        """The account's number. `typed`: name, email, company, password."""
        accounts = self._tables.accounts
        name = checked_text(typed.get("name", ""), "name")
        if self._scalar(select(func.count()).where(accounts.c.name == name)):
            raise WrongInputError("this name is taken; expected another")
        password = typed.get("password", "")
        if not 8 <= len(password) <= LONGEST:
            raise WrongInputError(f"expected a password of 8 to {LONGEST} characters")
        return self._insert(
            accounts,
            name=name,
            email=checked_text(typed.get("email", ""), "email"),
            company=typed.get("company", "")[:LONGEST],
            password=hashed(password),
            is_root=is_root,
            is_active=True,
        )

    def log_in(self, name: str, password: str) -> Record | None:
        """The account, if it is active and this is its password."""
        accounts = self._tables.accounts
        found = self._rows(select(accounts).where(accounts.c.name == name, accounts.c.is_active))
        return next((account for account in found if is_right(account.password, password)), None)

    def account(self, number: int) -> Record | None:
        accounts = self._tables.accounts
        found = self._rows(select(accounts).where(accounts.c.id == number, accounts.c.is_active))
        return next(iter(found), None)

    def accounts(self) -> Sequence[Record]:
        """All but root's, who only keeps the house."""
        accounts = self._tables.accounts
        return self._rows(select(accounts).where(~accounts.c.is_root).order_by(accounts.c.id))

    def deactivate(self, number: int) -> None:
        accounts = self._tables.accounts
        which = and_(accounts.c.id == number, ~accounts.c.is_root)
        with self._engine.begin() as connection:
            connection.execute(update(accounts).where(which).values(is_active=False))

    def add_project(self, account: int, kind: str, name: str) -> int:
        """A control repo or a module, by its number."""
        return self._insert(
            self._tables.projects, of=account, kind=kind, name=checked_text(name, "name")
        )

    def projects(self, account: int, kind: str) -> Sequence[Record]:
        projects = self._tables.projects
        which = select(projects).where(projects.c.of == account, projects.c.kind == kind)
        return self._rows(which.order_by(projects.c.id))

    def project(self, account: int, number: int, kind: str) -> Record | None:
        return next((each for each in self.projects(account, kind) if each.id == number), None)

    def add_pipeline(self, project: int, name: str, *, impact_analysis: bool) -> int:
        return self._insert(
            self._tables.pipelines,
            of=project,
            name=checked_text(name, "name"),
            impact_analysis=impact_analysis,
        )

    def pipelines(self, project: int) -> Sequence[Record]:
        pipelines = self._tables.pipelines
        which = select(pipelines).where(pipelines.c.of == project)
        return self._rows(which.order_by(pipelines.c.id))

    def add_deployment(self, pipeline: int, policy: str, node_group: str) -> None:
        group = checked_text(node_group, "node group")
        self._insert(self._tables.deployments, of=pipeline, policy=policy, node_group=group)

    def deployments(self, pipeline: int) -> Sequence[Record]:
        deployments = self._tables.deployments
        return self._rows(select(deployments).where(deployments.c.of == pipeline))

    def add_job(self, pipeline: int, name: str, hardware: str) -> None:
        self._insert(
            self._tables.jobs,
            of=pipeline,
            name=checked_text(name, "name"),
            hardware=hardware[:LONGEST],
        )

    def jobs(self, pipeline: int) -> Sequence[Record]:
        jobs = self._tables.jobs
        return self._rows(select(jobs).where(jobs.c.of == pipeline))

    def add_integration(self, account: int, system: str, server: str, token: str) -> None:
        sealed = self._seal.close(checked_text(token, "token"))
        self._insert(
            self._tables.integrations,
            of=account, system=system, server=checked_text(server, "server"), sealed_token=sealed,
        )  # fmt: skip

    def integrations(self, account: int) -> Sequence[Record]:
        integrations = self._tables.integrations
        return self._rows(select(integrations).where(integrations.c.of == account))

    def _insert(self, table: Table, **values: object) -> int:
        with self._engine.begin() as connection:
            made = connection.execute(insert(table).values(**values))
            key = made.inserted_primary_key
            return int(key[0]) if key and isinstance(key[0], int) else 0

    def _rows(self, query: Any) -> Sequence[Record]:
        with self._engine.connect() as connection:
            return connection.execute(query).all()

    def _scalar(self, query: Any) -> Any:
        with self._engine.connect() as connection:
            return connection.execute(query).scalar()


def checked_text(value: str, name: str) -> str:
    """Raises WrongInputError."""
    if not value.strip() or len(value) > LONGEST:
        raise WrongInputError(f"expected a {name} of 1 to {LONGEST} characters")
    return value.strip()
