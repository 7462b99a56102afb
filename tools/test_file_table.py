"""Tests of the function that keeps the table of uploaded files: hostile notifications, and a table that keeps conditions."""

from __future__ import annotations

import importlib.util
import os
import unittest
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

SOURCE = Path(__file__).resolve().parents[1] / "sce-core" / "src" / "function" / "file_table.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("file_table", SOURCE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Unmet(Exception):
    """DynamoDB's answer where a condition does not hold."""


class Table:
    """A table that holds entries to the one condition that the function writes with."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=Unmet)

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.fails: Exception | None = None

    def put_item(self, **asked: Any) -> None:
        if self.fails:
            raise self.fails
        assert asked["ConditionExpression"] == "attribute_not_exists(#order) OR #order < :order"
        assert asked["ExpressionAttributeNames"] == {"#order": "order"} and asked["TableName"] == "hipaa_filetable"
        item = asked["Item"]
        place = (item["key"]["S"], item["version"]["S"])
        if place in self.items and not self.items[place]["order"]["S"] < asked["ExpressionAttributeValues"][":order"]["S"]:
            raise Unmet
        self.items[place] = item


class Topic:
    def __init__(self) -> None:
        self.told: list[str] = []

    def publish(self, **asked: Any) -> None:
        self.told.append(asked["Message"])


def record(key: str = "visits.csv", sequencer: str = "0055AED6DCD90281E5", **more: Any) -> dict[str, Any]:
    stored = {"key": key, "size": 7, "eTag": "d41d8", "versionId": "v1", "sequencer": sequencer} | more.pop("object", {})
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "eventTime": "2026-11-24T10:00:00.000Z",
        "s3": {"bucket": {"name": "hipaa-data-111122223333-us-west-2"}, "object": stored},
    } | more


class FileTable(unittest.TestCase):
    def setUp(self) -> None:
        self.module = load()
        self.table, self.topic = Table(), Topic()
        clients = {"dynamodb": self.table, "sns": self.topic}
        self.module.client = clients.__getitem__
        self.environment = mock.patch.dict(os.environ, {"TABLE": "hipaa_filetable"})
        self.environment.start()
        self.addCleanup(self.environment.stop)

    def send(self, *records: Any) -> Any:
        return self.module.handler({"Records": list(records)}, None)

    def test_an_entry_says_what_s3_said(self) -> None:
        self.assertEqual(self.send(record()), {"recorded": 1, "known": 0})
        item = self.table.items["visits.csv", "v1"]
        self.assertEqual(item["size"], {"N": "7"})
        self.assertEqual(item["bucket"]["S"], "hipaa-data-111122223333-us-west-2")
        self.assertEqual(item["event"]["S"], "ObjectCreated:Put")
        self.assertEqual(item["time"]["S"], "2026-11-24T10:00:00.000Z")
        self.assertEqual(item["etag"]["S"], "d41d8")

    def test_a_replay_changes_nothing(self) -> None:
        self.send(record())
        before = dict(self.table.items)
        self.assertEqual(self.send(record(), record()), {"recorded": 0, "known": 2})
        self.assertEqual(self.table.items, before)

    def test_an_earlier_event_that_comes_later_is_passed_over(self) -> None:
        self.send(record(sequencer="0F", eventName="ObjectRemoved:Delete"))
        self.send(record(sequencer="0E"))
        self.assertEqual(self.table.items["visits.csv", "v1"]["event"]["S"], "ObjectRemoved:Delete")
        self.send(record(sequencer="0F0000000001"))
        self.assertEqual(self.table.items["visits.csv", "v1"]["event"]["S"], "ObjectCreated:Put")

    def test_sequencers_compare_as_numbers_padded_on_the_right(self) -> None:
        self.send(record(sequencer="0055AE", object={"versionId": "a"}))
        # Shorter and, as S3 counts, later: 0056 is 0056 00.
        self.assertEqual(self.send(record(sequencer="0056", object={"versionId": "a"}))["recorded"], 1)
        # The same number, written longer and in small letters, is the same event.
        self.assertEqual(self.send(record(sequencer="00560000", object={"versionId": "a"}))["known"], 1)
        self.assertEqual(self.send(record(sequencer="0055ff", object={"versionId": "a"}))["known"], 1)

    def test_versions_have_entries_of_their_own(self) -> None:
        marker = record(eventName="ObjectRemoved:DeleteMarkerCreated", sequencer="0056", object={"versionId": "m1"})
        del marker["s3"]["object"]["size"]
        self.send(record(), marker)
        self.assertEqual(set(self.table.items), {("visits.csv", "v1"), ("visits.csv", "m1")})
        self.assertNotIn("size", self.table.items["visits.csv", "m1"])

    def test_an_unversioned_object_has_the_version_null(self) -> None:
        self.send(record(object={"versionId": None}))
        self.assertEqual(set(self.table.items), {("visits.csv", "null")})

    def test_keys_are_as_they_are_in_the_bucket(self) -> None:
        keys = {
            "a+b.csv": "a b.csv",
            "a%2Bb.csv": "a+b.csv",
            "caf%C3%A9/%E2%82%AC.csv": "café/€.csv",
            "100%25.csv": "100%.csv",
            "%2e%2e%2fetc%2fpasswd": "../etc/passwd",
            "line%0Abreak": "line\nbreak",
            "x" * 1024: "x" * 1024,
        }
        for quoted, key in keys.items():
            with self.subTest(quoted=quoted[:30]):
                self.send(record(key=quoted))
                self.assertIn((key, "v1"), self.table.items)

    def test_what_is_no_record_is_refused_without_repeating_it(self) -> None:
        hostile: list[Any] = [
            None,
            "John Smith",
            {},
            record(eventSource="aws:sqs"),
            record(eventName="ReducedRedundancyLostObject"),
            record(eventName=None),
            record(key=""),
            record(key="John-Smith-" + "x" * 1024),
            record(key="%FFJohn-Smith"),
            record(key=["John Smith"]),  # type: ignore[arg-type]
            record(sequencer="John Smith"),
            record(sequencer=""),
            record(sequencer="0" * 65),
            record(sequencer=7),  # type: ignore[arg-type]
            record(object={"size": -1}),
            record(object={"size": "7"}),
            record(object={"size": True}),
            {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": "t", "s3": {"object": {}}},
        ]
        for one in hostile:
            with self.subTest(record=str(one)[:60]), self.assertRaises(RuntimeError) as refused:
                self.send(one)
            self.assertNotIn("Smith", str(refused.exception))
        self.assertEqual(self.table.items, {})

    def test_one_bad_record_stops_no_other_and_is_told(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "^record 1: the sequencer is no hexadecimal number$"):
            self.send(record(key="a"), record(sequencer="?"), record(key="b"))
        self.assertEqual({key for key, _ in self.table.items}, {"a", "b"})

    def test_a_table_that_fails_is_told_by_its_error_alone(self) -> None:
        self.table.fails = PermissionError("may not write John Smith")
        with self.assertRaisesRegex(RuntimeError, "^record 0: PermissionError$"):
            self.send(record())

    def test_a_test_notification_is_no_file(self) -> None:
        self.assertEqual(self.module.handler({"Event": "s3:TestEvent"}, None), {"recorded": 0, "known": 0})

    def test_new_files_are_told_of_once_where_somebody_listens(self) -> None:
        self.send(record(key="a"))
        self.assertEqual(self.topic.told, [])
        with mock.patch.dict(os.environ, {"TOPIC": "arn:aws:sns:us-west-2:111122223333:hipaa_topic"}):
            gone = record(key="c", eventName="ObjectRemoved:Delete")
            self.send(record(key="b+1"), record(key="b+1"), gone)
        self.assertEqual(len(self.topic.told), 1)
        self.assertTrue(self.topic.told[0].startswith("b 1\n"))


if __name__ == "__main__":
    unittest.main()
