#!/usr/bin/env python3
"""Decides the requests of the IAM corpus on its own, written from AWS's pages alone, and compares with what sce decides.

    cargo bench -p sce-core --bench authorize -- --decisions | tools/iam_oracle.py

It shares nothing with the Rust evaluator: patterns become regular expressions, numbers floats, layers sets of statements. It knows
what the corpus uses of the language, and stops on anything else. Exit status 1 when a verdict differs.
"""

import collections
import datetime
import ipaddress
import json
import re
import sys

NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotLike": "ArnLike", "NotIpAddress": "IpAddress"}


def glob(pattern, text):
    """Whether `*` and `?` of the pattern make it the text."""
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(c, re.escape(c)) for c in pattern), text, re.DOTALL) is not None


def substituted(text, context, policy):
    """The text with its variables replaced, literally; none when one is unknown."""
    if policy.get("Version") != "2012-10-17":
        return text
    known = lambda name: name.group(1).lower() in context and not isinstance(context[name.group(1).lower()], list)
    names = list(re.finditer(r"\$\{([^}]*)\}", text))
    if not all(map(known, names)):
        return None
    return re.sub(r"\$\{([^}]*)\}", lambda name: context[name.group(1).lower()], text)


def listed(value):
    return value if isinstance(value, list) else [value]


def words(value):
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in listed(value)]


def when(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def equal(operator, wanted, said):
    if operator in ("StringEquals", "Bool"):
        return wanted == said
    if operator == "StringLike":
        return glob(wanted, said)
    if operator in ("ArnLike", "ArnEquals"):
        parts = wanted.split(":", 5), said.split(":", 5)
        if len(parts[0]) < 6:
            parts = wanted.split(":", len(parts[0]) - 1), said.split(":", len(parts[0]) - 1)
        return len(parts[0]) == len(parts[1]) and all(glob(a, b) for a, b in zip(*parts))
    if operator == "IpAddress":
        network, address = ipaddress.ip_network(wanted, strict=False), ipaddress.ip_address(said)
        return network.version == address.version and address in network
    if operator.startswith("Numeric"):
        a, b = float(said), float(wanted)
        return {"NumericLessThan": a < b, "NumericLessThanEquals": a <= b}[operator]
    if operator.startswith("Date"):
        return {"DateGreaterThan": when(said) > when(wanted), "DateLessThan": when(said) < when(wanted)}[operator]
    raise SystemExit(f"an operator that the oracle does not know: {operator}")


def condition(operator, key, wanted, context, effect, policy):
    said = context.get(key.lower())
    said = None if said is None else words(said)
    if operator == "Null":
        return str(said is None).lower() in words(wanted)
    collective, _, plain = operator.rpartition(":")
    plain, if_exists = plain.removesuffix("IfExists"), plain.endswith("IfExists")
    negated = plain in NEGATED
    if said is None:
        return if_exists or {"ForAllValues": True, "ForAnyValue": False}.get(collective, negated)
    resolved = [substituted(text, context, policy) for text in words(wanted)]

    def one(value):
        hit = any(text is not None and equal(NEGATED.get(plain, plain), text, value) for text in resolved)
        return hit != negated

    every = collective == "ForAllValues" or (not collective and effect == "Deny")
    return all(map(one, said)) if every else any(map(one, said))


def named(principal, caller):
    """How a principal element names the caller: the closest of direct, role and account."""
    if principal == "*":
        return "direct"
    ways = set()
    for kind, names in principal.items():
        for name in listed(names):
            if kind == "Service" and caller["type"] == "service" and caller["name"] == name:
                ways.add("direct")
            if kind != "AWS":
                continue
            if name == "*":
                ways.add("direct")
            if caller["type"] != "aws":
                continue
            arn = caller["arn"]
            account = arn.split(":")[4]
            if name == account or name == f"arn:aws:iam::{account}:root":
                ways.add("account")
            elif name == arn:
                ways.add("role" if ":role/" in arn else "direct")
            elif ":assumed-role/" in arn and ":role/" in name:
                if name.split(":")[4] == account and name.rsplit("/")[-1] == arn.split("/")[1]:
                    ways.add("role")
            elif ":role/" in arn and ":assumed-role/" in name:
                if name.split(":")[4] == account and name.split("/")[1] == arn.rsplit("/")[-1]:
                    ways.add("direct")
    return next((way for way in ("direct", "role", "account") if way in ways), None)


def spared(principal, caller):
    """Whether a NotPrincipal leaves the caller alone in a denial: all that acts through the caller must be listed."""
    if caller["type"] != "aws":
        return False
    arn = caller["arn"]
    account = arn.split(":")[4]
    names = set(listed(principal["AWS"]))
    whole = bool({account, f"arn:aws:iam::{account}:root"} & names)
    if arn.endswith(":root"):
        return whole
    if ":user/" in arn:
        return whole and arn in names
    return False  # the corpus lists users only


def applies(statement, request, policy, bounded):
    caller, effect = request["principal"], statement["Effect"]
    way = "direct"
    if "Principal" in statement:
        way = named(statement["Principal"], caller)
    elif "NotPrincipal" in statement:
        assert effect == "Deny"
        way = None if not bounded and spared(statement["NotPrincipal"], caller) else "direct"
    if way is None:
        return None
    action = request["action"].lower()
    hit = any(glob(a.lower(), action) for a in listed(statement.get("Action", statement.get("NotAction"))))
    if hit == ("NotAction" in statement):
        return None
    if "Resource" in statement or "NotResource" in statement:
        patterns = [substituted(r, request["context"], policy) for r in listed(statement.get("Resource", statement.get("NotResource")))]
        hit = any(p is not None and glob(p, request["resource"]) for p in patterns)
        if hit == ("NotResource" in statement):
            return None
    for operator, keys in statement.get("Condition", {}).items():
        for key, wanted in keys.items():
            if not condition(operator, key, wanted, request["context"], effect, policy):
                return None
    return way


def ways(documents, effect, request, bounded):
    statements = ((s, d) for d in documents for s in listed(d["Statement"]) if s["Effect"] == effect)
    return {way for s, d in statements if (way := applies(s, request, d, bounded))}


def decide(request):
    caller, policies = request["principal"], request["policies"]
    request = dict(request, context={k.lower(): v for k, v in request["context"].items()})
    for key, value in request["context"].items():
        if not isinstance(value, list):
            request["context"][key] = words(value)[0]
    account = caller["arn"].split(":")[4] if caller["type"] == "aws" else None
    if account:
        arn = caller["arn"]
        role = re.sub(r":sts:(:\d+):assumed-role/([^/]+)/.*", r":iam:\1:role/\2", arn)
        request["context"].setdefault("aws:principalarn", role)
        request["context"].setdefault("aws:principalaccount", account)
    if caller["type"] != "anonymous":
        request["context"].setdefault("aws:principalisawsservice", str(caller["type"] == "service").lower())
    resource = [policies["resource"]] if policies.get("resource") else []
    get = lambda kind: policies.get(kind, [])
    bounded = bool(get("boundary"))
    scps = get("scp") if account else []
    layers = [get("identity"), resource, get("boundary"), get("session"), get("endpoint"), *scps, *get("rcp")]
    if any(ways(layer, "Deny", request, bounded) for layer in layers):
        return "explicit_deny"
    allow = lambda documents: ways(documents, "Allow", request, bounded)
    if get("endpoint") and not allow(get("endpoint")) or not all(allow(level) for level in scps):
        return "implicit_deny"
    granted = allow(resource)
    if not account:
        return "allow" if "direct" in granted else "implicit_deny"
    within = (not bounded or allow(get("boundary"))) and (not get("session") or allow(get("session")))
    own = caller["arn"].endswith(":root") or bool(allow(get("identity"))) and within
    if account != request["resource_account"]:
        return "allow" if own and granted else "implicit_deny"
    action = request["action"].lower()
    must = action.startswith("kms:") or action.startswith("sts:assumerole")
    fine = own and (granted or not must) or "direct" in granted or "role" in granted and within
    return "allow" if fine else "implicit_deny"


def main():
    counts, wrong = collections.Counter(), 0
    for line in sys.stdin:
        both = json.loads(line)
        ours, theirs = both["decision"]["verdict"], decide(both["request"])
        counts[theirs] += 1
        if ours != theirs:
            wrong += 1
            if wrong <= 5:
                print(f"sce: {ours} {both['decision']['because']}; oracle: {theirs}\n{line}", file=sys.stderr)
    print(f"{sum(counts.values())} requests, {wrong} decided otherwise: {dict(counts)}")
    sys.exit(1 if wrong or not counts else 0)


if __name__ == "__main__":
    main()
