"""The rule about cloud accounts and drivers (compatibility rules, Types and references): R96."""

from collections.abc import Iterator

from reconciler.facts.asking import Member
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Path
from reconciler.model.kind import Kind
from reconciler.model.placeholder import has_placeholder
from reconciler.model.surroundings import Beside
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_PATH: Path = ("driver_account",)


def _fits(scope: Scope) -> Iterator[Finding | Unknown]:
    accounts = scope.surroundings.accounts
    untold: set[str] = set()
    silent: set[str] = set()
    for member in scope.references.members:
        account = None if member.declared is None else member.declared.entity.driver_account
        if not account:
            continue
        if accounts is None:
            yield Unknown("R96", str(scope.unread(Beside.ACCOUNTS)), scope.unread(Beside.ACCOUNTS))
            return
        if not has_placeholder(account):
            yield from _judged(scope, member, _local(scope, account), silent)
            continue
        named = list(_taken_over(scope, member))
        if not named:
            untold.add(member.id)
        for found in named:
            if found in accounts:
                yield from _judged(scope, member, found, silent)
    if untold:
        first, *others = sorted(untold)
        more = f" and {len(others)} more" if others else ""
        yield Unknown("R96", f"the cloud account of `{first}`{more} is known at deployment only")
    if silent:
        names = listed(sorted(silent))
        yield Unknown("R96", f"which types of account these drivers take is not told: {names}")


def _local(scope: Scope, account: str) -> str:
    """An account may be written with its organization in front."""
    return account.removeprefix(f"{scope.organization}/")


def _taken_over(scope: Scope, member: Member) -> Iterator[str]:
    """Accounts of the definitions whose account is taken over with `.account`; those are judged themselves."""
    graph = scope.references
    for ask in member.asks:
        if ask.path != _PATH or ask.reference is None or ask.reference.steps != ("account",):
            continue
        for start in graph.starts(member):
            for found in graph.follow(start, ask):
                account = _account(found.member)
                if account and not has_placeholder(account):
                    yield _local(scope, account)


def _account(member: Member) -> str | None:
    if member.declared is not None:
        return member.declared.entity.driver_account
    value = None if member.live is None else member.live.document.get("driver_account")
    return value if isinstance(value, str) else None


def _judged(scope: Scope, member: Member, account: str, silent: set[str]) -> Iterator[Finding]:
    """Judge one account; drivers that tell no types are added to `silent`."""
    accounts, drivers = scope.surroundings.accounts, scope.surroundings.drivers
    assert accounts is not None
    kind = accounts.get(account)
    if kind is None:
        yield _finding(
            scope,
            member,
            f"Definition `{member.id}` names cloud account `{account}`, which organization `{scope.organization}` "
            "does not have",
            did_you_mean(account, sorted(accounts)) or "Create the account first, or name one that exists.",
            Severity.ERROR if accounts else Severity.WARNING,
        )
        return
    driver = None if drivers is None else drivers.get(member.driver)
    if driver is None and drivers is not None:
        return  # a driver that does not exist is rule R114's subject
    if driver is None or not driver.account_types:
        silent.add(member.driver)
    elif kind not in driver.account_types:
        fitting = sorted(name for name, of_type in accounts.items() if of_type in driver.account_types)
        yield _finding(
            scope,
            member,
            f"Cloud account `{account}` (`{kind}`) does not fit driver `{member.driver}` of definition `{member.id}`, "
            "which takes " + listed(driver.account_types),
            f"Use an account of such a type, such as `{fitting[0]}`."
            if fitting
            else "Use an account of such a type.",
        )


def _finding(
    scope: Scope, member: Member, message: str, advice: str, severity: Severity = Severity.ERROR
) -> Finding:
    assert member.declared is not None
    key = scope.key(Kind.DEFINITION, member.id)
    return Finding("R96", severity, message, member.declared.origin(_PATH), key=key, advice=advice)


RULES = (
    Rule(
        id="R96",
        title="The cloud account exists and fits the driver",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE,),
        over=SCOPE,
        check=_fits,
    ),
)
