"""The rule about cloud accounts and drivers (compatibility rules, Types and references): R96."""

from collections.abc import Iterator

from reconciler.facts.asking import Member
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Path
from reconciler.model.placeholder import has_placeholder
from reconciler.model.unseen import UnseenError, never_read
from reconciler.model.wording import listed
from reconciler.rules.over import Over, of_definition
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_PATH: Path = ("driver_account",)


def _with_account(scope: Scope) -> Iterator[Subject[Member]]:
    for member in scope.references.members:
        if member.declared is not None and member.declared.entity.driver_account:
            yield of_definition(scope, member.declared, member, _PATH)


WITH_ACCOUNT = Over("definition with a cloud account", _with_account)


def _fits(subject: Subject[Member]) -> Iterator[Answer]:
    scope, member, accounts = subject.scope, subject.fact, subject.seen.accounts
    account = _account(member) or ""
    if not has_placeholder(account):
        yield from _judged(subject, _local(scope, account))
        return
    named = list(_taken_over(scope, member))
    if not named:
        raise UnseenError(never_read("the cloud account is known only at deployment"))
    for found in named:
        if found in accounts:
            yield from _judged(subject, found)


def _local(scope: Scope, account: str) -> str:
    """Id of an account without the optional organization prefix."""
    return account.removeprefix(f"{scope.organization}/")


def _taken_over(scope: Scope, member: Member) -> Iterator[str]:
    """Accounts of the definitions from which this one takes its account with `.account`."""
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


def _judged(subject: Subject[Member], account: str) -> Iterator[Answer]:
    member, accounts, drivers = subject.fact, subject.seen.accounts, subject.scope.surroundings.drivers
    kind = accounts.get(account)
    if kind is None:
        yield subject.says(
            f"Definition `{member.id}` names cloud account `{account}`, which organization "
            f"`{subject.scope.organization}` does not have",
            advice=did_you_mean(account, sorted(accounts))
            or "Create the account first, or name one that exists.",
        )
        return
    driver = None if drivers is None else drivers.get(member.driver)
    if driver is None and drivers is not None:
        return  # R114 reports drivers that do not exist
    if driver is None or not driver.account_types:
        raise UnseenError(never_read(f"driver `{member.driver}` does not say which account types it accepts"))
    if kind not in driver.account_types:
        fitting = sorted(name for name, of_type in accounts.items() if of_type in driver.account_types)
        example = f", such as `{fitting[0]}`" if fitting else ""
        yield subject.says(
            f"Cloud account `{account}` (`{kind}`) does not fit driver `{member.driver}` of definition `{member.id}`, "
            "which accepts " + listed(driver.account_types),
            others=() if member.declared is None else (member.declared.origin(("driver_type",)),),
            advice=f"Use an account of such a type{example}.",
        )


RULES = (
    Rule(
        id="R96",
        title="The cloud account exists and fits the driver",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE,),
        over=WITH_ACCOUNT,
        check=_fits,
    ),
)
