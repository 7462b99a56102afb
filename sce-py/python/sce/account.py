"""What an account has once, for every environment in it: the trail, Config, encryption by default, passwords, alarms.

`apply` makes what is missing and tightens what is loose; what the organisation has is adopted, and nothing is loosened or deleted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from sce import _sce
from sce._account import AccountApplied, AccountStatus
from sce._progress import Progress, telling

if TYPE_CHECKING:
    from sce._core import Plan, Spec, Target

__all__ = ["apply", "permissions", "status"]


def status(
    target: Target,
    spec: Spec | None = None,
    *,
    region: str | None = None,
    cloudtrail: Literal["managed", "existing"] | None = None,
    config: Literal["managed", "existing", "none"] | None = None,
    guardduty: bool = False,
    notify: str | None = None,
    _stop: _sce.Stop | None = None,
) -> AccountStatus:
    """Reads how the account stands, and holds it to the rules; read-only. What cannot be read is in the answer, as `unknown`.

    Args:
        target: Whom to ask.
        spec: A spec, whose region, `[account]` and `[retention]` count; else the arguments below.
        region: The region: the trail's home.
        cloudtrail: Who looks after CloudTrail.
        config: Who looks after AWS Config.
        guardduty: Whether GuardDuty shall be on, which AWS bills by what it analyses.
        notify: The ARN of an SNS topic that alarms tell.

    Raises:
        InputError: When neither a spec nor a region is given.
        TargetError: When there is no session.
    """
    asked = _asked(spec, region, cloudtrail, config, guardduty, notify)
    return AccountStatus._told(_sce.account_status(asked, target._native, _stop or _sce.Stop()))


def apply(
    target: Target,
    spec: Spec | None = None,
    *,
    region: str | None = None,
    cloudtrail: Literal["managed", "existing"] | None = None,
    config: Literal["managed", "existing", "none"] | None = None,
    guardduty: bool = False,
    notify: str | None = None,
    take_over: bool = False,
    progress: Progress = None,
    _stop: _sce.Stop | None = None,
) -> AccountApplied:
    """Makes what the account lacks, tightens what is loose, and reads everything back.

    Args:
        take_over: Whether to take a lease over that a dead run has left.
        progress: See `sce.Progress`. The others are those of `status`.

    Raises:
        CloudError: When what is there cannot be read, since it could not be adopted then; and at the first thing that cannot be made.
        LeaseHeld: When another run is at work on the account.
    """
    asked = _asked(spec, region, cloudtrail, config, guardduty, notify)
    with telling(progress, "seeing to the account") as told:
        applied = _sce.account_apply(asked, target._native, take_over, told, _stop or _sce.Stop())
    return AccountApplied._told(applied)


def permissions(plan: Plan) -> dict[str, Any]:
    """The least IAM policies for whoever sees to the account that a plan is of; `plan.permissions()` has those for the environment."""
    return plan.permissions(account=True)


def _asked(
    spec: Spec | None, region: str | None, cloudtrail: str | None, config: str | None, guardduty: bool, notify: str | None
) -> tuple[_sce.Spec | None, str | None, str]:
    told = {"cloudtrail": cloudtrail, "config": config, "guardduty": guardduty, "notify": notify}
    said = {name: value for name, value in told.items() if value not in (None, False)}
    if spec is not None and (said or region is not None):
        from sce._errors import InputError

        raise InputError(f"a spec is given, and `{next(iter(said), 'region')}` beside it", help="give the one or the other")
    return (None if spec is None else spec._native), region, json.dumps(said)
