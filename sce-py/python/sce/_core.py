"""Specs, locks, plans and models: what a verb is about, and the verbs that they have."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from sce import _sce
from sce._account import Applied, Drift, Sheet, Verification, _Seen
from sce._errors import InputError, TargetError
from sce._judged import Coverage, Findings, Proofs, Register
from sce._planned import Changes, CostLines, Difference, Differences, Estimate, Exposures, Outcome, Outcomes, Resources
from sce._progress import Progress, telling

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TypeAlias

__all__ = ["Lock", "Model", "Network", "Plan", "Spec", "Target", "in_thread"]

Day: TypeAlias = "date | str | None"
File: TypeAlias = "str | os.PathLike[str]"
T = TypeVar("T")


class Target:
    """Whom to speak to: emulators on this machine, or an account that is named. There is no default.

    Args:
        endpoint: Where emulators listen, on loopback: `"http://127.0.0.1:5000"` for all services, or a dictionary that has others for
            single services, as `{"": "http://127.0.0.1:5000", "s3": "http://127.0.0.1:4566"}`.
        real_account: The twelve digits of an account at AWS. The credentials are those that the AWS tools would use; whose they are is
            compared before anything else.
        divergences: A file that tells what the emulators cannot show, so that it is not counted as verified.

    Raises:
        TargetError: When neither or both are given, or an endpoint is not on this machine.

    >>> Target(endpoint="http://127.0.0.1:5000")
    Target(endpoint={'': 'http://127.0.0.1:5000'})
    >>> Target(endpoint="https://s3.amazonaws.com")
    Traceback (most recent call last):
    sce.TargetError: endpoint `https://s3.amazonaws.com` is not on this machine
    help: emulators listen on 127.0.0.1; a real account is named with `--real-account ID`
    """

    __slots__ = ("_native", "divergences", "endpoint", "real_account")
    _native: _sce.Target
    endpoint: dict[str, str]
    real_account: str | None
    divergences: str | None

    def __init__(
        self,
        *,
        endpoint: str | Mapping[str, str] | None = None,
        real_account: str | None = None,
        divergences: File | None = None,
    ) -> None:
        if (endpoint is None) == (real_account is None):
            both = "both" if endpoint is not None else "neither"
            raise TargetError(
                f"{both} of an emulator and a real account {'are' if both == 'both' else 'is'} named, and sce does not guess",
                help='give `endpoint="http://127.0.0.1:PORT"` for an emulator, or `real_account="ID"` for AWS',
            )
        named = {"": endpoint} if isinstance(endpoint, str) else dict(endpoint or {})
        flags = [f"{service}={url}" if service else url for service, url in named.items()]
        told = None if divergences is None else os.fspath(divergences)
        native = _sce.Target(flags, real_account, told)
        for name, value in (("_native", native), ("endpoint", named), ("real_account", real_account), ("divergences", told)):
            object.__setattr__(self, name, value)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Target:
        """The emulators that `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` name, as the command reads them.

        >>> Target.from_environment({"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:2"})
        Target(endpoint={'': 'http://127.0.0.1:1', 's3': 'http://127.0.0.1:2'})
        """
        named = {}
        for name, url in sorted(environ.items()):
            service = name.removeprefix("AWS_ENDPOINT_URL").removeprefix("_").lower()
            if name.startswith("AWS_ENDPOINT_URL") and url:
                named["logs" if service == "cloudwatch_logs" else service] = url
        return cls(endpoint=named or None, divergences=environ.get("SCE_DIVERGENCES") or None)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a target cannot be changed: `{name}`")

    def __repr__(self) -> str:
        if self.real_account is not None:
            return f"Target(real_account={self.real_account!r})"
        return f"Target(endpoint={self.endpoint!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Target) and self._told() == other._told()

    def __hash__(self) -> int:
        return hash(repr(self))

    def _told(self) -> dict[str, Any]:
        return {"endpoint": self.endpoint or None, "real_account": self.real_account, "divergences": self.divergences}

    def __reduce__(self) -> Any:
        return _target, (self._told(),)


def _target(told: dict[str, Any]) -> Target:
    return Target(**told)


class Spec:
    """What is asked: the fifteen lines that a builder writes. Everything that is not said has a default.

    >>> spec = Spec.from_toml(Spec.example("hipaa"))
    >>> spec
    <Spec `hipaa` in us-west-2>
    >>> Spec.from_toml('pit = "hipaa"\\nregoin = "us-west-2"')
    Traceback (most recent call last):
    sce.SpecError: unknown field `regoin`, ...
    """

    __slots__ = ("_native",)

    def __init__(self, native: _sce.Spec) -> None:
        self._native = native

    @classmethod
    def from_toml(cls, text: str) -> Spec:
        """Reads a spec written in TOML. Raises `SpecError`, which has everything that is wrong, by line."""
        return cls(_sce.Spec.parse(text, json=False))

    @classmethod
    def from_dict(cls, spec: Mapping[str, Any]) -> Spec:
        """Makes a spec of a dictionary with the keys of the TOML; dates may be `datetime.date`.

        >>> Spec.from_dict({"pit": "hipaa", "region": "us-west-2", "owner": "builder@example.edu"}).pit
        'hipaa'
        """
        return cls(_sce.Spec.parse(json.dumps(spec, default=_plain), json=True))

    @classmethod
    def load(cls, path: File) -> Spec:
        """Reads a spec's file: TOML, or JSON when its name ends so. `sce.lock` and keys beside the file are used as the command does."""
        return cls(_sce.Spec.load(os.fspath(path)))

    @staticmethod
    def example(
        pit: str = "hipaa",
        access: Literal["session-manager", "bastion", "instance-connect"] | None = None,
        *,
        policy: File | None = None,
    ) -> str:
        """A commented spec, in TOML, that plans and checks clean as it stands (but for `bastion`'s example range).

        Args:
            pit: The Project Identifier Tag.
            access: How people get in: `session-manager`, unless the policy has another default.
            policy: The file of an institution's policy, with the defaults that the spec starts with.
        """
        return _sce.example(pit, access, None if policy is None else os.fspath(policy))

    @staticmethod
    def schema() -> dict[str, Any]:
        """The JSON Schema of specs."""
        return _sce.schema()

    def to_dict(self) -> dict[str, Any]:
        """The spec with every default in its place."""
        told: dict[str, Any] = json.loads(self._native.json())
        return told

    def save(self, path: File) -> Spec:
        """Writes the spec, as JSON, and returns it as read from there. The name should end in `.json`."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self._native.json() + "\n")
        return Spec.load(path)

    @property
    def pit(self) -> str:
        """The Project Identifier Tag, which names and tags everything."""
        return self._native.pit

    @property
    def region(self) -> str:
        """The AWS region."""
        return self._native.region

    @property
    def owner(self) -> str:
        """Who answers for the environment."""
        return self._native.owner

    @property
    def path(self) -> Path | None:
        """The file that it was read from, if it was."""
        from pathlib import Path

        path = self._native.path
        return None if path is None else Path(path)

    def lock(self, target: Target | None = None, *, keep: bool = True, update_images: bool = False) -> Lock:
        """What the account supplies: asked of the target, and kept in `sce.lock` beside the spec's file if it has one.

        A lock that is made again keeps the machine images that it has, since another image makes another machine; `update_images` takes
        the newest.

        Without a target the lock beside the file is read, and where there is none placeholders serve: good to plan and check with.

        Raises:
            CloudError: When AWS does not answer.
            PlanError: When the account has not what the spec wants.
        """
        if target is None:
            return Lock(self._native.kept_lock())
        return Lock(_sce.resolve_lock(self._native, target._native, keep, update_images, _sce.Stop()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self._native.json() == other._native.json()

    def __hash__(self) -> int:
        return hash(self._native.json())

    def __reduce__(self) -> Any:
        return (Spec.load, (self.path,)) if self.path else (Spec.from_dict, (self.to_dict(),))

    def __repr__(self) -> str:
        return f"<Spec `{self.pit}` in {self.region}>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.spec(self)


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a spec has no place for a {type(value).__name__}")


class Lock:
    """What the account supplies to one environment: its number, a zone, images, administrators, keys."""

    __slots__ = ("_native",)

    def __init__(self, native: _sce.Lock) -> None:
        self._native = native

    @classmethod
    def offline(cls, spec: Spec) -> Lock:
        """Placeholders, good for planning and checking and not for building.

        >>> Lock.offline(Spec.from_toml(Spec.example("hipaa")))
        <Lock for account 111122223333, placeholders>
        """
        return cls(spec._native.offline_lock())

    @classmethod
    def from_dict(cls, lock: Mapping[str, Any]) -> Lock:
        """A lock that `to_dict` told."""
        return cls(_sce.Lock.parse(json.dumps(lock)))

    def to_dict(self) -> dict[str, Any]:
        """What it says."""
        told: dict[str, Any] = json.loads(self._native.json())
        return told

    @property
    def account(self) -> str:
        """The account's twelve digits."""
        return self._native.account

    @property
    def is_offline(self) -> bool:
        """Whether it is made of placeholders."""
        return self._native.offline

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lock) and self._native.json() == other._native.json()

    def __hash__(self) -> int:
        return hash(self._native.json())

    def __reduce__(self) -> Any:
        return Lock.from_dict, (self.to_dict(),)

    def __repr__(self) -> str:
        return f"<Lock for account {self.account}{', placeholders' if self.is_offline else ''}>"


def judging(on: Day, policy: File | None, catalog: File | None) -> dict[str, Any]:
    """What a judgement rests on beside the facts, as the native half takes it."""
    return {
        "on": on.isoformat() if isinstance(on, date) else on,
        "policy": None if policy is None else os.fspath(policy),
        "catalog": None if catalog is None else os.fspath(catalog),
    }


class Plan:
    """Every thing that shall be, with its name, tags, properties and order. The same spec and lock give the same plan.

    `sce.plan(spec)` makes one.

    >>> plan = Plan(Spec.from_toml(Spec.example("hipaa")))
    >>> plan["vpc"].properties["cidr"]
    '10.0.0.0/16'
    >>> plan.check().ok
    True
    """

    __slots__ = ("_native", "lock", "spec")

    def __init__(self, spec: Spec, lock: Lock | None = None) -> None:
        self.spec = spec
        """The spec it follows from."""
        self.lock = spec.lock() if lock is None else lock
        """The lock it follows from."""
        self._native = _sce.Plan(spec._native, self.lock._native)

    @property
    def pit(self) -> str:
        """The environment."""
        return self.spec.pit

    @property
    def digest(self) -> str:
        """SHA-256 over the plan, in hexadecimal."""
        return self._native.digest

    @property
    def is_offline(self) -> bool:
        """Whether it rests on placeholders, so that it can be looked at but not applied."""
        return self._native.offline

    @property
    def nodes(self) -> Resources:
        """What shall be, each after all that it needs."""
        return Resources._of_list([{**node, "node": node["id"]} for node in self._native.nodes()])

    def __getitem__(self, node: str) -> Any:
        for found in self.nodes:
            if found.node == node:
                return found
        raise KeyError(node)

    def to_json(self) -> str:
        """The plan as `sce plan --json` writes it; the same plan gives the same bytes."""
        return self._native.json()

    def check(self, *, on: Day = None, policy: File | None = None, catalog: File | None = None) -> Findings:
        """Judges the plan by every rule, and proves what is claimed of it. It raises nothing: see `Findings.ok`.

        Args:
            on: The day of the judgement, today when absent: waivers expire.
            policy: The file of an institution's policy.
            catalog: The file of a catalogue of eligible services, instead of the built-in one.
        """
        return Findings._judged(self._native.check(judging(on, policy, catalog)))

    def prove(self, *, beside: Plan | None = None) -> Proofs:
        """Examines every claim; with `beside`, that the environment is isolated from that one.

        >>> Plan(Spec.from_toml(Spec.example("hipaa"))).prove()["no-path-from-internet-to-private-subnet"].holds
        True
        """
        return Proofs._of_list(self._native.prove(None if beside is None else beside._native))

    def cost(self, *, hours_per_week: int | None = None, prices: File | None = None) -> Estimate:
        """What it costs, roughly; `hours_per_week` (0 to 168, all by default) is how long machines run."""
        told, text = self._native.cost(hours_per_week, None if prices is None else os.fspath(prices))
        return Estimate._of({**told, "lines": CostLines._of_list(told["lines"]), "text": text})

    def coverage(self, *, on: Day = None, policy: File | None = None) -> Coverage:
        """How each item of the Security Rule is answered."""
        told, markdown = self._native.coverage(judging(on, policy, None))
        return Coverage._of({**told, "markdown": markdown})

    def register(self, *, on: Day = None, policy: File | None = None) -> Register:
        """The risk register."""
        told, markdown = self._native.register(judging(on, policy, None))
        return Register._of({**told, "markdown": markdown})

    def sarif(
        self, *, on: Day = None, policy: File | None = None, catalog: File | None = None, all: bool = False
    ) -> dict[str, Any]:
        """Findings and claims as SARIF 2.1.0, for code hosts and editors, with the lines of the spec's file; with `all` what is kept too.

        Raises:
            InputError: When the spec was read from no file.
        """
        if self.spec.path is None:
            raise InputError("the spec is in no file, and SARIF tells of lines", help="read it with `sce.Spec.load(path)`")
        from urllib.parse import quote

        uri = quote(self.spec.path.as_posix())
        return self._native.sarif(judging(on, policy, catalog), os.fspath(self.spec.path), uri, all)

    def permissions(self, *, account: bool = False, bypass_governance: bool = False) -> dict[str, Any]:
        """The least IAM policies for whoever runs `sce` on it, by duty, as `sce permissions --json` tells them.

        Args:
            account: Whether those for seeing to what the account has once (`sce.account`) are asked for instead.
            bypass_governance: Whether closing out may delete what is locked in governance mode, which only
                `close_out(..., dangerously_bypass_governance=True)` does.

        >>> told = Plan(Spec.from_toml(Spec.example("hipaa"))).permissions()
        >>> [document["duty"] for document in told["documents"]][:2]
        ['provisioner', 'operator']
        """
        return self._native.permissions(account, bypass_governance)

    def diff(self, earlier: Plan) -> Differences:
        """What changes from an earlier plan to this one."""
        told = []
        for change in self._native.diff(earlier._native):
            ((word, what),) = change.items()
            node, differences = (what["id"], what["differences"]) if word == "changed" else (what, [])
            told.append(Difference(node, word, differences))
        return Differences(told)

    def changes(self, target: Target, *, _stop: _sce.Stop | None = None) -> Changes:
        """What applying it would do to each thing that is there, with what is lost; read-only.

        Raises:
            CloudError: When the registry cannot be read. A thing that cannot be read is in the answer, as `unread`.
        """
        return Changes._told(_sce.changes(self._native, target._native, _stop or _sce.Stop()))

    @property
    def svg(self) -> str:
        """The diagram, as SVG: its network with what stands in it, the ways out, and the stores beside it."""
        return self._native.svg()

    def model(self) -> Model:
        """The state of the environment as it will be."""
        return Model(self._native.model())

    def network(self) -> Network:
        """Where packets will be able to go."""
        return self.model().network()

    def access(self, person: str | None = None, *, target: Target | None = None, keys_in: str | None = None) -> list[Sheet]:
        """What people are handed to get in. Without a target, words in capitals stand for addresses and ids."""
        native = None if target is None else target._native
        return [Sheet._of(told) for told in _sce.hand_over(self._native, person, native, keys_in, _sce.Stop())]

    def apply(
        self,
        target: Target,
        *,
        on: Day = None,
        policy: File | None = None,
        catalog: File | None = None,
        take_over: bool = False,
        undo_on_failure: bool = False,
        may_stop_machines: bool = False,
        reopen: bool = False,
        dangerously_replace: Iterable[str] = (),
        progress: Progress = None,
        _stop: _sce.Stop | None = None,
    ) -> Applied:
        """Builds what is missing, changes in place what differs, then reads everything back.

        The lock has to be the account's: `sce.plan(spec, spec.lock(target))`. Ctrl-C lets calls in flight end, journals them and raises
        `KeyboardInterrupt`, whose cause says what is left behind; the next apply goes on from there.

        Args:
            target: Whom to speak to.
            undo_on_failure: Whether a run that fails or is interrupted deletes what it made.
            may_stop_machines: Whether machines that run may be stopped, and started again, where a change takes that, such as another type.
            reopen: Whether to build on where a close-out has begun: what it deleted is made anew, and empty.
            take_over: Whether to take a lease over that another run holds, or that a run cut short has left.
            dangerously_replace: Places in the plan that may be deleted with the data that they hold, where the spec replaces them or
                gave them up; `changes(target).losing` says which and what is lost.
            progress: See `sce.Progress`.

        Raises:
            CheckFailed: When rules or claims stop the plan; nothing is built.
            CloudError: When AWS refuses; `left_behind` says what is there.
            LeaseHeld: When another run is at work on the environment.
        """
        terms = judging(on, policy, catalog)
        how = {
            "take_over": take_over,
            "undo_on_failure": undo_on_failure,
            "may_stop_machines": may_stop_machines,
            "reopen": reopen,
            "dangerously_replace": list(dangerously_replace),
        }
        with telling(progress, f"building {self.pit}") as told:
            done = _sce.apply(self._native, target._native, terms, how, told, _stop or _sce.Stop())
        return Applied._of({**done, "verification": Verification._seen(done["verification"])})

    async def apply_async(self, target: Target, **options: Any) -> Applied:
        """`apply`, awaited. Cancelling the task stops it as Ctrl-C would."""
        return await in_thread(self.apply, target, **options)

    def verify(
        self,
        target: Target,
        *,
        on: Day = None,
        policy: File | None = None,
        catalog: File | None = None,
        _stop: _sce.Stop | None = None,
    ) -> Verification:
        """Reads everything back and compares; read-only. What cannot be read is in the answer."""
        return Verification._seen(
            _sce.verify(self._native, target._native, judging(on, policy, catalog), _stop or _sce.Stop())
        )

    def drift(
        self,
        target: Target,
        *,
        on: Day = None,
        policy: File | None = None,
        catalog: File | None = None,
        _stop: _sce.Stop | None = None,
    ) -> Drift:
        """How the account differs from the plan, in the words of the rules, and who did it where CloudTrail tells; read-only.

        `Drift.repair` puts back what can be put back in place, after a yes.

        Raises:
            CloudError: When the registry cannot be read.
        """
        seen = _sce.drift(self._native, target._native, judging(on, policy, catalog), _stop or _sce.Stop())
        return Drift._of({**seen.told(), "text": seen.text(), "_seen": _Seen(seen, target)})

    async def verify_async(self, target: Target, **options: Any) -> Verification:
        """`verify`, awaited."""
        return await in_thread(self.verify, target, **options)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plan) and self.digest == other.digest and (self.spec, self.lock) == (other.spec, other.lock)

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> Any:
        return Plan, (self.spec, self.lock)

    def __str__(self) -> str:
        return self._native.text()

    def __repr__(self) -> str:
        offline = ", placeholders for the account" if self.is_offline else ""
        return f"<Plan {self.digest[:12]} for `{self.pit}` in {self.spec.region}: {len(self.nodes)} things{offline}>"

    def _repr_html_(self) -> str:
        from sce import _show

        return _show.plan(self)


class Model:
    """The state of an environment: as planned, as it is (`sce.observe`), or as it was saved (`sce.read_saved`)."""

    __slots__ = ("_native",)

    def __init__(self, native: _sce.Model) -> None:
        self._native = native

    @property
    def source(self) -> str:
        """Where the facts come from: `plan` or `account`."""
        return self._native.source()

    @property
    def resources(self) -> Resources:
        """What there is."""
        return Resources._of_list(self._native.resources())

    @property
    def unread(self) -> list[dict[str, str]]:
        """What could not be read, and why; rules about it answer `unknown`."""
        return self._native.unread()

    def check(self, *, on: Day = None, policy: File | None = None, catalog: File | None = None) -> Findings:
        """Judges it by every rule, as `Plan.check` does."""
        return Findings._judged(self._native.check(judging(on, policy, catalog)))

    def coverage(self, *, on: Day = None, policy: File | None = None) -> Coverage:
        """How each item of the Security Rule is answered by what is there."""
        told, markdown = self._native.coverage(judging(on, policy, None))
        return Coverage._of({**told, "markdown": markdown})

    def register(self, *, on: Day = None, policy: File | None = None) -> Register:
        """The risk register of what is there."""
        told, markdown = self._native.register(judging(on, policy, None))
        return Register._of({**told, "markdown": markdown})

    @property
    def left_out(self) -> list[str]:
        """Of a folder of saved answers: files that hold no JSON, so that nothing was taken from them."""
        return self._native.left_out

    def prove(self) -> Proofs:
        """Examines every claim on it."""
        return Proofs._of_list(self._native.prove())

    def network(self) -> Network:
        """Where packets can go in it."""
        return Network(self._native.network())

    def __reduce__(self) -> Any:
        raise TypeError("a model is not pickled: observe or read it again, or pickle what it tells (`resources`, `check()`)")

    def __repr__(self) -> str:
        return f"<Model of `{self._native.pit}`, {self.source}: {len(self.resources)} things, {len(self.unread)} unread>"

    def _repr_html_(self) -> str:
        return self.resources._repr_html_()


class Network:
    """Where packets can go: of a plan, of what was observed, or of a folder of saved answers of AWS (`sce.reach`).

    >>> network = Plan(Spec.from_toml(Spec.example("hipaa"))).network()
    >>> network.exposed()
    <Exposures: 0>
    >>> flow = {"from": "internet", "src_ip": "198.51.100.7", "dst_ip": "10.0.1.4", "protocol": "tcp", "dst_port": 22}
    >>> network.walk(flow).verdict
    'no_such_host'
    """

    __slots__ = ("_native",)

    def __init__(self, native: _sce.Network) -> None:
        self._native = native

    def walk(self, flow: Mapping[str, Any]) -> Outcome:
        """Follows one flow: its first packet there, and the reply back.

        A flow has `from` (`internet`, or the id of an instance, interface, subnet or gateway), `src_ip`, `dst_ip`, `protocol` (`tcp`,
        `udp`, `icmp` or a number), `dst_port` and perhaps `src_port`.
        """
        return self.walk_all([flow])[0]

    def walk_all(self, flows: Iterable[Mapping[str, Any]]) -> Outcomes:
        """Follows many flows; what they share is worked out once."""
        return Outcomes._of_list(self._native.walk([json.dumps(flow) for flow in flows]))

    def exposed(self) -> Exposures:
        """All that a host on the internet can have a conversation with."""
        return Exposures._of_list(self._native.exposed())

    @property
    def names(self) -> dict[str, list[str]]:
        """The ids that there are: `vpcs`, `subnets`, `interfaces`."""
        return self._native.names()

    @property
    def unread(self) -> list[dict[str, str]]:
        """What was not read, and so is taken to be as wide as it may be."""
        return self._native.unread()[0]

    def __reduce__(self) -> Any:
        raise TypeError("a network is not pickled: make it again of its plan, model or folder")

    def __repr__(self) -> str:
        names = self.names
        return f"<Network: {len(names['vpcs'])} VPCs, {len(names['subnets'])} subnets, {len(names['interfaces'])} interfaces>"


async def in_thread(call: Callable[..., T], *arguments: Any, **options: Any) -> T:
    """Awaits a call that runs in a thread of its own. Cancelled, it is asked to stop, and waited for: it journals what it did."""
    import asyncio

    stop = _sce.Stop()
    # A future does not carry every exception: one that ends a program, as being stopped does, is brought by hand.
    outcome: list[T | BaseException] = []

    def called() -> None:
        try:
            outcome.append(call(*arguments, _stop=stop, **options))
        except BaseException as error:
            outcome.append(error)

    running = asyncio.ensure_future(asyncio.to_thread(called))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        stop.ask()
        await asyncio.wait([running])
        raise
    (ended,) = outcome
    if isinstance(ended, BaseException):
        raise ended
    return ended
