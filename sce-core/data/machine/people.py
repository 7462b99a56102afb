#!/usr/bin/python3
# One account for each person on the list, none for who was struck off it. Exit: 0 done, 1 in part, 2 the list was no use.
#
# What explains stands in comments and not in docstrings, since the renderer in machine.rs leaves comments out.

import json
import os
import re
import subprocess
import sys
import time

ROOT = os.environ.get("SCE_ROOT", "")
KEYS = ROOT + "/etc/sce/keys"
LIMIT = 1 << 20
LOGIN = re.compile("[a-z][a-z0-9_-]{0,31}")
# The same grammar as PublicKey in ssh.rs: nothing fits in that an option, a second key or a second line could hide in.
KEY = re.compile("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}")


# Why the list is no use; nothing is changed then.
class Refused(Exception):
    pass


# Reads the list whole before anything is changed.
def main():
    try:
        with open(ROOT + "/etc/sce/people.json") as file:
            settings = json.load(file)
        people = read(fetch(settings))
        accounts, taken = look()
    except (Refused, OSError, LookupError, ValueError) as why:
        say(f"nothing changed: {why}")
        return 2
    return settle(people, accounts, taken, settings)


# The list as it lies in the bucket. The tool's own messages are not passed on.
def fetch(settings):
    source = f"s3://{settings['bucket']}/{settings['key']}"
    command = ["timeout", "60", "aws", "s3", "cp", "--region", settings["region"], source, "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        data = process.stdout.read(LIMIT + 1)
        if len(data) > LIMIT:
            process.terminate()
            raise Refused("the list is too large")
    if process.returncode:
        raise Refused(f"the list cannot be fetched (exit {process.returncode})")
    return data


# Names and keys, or `Refused`: one thing out of order makes the whole list suspect.
def read(data):
    try:
        document = json.loads(data, object_pairs_hook=unambiguous)
    except (ValueError, RecursionError):
        raise Refused("the list is no JSON") from None
    version, persons = members(document, "schema_version", "people")
    if type(version) is not int or version != 1 or not isinstance(persons, list):
        raise Refused("the list is of another version")
    people = {}
    for person in persons:
        # While a key is rotated, the one before opens too.
        before = person.pop("previous_key", None) if isinstance(person, dict) else None
        name, key = members(person, "name", "key")
        if not isinstance(name, str) or not LOGIN.fullmatch(name) or name in people:
            raise Refused("a name is out of order")
        keys = [each for each in (key, before) if each is not None]
        if not all(isinstance(each, str) and KEY.fullmatch(each) for each in keys):
            raise Refused(f"the key of {name} is out of order")
        people[name] = keys
    return people


def unambiguous(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError
    return dict(pairs)


def members(value, *names):
    if not isinstance(value, dict) or set(value) != set(names):
        raise Refused("the list is out of order")
    return [value[name] for name in names]


# Accounts of ours, known by their group: a person's name, and the login, whether it is active and whether it is expired. And the names
# that are taken by others.
def look():
    groups = {fields[0]: fields[2] for fields in rows("group")}
    if not {"sce-people", "sce-former"} <= set(groups):
        raise Refused("the groups are missing")
    expired = {fields[0] for fields in rows("shadow") if fields[7]}
    accounts, taken = {}, set(groups)
    for fields in rows("passwd"):
        if fields[3] == groups["sce-people"]:
            accounts[fields[0]] = (fields[0], True, fields[0] in expired)
        elif fields[3] == groups["sce-former"]:
            accounts.setdefault(fields[4], (fields[0], False, True))
        else:
            taken.add(fields[0])
    return accounts, taken


def rows(name):
    with open(f"{ROOT}/etc/{name}") as file:
        return [line.rstrip("\n").split(":") for line in file if ":" in line]


# Who goes, goes first, and no failure for one person holds up another.
def settle(people, accounts, taken, settings):
    done = [attempt(remove, name) for name, (_, active, _) in accounts.items() if active and name not in people]
    for name in sorted(os.listdir(KEYS)):
        if not people.get(name) or name in taken:
            done.append(attempt(withdraw, name, accounts.get(name)))
    for name, keys in people.items():
        if name in taken:
            say(f"{name}: the name is taken, left alone")
            done.append(False)
        else:
            done.append(attempt(admit, name, keys, accounts.get(name), settings))
    return 0 if all(done) else 1


def attempt(action, name, *rest):
    try:
        action(name, *rest)
        return True
    except (OSError, subprocess.SubprocessError) as why:
        say(f"{name}: {action.__name__} failed ({type(why).__name__})")
        return False


# The login goes too, since Session Manager asks only whether it exists: not for expiry, nor for a key. The account is kept under its
# number, which is what logs and files bear, with the name in its comment, and the home for the record. The group changes last: until
# then, a run that was cut short is taken up again.
def remove(name):
    forget(name)
    run("usermod", "--lock", "--expiredate", "1", name)
    end_sessions(name)
    login = "former-" + next(fields[2] for fields in rows("passwd") if fields[0] == name)
    run("usermod", "--gid", "sce-former", "--comment", name, "--login", login, name)
    say(f"{name}: removed")


# A key without a person, or of a person who has none now: whoever is in with it is put out.
def withdraw(name, account):
    forget(name)
    if account and account[1]:
        end_sessions(name)
    say(f"{name}: key withdrawn")


def forget(name):
    if os.path.lexists(f"{KEYS}/{name}"):
        os.unlink(f"{KEYS}/{name}")


def end_sessions(name):
    for word in ("disable-linger", "terminate-user"):
        run("loginctl", word, name, check=False)
    for _ in range(10):
        if run("pkill", "-KILL", "-u", name, check=False) == 1:
            return
        time.sleep(0.2)
    raise subprocess.SubprocessError


# The key comes last. Accounts have no password, ever: `useradd` locks it.
def admit(name, keys, account, settings):
    if account is None:
        run("useradd", "--no-user-group", "--gid", "sce-people", *settings["account"], name)
        say(f"{name}: added")
    elif account != (name, True, False):
        run("usermod", "--gid", "sce-people", "--expiredate", "", "--login", name, account[0])
        say(f"{name}: back")
    if keys:
        write_key(name, "".join(f"{settings['options']} {key} {name}\n" for key in keys))


def write_key(name, line):
    path = f"{KEYS}/{name}"
    if os.path.exists(path):
        with open(path) as file:
            if file.read() == line:
                return
    with open(path + ".new", "w") as file:
        file.write(line)
    os.chmod(path + ".new", 0o644)
    os.replace(path + ".new", path)
    say(f"{name}: has a new key")


def run(*command, check=True):
    return subprocess.run(command, check=check).returncode


def say(text):
    print(time.strftime("%FT%TZ", time.gmtime()), "sce-people:", text, flush=True)


sys.exit(main())
